/** Many small files to a peer whose folder is empty, beside rsync over loopback in the same run. */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../../test/e2e/cluster.js'
import { rsyncSeconds } from './rsync.js'

const PER_DIRECTORY = 100
const INDEX_MS = 120_000
const ARRIVE_MS = 300_000
const LOOK_MS = 50

interface FolderStatus {
  readonly files: number
  readonly inSync: boolean
}

export interface SmallFiles {
  readonly ours: number
  /** Files a second; null where there is no rsync. */
  readonly rsync: number | null
  /** With an fsync of each file, as ours has. */
  readonly rsyncFsync: number | null
}

/** 1 to 4 KiB each, a hundred to a directory. */
export function makeSmallFiles(root: string, count: number): void {
  const noise = randomBytes(8192)
  for (let place = 0; place < count; place++) {
    const directory = join(root, `d${Math.floor(place / PER_DIRECTORY)}`)
    if (place % PER_DIRECTORY === 0) mkdirSync(directory)
    const size = 1024 + ((place * 769) % 3072)
    noise.writeUInt32LE(place)
    writeFileSync(join(directory, `f${place}.txt`), noise.subarray(0, size))
  }
}

/** Files that stand in their places. */
function countIn(root: string): number {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith('d'))
    .reduce((sum, { name }) => sum + readdirSync(join(root, name)).length, 0)
}

export async function smallFiles(count: number): Promise<SmallFiles> {
  const cluster = new Cluster()
  try {
    const [from, to] = ['alice', 'bob'].map((name) => join(cluster.folder(name), 'shared')) as [string, string]
    mkdirSync(from)
    mkdirSync(to)
    makeSmallFiles(from, count)
    const rsync = await rsyncSeconds(from, join(cluster.home, 'copy'), cluster.home, [])
    const rsyncFsync = await rsyncSeconds(from, join(cluster.home, 'synced'), cluster.home, ['--fsync'])
    await cluster.start('alice', '--folder', from).ready
    await cluster.until(
      'alice to know her files',
      () => cluster.json<FolderStatus>(['folder'], { on: 'alice' }),
      ({ files, inSync }) => files === count && inSync,
      INDEX_MS,
    )
    await cluster.start('bob', '--folder', to).ready
    const since = performance.now()
    const end = since + ARRIVE_MS
    for (let there = 0; there < count; there = countIn(to)) {
      if (performance.now() > end) throw new Error(`waited ${ARRIVE_MS} ms for ${count} files; ${there} came`)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
    const seconds = (performance.now() - since) / 1000
    const rate = (of: number | null): number | null => (of === null ? null : count / of)
    return { ours: count / seconds, rsync: rate(rsync), rsyncFsync: rate(rsyncFsync) }
  } finally {
    await cluster.close()
  }
}
