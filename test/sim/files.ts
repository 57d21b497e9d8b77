/**
 * Files of the simulated machines. Their bytes are never made: a chunk's content is named by a hash that follows from
 * the file's seed, so that gigabytes cost nothing and a wrong chunk still shows.
 */
import { createHash } from 'node:crypto'
import type { FileStamp, Layout } from '../../src/env.js'
import type { Hash } from '../../wire/types.js'

export interface SimFile {
  readonly size: number
  readonly stamp: FileStamp
  /** Chunks that the disk gives back wrong. */
  readonly rotten: Set<number>
  /** A finished download has the cut that it came in, a user's file any. */
  layout(chunkSize: number): Layout
}

/** A file that is being written: what was written, and what of it survives a kill. */
export interface Part {
  readonly layout: Layout
  readonly target: string
  readonly have: Set<number>
  durable: Set<number>
}

/** Everything under one peer's directories. Outlives the process. */
export class SimFiles {
  readonly files = new Map<string, SimFile>()
  /** By blob and target. */
  readonly parts = new Map<string, Part>()
  /** Single chunks of spread files, by blob. */
  readonly loose = new Map<Hash, Omit<Part, 'target'>>()
  /** Whole copies that the peer gave up of its own, in order. */
  readonly dropped: Hash[] = []
  /** Of all chunks that came over links, wrong and unwanted ones included. */
  receivedBytes = 0
  #inodes = 1

  /** A user's file whose content follows from `seed`. */
  put(path: string, size: number, seed: number, mtimeMs = 1): SimFile {
    return this.#add(path, size, mtimeMs, (chunkSize) => seededLayout(seed, size, chunkSize))
  }

  /** A finished download appears under its name. */
  finish(path: string, layout: Layout, mtimeMs: number): SimFile {
    return this.#add(path, layout.size, mtimeMs, () => layout)
  }

  part(blob: Hash, target: string, layout: Layout): Part {
    const key = `${blob} ${target}`
    const part = this.parts.get(key) ?? { layout, target, have: new Set(), durable: new Set() }
    this.parts.set(key, part)
    return part
  }

  dropPart(blob: Hash, target: string): void {
    this.parts.delete(`${blob} ${target}`)
  }

  /** Whether a file is still the one that was stamped. */
  isUnchanged({ path, inode, mtimeMs, size }: FileStamp): boolean {
    const now = this.files.get(path)?.stamp
    return now !== undefined && now.inode === inode && now.mtimeMs === mtimeMs && now.size === size
  }

  /** What was not synced is gone. */
  kill(): void {
    for (const part of [...this.parts.values(), ...this.loose.values()]) {
      part.have.clear()
      for (const index of part.durable) part.have.add(index)
    }
  }

  #add(path: string, size: number, mtimeMs: number, layout: (chunkSize: number) => Layout): SimFile {
    const file = { size, stamp: { path, size, mtimeMs, inode: this.#inodes++ }, rotten: new Set<number>(), layout }
    this.files.set(path, file)
    return file
  }
}

export const chunkCount = (layout: Layout): number => Math.ceil(layout.size / layout.chunkSize)

export const chunkSizeAt = (layout: Layout, index: number): number =>
  Math.min(layout.chunkSize, layout.size - index * layout.chunkSize)

/** The name of a chunk's right content: its hash as hex. */
export const contentOf = (layout: Layout, index: number): string =>
  Buffer.from(layout.hashes.subarray(index * 32, index * 32 + 32)).toString('hex')

/** How a file of that content is cut. */
export function seededLayout(seed: number, size: number, chunkSize: number): Layout {
  const hashes = Array.from({ length: Math.ceil(size / chunkSize) }, (_, index) =>
    createHash('sha256').update(`${seed}/${size}/${chunkSize}/${index}`).digest(),
  )
  return { size, chunkSize, hashes: new Uint8Array(Buffer.concat(hashes)) }
}

/** Whether a file has the content that follows from `seed`. */
export function hasContent(file: SimFile, size: number, seed: number): boolean {
  const layout = file.layout(1 << 18)
  return (
    file.rotten.size === 0 &&
    size === layout.size &&
    Buffer.compare(layout.hashes, seededLayout(seed, size, layout.chunkSize).hashes) === 0
  )
}

export function bitmapOf(have: ReadonlySet<number>, count: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8))
  for (const index of have) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
  return bitmap
}

export const fullBitmap = (count: number): Uint8Array =>
  bitmapOf(new Set(Array.from({ length: count }, (_, i) => i)), count)
