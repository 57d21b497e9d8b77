/** What goes over the network when a part of a large file changes. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Cluster } from '../../../test/e2e/cluster.js'
import { writeBigFile } from '../big-file.js'

const FILE = 'disk.img'
const ARRIVE_MS = 300_000

interface PeerBytes {
  readonly name: string
  readonly sent: number
}

/** Bytes at that place of a file, null while it is not so long. */
function partOf(path: string, offset: number, length: number): Buffer | null {
  try {
    const file = openSync(path, 'r')
    const part = Buffer.alloc(length)
    const count = readSync(file, part, 0, length, offset)
    closeSync(file)
    return count === length ? part : null
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Bytes that the editor sent to the other peer, all of TLS and talk included, and how long the edit took. */
export async function changedPart(sizeBytes: number, changeBytes: number): Promise<{ sent: number; seconds: number }> {
  const cluster = new Cluster()
  try {
    const [from, to] = ['alice', 'bob'].map((name) => join(cluster.folder(name), 'shared')) as [string, string]
    mkdirSync(from)
    mkdirSync(to)
    writeBigFile(join(from, FILE), sizeBytes)
    await Promise.all([cluster.start('alice', '--folder', from).ready, cluster.start('bob', '--folder', to).ready])
    await cluster.until(
      'the whole file to be there',
      () => cluster.json<{ inSync: boolean; bytes: number }>(['folder'], { on: 'bob' }),
      ({ inSync, bytes }) => inSync && bytes === sizeBytes,
      ARRIVE_MS,
    )
    const sentTo = async (): Promise<number> => {
      const peers = await cluster.json<PeerBytes[]>(['peers'], { on: 'alice' })
      return peers.find(({ name }) => name === 'bob')?.sent ?? Number.NaN
    }
    const before = await sentTo()
    // not at the edge of a block
    const offset = Math.floor(sizeBytes / 2) + 12_345
    const change = randomBytes(changeBytes)
    const file = openSync(join(from, FILE), 'r+')
    writeSync(file, change, 0, changeBytes, offset)
    fsyncSync(file)
    closeSync(file)
    const since = performance.now()
    const end = since + ARRIVE_MS
    while (partOf(join(to, FILE), offset, changeBytes)?.equals(change) !== true) {
      if (performance.now() > end) throw new Error(`waited ${ARRIVE_MS} ms for the change`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const seconds = (performance.now() - since) / 1000
    return { sent: (await sentTo()) - before, seconds }
  } finally {
    await cluster.close()
  }
}
