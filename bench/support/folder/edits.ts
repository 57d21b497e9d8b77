/** From the moment when a file was written until the same bytes stand in the folders of all others. */
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../../test/e2e/cluster.js'

const FILE = 'blockchain.txt'
const EDIT_DEADLINE_MS = 30_000
/** Between two edits, so that each is one of its own. */
const PAUSE_MS = 300

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

function textIn(root: string): string {
  try {
    return readFileSync(join(root, FILE), 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

/** Resolves when the file in this folder has that text: told by the system, not asked for again and again. */
function arrives(root: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      watcher.close()
    }
    const look = (): void => {
      if (textIn(root) !== text) return
      end()
      resolve()
    }
    const watcher = watch(root, look)
    const timer = setTimeout(() => {
      end()
      reject(new Error(`waited ${EDIT_DEADLINE_MS} ms for ${JSON.stringify(text)} in ${root}; it has ${textIn(root)}`))
    }, EDIT_DEADLINE_MS)
    look()
  })
}

/** Milliseconds of each edit; the peers edit in turn. */
export async function editTimes(peers: number, edits: number): Promise<readonly number[]> {
  const cluster = new Cluster()
  try {
    const names = Array.from({ length: peers }, (_, place) => `peer${place}`)
    const roots = names.map((name) => join(cluster.folder(name), 'shared'))
    for (const root of roots) mkdirSync(root)
    await Promise.all(names.map((name, place) => cluster.start(name, '--folder', roots[place] ?? '').ready))
    await cluster.meshed(names)
    const times: number[] = []
    for (let edit = 0; edit < edits; edit++) {
      await wait(PAUSE_MS)
      const author = edit % peers
      const text = `edit ${edit} by peer${author}\n`
      const others = roots.filter((_, place) => place !== author).map((root) => arrives(root, text))
      const since = performance.now()
      writeFileSync(join(roots[author] ?? '', FILE), text)
      await Promise.all(others)
      times.push(performance.now() - since)
    }
    return times
  } finally {
    await cluster.close()
  }
}
