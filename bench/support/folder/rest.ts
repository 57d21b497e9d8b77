/** What a peer costs whose folder holds many files that nobody touches. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../../test/e2e/cluster.js'
import { anonymousMegabytes, cpuSeconds } from '../process-figures.js'
import { makeSmallFiles } from './small-files.js'

const INDEX_MS = 300_000
/** After the first scan, until memory and threads have come to rest. */
const SETTLE_MS = 15_000

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export interface Rest {
  /** Share of a core, 0 to 1, of the peer with the folder, and of one in the same network without. */
  readonly with: number
  readonly without: number
  readonly megabytes: number
}

/** `restMs` is long enough for a scan that comes by itself. */
export async function atRest(files: number, restMs: number): Promise<Rest> {
  const cluster = new Cluster()
  try {
    const root = join(cluster.folder('alice'), 'shared')
    mkdirSync(root)
    makeSmallFiles(root, files)
    const alice = cluster.start('alice', '--folder', root)
    const bob = cluster.start('bob', '--no-folder')
    await Promise.all([alice.ready, bob.ready])
    await cluster.until(
      `all ${files} files to be known`,
      () => cluster.json<{ files: number; inSync: boolean }>(['folder'], { on: 'alice' }),
      (status) => status.files === files && status.inSync,
      INDEX_MS,
    )
    await wait(SETTLE_MS)
    const used = (): readonly number[] => [alice.pid, bob.pid].map((pid) => cpuSeconds(pid) ?? Number.NaN)
    const [before, since] = [used(), performance.now()]
    await wait(restMs)
    const seconds = (performance.now() - since) / 1000
    const [withFolder = Number.NaN, without = Number.NaN] = used().map(
      (all, place) => (all - (before[place] ?? 0)) / seconds,
    )
    return { with: withFolder, without, megabytes: anonymousMegabytes(alice.pid) ?? Number.NaN }
  } finally {
    await cluster.close()
  }
}
