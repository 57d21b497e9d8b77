/**
 * `npm run screenshot`: plays the scene and writes its pictures. All pictures are made before the first one is written, so
 * that a failure leaves the old ones as they are; whatever happens, nothing of the network stays behind.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../test/e2e/cluster.js'
import { Scene, type Size } from './scene.js'
import { svgOf } from './svg.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
/** More is no picture for a page. */
const LIMIT_KB = { small: 60, large: 250 }
const SMALL_CELLS = 80 * 24

const nameOf = ({ columns, rows }: Size): string => `${columns}x${rows}`

/** Answers the files, in the order of the sizes. */
export async function takePictures(sizes: readonly Size[], folder: string): Promise<readonly string[]> {
  // a folder that cannot be is known before half a minute of work
  mkdirSync(folder, { recursive: true })
  const say = (step: string): void => void process.stderr.write(`screenshot: ${step}\n`)
  const cluster = new Cluster()
  const scene = new Scene(cluster, say)
  let interrupted = (_: Error): void => {}
  const interruption = new Promise<never>((_, reject) => {
    interrupted = reject
  })
  const listeners = SIGNALS.map((name) => [name, () => interrupted(new Error(`interrupted by ${name}`))] as const)
  for (const [name, listener] of listeners) process.on(name, listener)
  try {
    const screens = await Promise.race([scene.play(sizes), interruption])
    const pictures = screens.map((screen) => {
      const picture = svgOf(screen, `p2p-tui at ${nameOf(screen)}`)
      const limit = screen.columns * screen.rows <= SMALL_CELLS ? LIMIT_KB.small : LIMIT_KB.large
      const bytes = Buffer.byteLength(picture)
      if (bytes > limit * 1000) throw new Error(`the picture of ${nameOf(screen)} has ${bytes} bytes: over ${limit} kB`)
      return { path: join(folder, `${nameOf(screen)}.svg`), picture }
    })
    for (const { path, picture } of pictures) writeFileSync(path, picture)
    return pictures.map(({ path }) => path)
  } finally {
    await scene.close()
    await cluster.close()
    for (const [name, listener] of listeners) process.off(name, listener)
  }
}
