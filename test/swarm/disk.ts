import type { FileStamp, Layout, Table } from '../../src/env.js'
import { sha256, sha256Bytes } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'

/** A file of a user: what it contains is only a word, from which its chunk hashes follow. */
export interface UserFile {
  content: string
  size: number
  mtimeMs: number
}

export interface Blob {
  layout: Layout
  target: string | null
  verified: Set<number>
  durable: Set<number>
  finished: boolean
}

/** What survives a kill. */
export class Disk {
  readonly tables = new Map<Table, Map<string, Uint8Array>>()
  readonly files = new Map<string, UserFile>()
  /** Being written, by id; and whole ones in the blob folder. */
  readonly parts = new Map<Hash, Blob>()
  readonly blobs = new Map<Hash, Layout>()
  /** Chunks of whole ones that the disk gives back wrong. */
  readonly rotten = new Map<Hash, Set<number>>()
  /** How often a whole copy was compared with its hashes. */
  readAgain = 0
  /** Single chunks of spread files. */
  readonly loose = new Map<Hash, Pick<Blob, 'layout' | 'verified' | 'durable'>>()

  copy(): Disk {
    const disk = new Disk()
    for (const [table, entries] of this.tables) disk.tables.set(table, new Map(entries))
    for (const [path, file] of this.files) disk.files.set(path, { ...file })
    for (const [id, blob] of this.blobs) disk.blobs.set(id, blob)
    for (const [id, chunks] of this.rotten) disk.rotten.set(id, new Set(chunks))
    for (const [id, { layout, durable }] of this.loose) {
      disk.loose.set(id, { layout, verified: new Set(durable), durable: new Set(durable) })
    }
    for (const [id, part] of this.parts) {
      disk.parts.set(id, { ...part, verified: new Set(part.durable), durable: new Set(part.durable) })
    }
    return disk
  }
}

/** Hashes follow from what a file contains; a downloaded file contains what its hashes say. */
export function layoutOf({ content, size }: UserFile, chunkSize: number): Layout {
  const count = Math.ceil(size / chunkSize)
  const hashes = new Uint8Array(count * 32)
  for (let index = 0; index < count; index++) hashes.set(sha256Bytes(Buffer.from(`${content} ${index}`)), index * 32)
  return { size, chunkSize, hashes }
}

export function hashOf(layout: Pick<Layout, 'hashes'>): string {
  return sha256(layout.hashes)
}

export function stampOf(path: string, { size, mtimeMs }: UserFile): FileStamp {
  return { path, size, mtimeMs, inode: 1 }
}
