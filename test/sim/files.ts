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
  /** What its content follows from; null for a finished download. */
  readonly seed: number | null
  layout(chunkSize: number): Layout
}

/** One copy of a blob: what was written, and what of it survives a kill. */
export interface Copy {
  readonly layout: Layout
  readonly have: Set<number>
  durable: Set<number>
  finished: boolean
}

/** Everything under one peer's directories. Outlives the process. */
export class SimFiles {
  readonly files = new Map<string, SimFile>()
  /** By blob and target path, '' for the own blob folder. */
  readonly copies = new Map<Hash, Map<string, Copy>>()
  #inodes = 1

  /** A user's file whose content follows from `seed`. */
  put(path: string, size: number, seed: number, mtimeMs = 1): SimFile {
    return this.#add(path, size, mtimeMs, seed, (chunkSize) => seededLayout(seed, size, chunkSize))
  }

  /** A finished download appears under its name. */
  finish(path: string, layout: Layout, mtimeMs: number): SimFile {
    return this.#add(path, layout.size, mtimeMs, null, () => layout)
  }

  /** What was not synced is gone. */
  kill(): void {
    for (const targets of this.copies.values()) {
      for (const copy of targets.values()) {
        copy.have.clear()
        for (const index of copy.durable) copy.have.add(index)
      }
    }
  }

  #add(
    path: string,
    size: number,
    mtimeMs: number,
    seed: number | null,
    layout: (chunkSize: number) => Layout,
  ): SimFile {
    const file = { size, seed, stamp: { path, size, mtimeMs, inode: this.#inodes++ }, layout }
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

export function seededLayout(seed: number, size: number, chunkSize: number): Layout {
  const hashes = Array.from({ length: Math.ceil(size / chunkSize) }, (_, index) =>
    createHash('sha256').update(`${seed}/${size}/${chunkSize}/${index}`).digest(),
  )
  return { size, chunkSize, hashes: new Uint8Array(Buffer.concat(hashes)) }
}

export function bitmapOf(have: ReadonlySet<number>, count: number): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8))
  for (const index of have) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
  return bitmap
}
