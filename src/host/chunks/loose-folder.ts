/**
 * Single chunks of one file, each a file of its own in one folder: what a peer keeps of a file that is spread over many.
 * A chunk is written beside its place, and moved there once its bytes are durable.
 * Invariant: a chunk that stands under its number was verified and synced before it got there.
 */
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import type { Bitmap, Layout } from '../../env.js'
import { errorText } from '../durable.js'
import { chunkBytes, chunkCount, clearBit, emptyBitmap, hasBit, setBit } from './layout.js'
import { readFully } from './positional.js'
import { syncDirectory } from './resume-state.js'

/** Files that are synced or read in at once. */
const LANES = 8
const NEW = '.new'

export class LooseFolder {
  readonly layout: Layout
  readonly path: string
  closed = false
  /** Durable, in their places. */
  readonly #have: Bitmap
  /** Written, not yet durable; bounded by the chunks of the file. */
  readonly #fresh = new Set<number>()
  /** Synced and in their places, which the folder may not have on disk yet. */
  readonly #placed = new Set<number>()
  /** Under way; bounded by the fetches of the file. */
  readonly #writing = new Set<Promise<void>>()
  #syncing: Promise<void> = Promise.resolve()

  /** For `LooseFolder.open`. */
  constructor(path: string, layout: Layout, have: Bitmap) {
    this.path = path
    this.layout = layout
    this.#have = have
  }

  /** Makes the folder, or finds again what an earlier run left in it; what is no whole chunk is deleted. */
  static async open(path: string, layout: Layout): Promise<LooseFolder> {
    try {
      await mkdir(path, { recursive: true, mode: 0o700 })
      await syncDirectory(dirname(path))
      const have = emptyBitmap(chunkCount(layout))
      await inLanes(await readdir(path), async (name) => {
        const index = /^(0|[1-9]\d{0,5})$/.test(name) ? Number(name) : -1
        const { size } = await stat(join(path, name))
        if (index >= 0 && size > 0 && size === chunkBytes(layout, index)) setBit(have, index)
        else await rm(join(path, name), { recursive: true, force: true })
      })
      return new LooseFolder(path, layout, have)
    } catch (error) {
      throw new OperationalError(`cannot keep chunks in ${path}: ${errorText(error)}`)
    }
  }

  /** Durable ones. */
  get have(): Bitmap {
    return Uint8Array.from(this.#have)
  }

  has(index: number): boolean {
    return hasBit(this.#have, index) || this.#fresh.has(index) || this.#placed.has(index)
  }

  /** Whether it can be read: durable ones can. */
  holds(index: number): boolean {
    return hasBit(this.#have, index)
  }

  /** Writes one verified chunk; throws what the disk says. */
  async write(index: number, chunk: Uint8Array): Promise<void> {
    if (this.closed) throw new OperationalError(`${this.path} is not being written any more`)
    if (this.has(index)) return
    const bytes = chunk.subarray(0, chunkBytes(this.layout, index))
    const written = writeFile(this.#at(index) + NEW, bytes, { mode: 0o600 }).then(() => void this.#fresh.add(index))
    this.#writing.add(written)
    await written.finally(() => this.#writing.delete(written))
  }

  /** Reads one durable chunk into the first bytes of `memory`. */
  async read(index: number, memory: Uint8Array): Promise<void> {
    const bytes = memory.subarray(0, chunkBytes(this.layout, index))
    try {
      const handle = await open(this.#at(index), 'r')
      try {
        await readFully(handle, bytes, 0)
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw new OperationalError(`${this.#at(index)}: ${errorText(error)}`)
    }
  }

  /** All chunks whose writing began before this call are durable afterwards, but for those that the disk refused. */
  async sync(): Promise<void> {
    const before = this.#syncing.catch(() => {})
    const writing = Promise.allSettled(this.#writing)
    this.#syncing = before.then(() => writing).then(() => this.#settle())
    await this.#syncing
  }

  /** Deletes these chunks. */
  async drop(chunks: Bitmap): Promise<void> {
    const gone: number[] = []
    for (let index = 0; index < chunkCount(this.layout); index++) {
      if (!hasBit(chunks, index) || !hasBit(this.#have, index)) continue
      clearBit(this.#have, index)
      gone.push(index)
    }
    await inLanes(gone, (index) => rm(this.#at(index), { force: true }))
  }

  /** A chunk turned out unreadable. */
  async forget(index: number): Promise<void> {
    clearBit(this.#have, index)
    await rm(this.#at(index), { force: true })
  }

  async close(): Promise<void> {
    this.closed = true
    await this.#syncing.catch(() => {})
  }

  async #settle(): Promise<void> {
    if (this.#fresh.size + this.#placed.size === 0) return
    await inLanes([...this.#fresh], async (index) => {
      const handle = await open(this.#at(index) + NEW, 'r+')
      try {
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(this.#at(index) + NEW, this.#at(index))
      this.#fresh.delete(index)
      this.#placed.add(index)
    })
    await syncDirectory(this.path)
    for (const index of this.#placed) setBit(this.#have, index)
    this.#placed.clear()
  }

  #at(index: number): string {
    return join(this.path, String(index))
  }
}

async function inLanes<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  const lane = async (): Promise<void> => {
    for (const item of rest) await action(item)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}
