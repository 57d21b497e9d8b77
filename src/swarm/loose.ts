/**
 * Single chunks of spread files that this peer keeps by ring duty, each durable by itself.
 * Invariant: a chunk is offered to others only once it is durable, and register and manifest before it; after a restart
 * only once it was found again. What is to be fetched counts among the bytes kept before it is asked for.
 */
import { isHash } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { Bitmap, Env } from '../env.js'
import { and, anyBit, clearBit, emptyBitmap, hasBit, indicesOf, minus } from './bitmap.js'
import { chunkBytes, type Manifest } from './manifest.js'
import type { Manifests } from './manifests.js'

export const MAX_LOOSE_FILES = 4_096
const MAX_OPENING = 16
const HASH_BYTES = 32
const NOTHING = new Uint8Array(0)

export interface LooseFile {
  readonly manifest: Hash
  readonly name: string
  readonly size: number
  readonly chunkSize: number
  readonly chunkCount: number
}

interface Entry extends LooseFile {
  have: Bitmap
  /** Of the chunks that are here, and of the manifest. */
  bytes: number
  reservedBytes: number
  /** Being opened, or chunks of it are being deleted. */
  busy: number
}

export class Loose {
  readonly #env: Pick<Env, 'chunks' | 'store' | 'log'>
  readonly #manifests: Manifests
  readonly #files = new Map<Hash, Entry>() // at most MAX_LOOSE_FILES
  #unknown = 0

  constructor(env: Pick<Env, 'chunks' | 'store' | 'log'>, manifests: Manifests) {
    this.#env = env
    this.#manifests = manifests
  }

  /** Other chunks of this file are here than before, or work on it ended. */
  onChanged: (id: Hash) => void = () => {}

  /** There are fewer bytes than before. */
  onRoom: () => void = () => {}

  /** Bytes of all chunks kept and about to be kept, manifests included. */
  get bytes(): number {
    let sum = 0
    for (const { bytes, reservedBytes } of this.#files.values()) sum += bytes + reservedBytes
    return sum
  }

  /** Whether those of before the restart are all counted; until then nobody knows how much room there is. */
  get isCounted(): boolean {
    return this.#unknown === 0
  }

  get size(): number {
    return this.#files.size
  }

  all(): Iterable<LooseFile> {
    return this.#files.values()
  }

  has(id: Hash): boolean {
    return this.#files.has(id)
  }

  /** The chunks that are here, durable; empty where there are none. */
  kept(id: Hash): Bitmap {
    const have = this.#files.get(id)?.have ?? NOTHING
    return anyBit(have) ? have : NOTHING
  }

  isBusy(id: Hash): boolean {
    return (this.#files.get(id)?.busy ?? 0) > 0
  }

  /** Finds again what was kept before the restart. */
  start(): void {
    const saved: Manifest[] = []
    for (const [key] of this.#env.store.entries('loose')) {
      const manifest = isHash(key) ? this.#manifests.get(key) : undefined
      if (manifest !== undefined) saved.push(manifest)
      else if (isHash(key)) this.#forget(key)
    }
    for (const manifest of saved) this.#add(manifest).busy++
    this.#unknown = saved.length
    const next = () => {
      const manifest = saved.pop()
      if (manifest === undefined) return
      this.#open(manifest, () => {
        this.#unknown--
        next()
      })
    }
    for (let lane = 0; lane < MAX_OPENING; lane++) next()
  }

  /** Chunks of this file are going to be kept; `ready` once what is to be known of it is durable. */
  begin(manifest: Manifest, ready: (error: string | null) => void): void {
    const { id } = manifest
    if (!this.has(id)) this.#add(manifest)
    const entry = this.#files.get(id)
    if (entry !== undefined) entry.busy++
    const value = new Uint8Array([1])
    this.#env.store.write([this.#manifests.putting(manifest), { put: 'loose', key: id, value }], () => {
      this.#open(manifest, ready)
    })
  }

  /** These bytes are going to come; 0: no more. */
  reserve(id: Hash, bytes: number): void {
    const entry = this.#files.get(id)
    if (entry !== undefined) entry.reservedBytes = bytes
  }

  /** Chunks became durable. */
  synced(id: Hash, have: Bitmap): void {
    const entry = this.#files.get(id)
    if (entry === undefined || have.length !== entry.have.length) return
    this.#hold(entry, have.slice())
    this.onChanged(id)
  }

  /** Deletes chunks. */
  drop(id: Hash, chunks: Bitmap): void {
    const entry = this.#files.get(id)
    if (entry === undefined || entry.busy > 0) return
    const gone = and(entry.have, chunks)
    this.#hold(entry, minus(entry.have, gone))
    if (!anyBit(entry.have)) {
      this.dropAll(id)
      return
    }
    entry.busy++
    this.#env.chunks.loose.drop(id, gone, () => {
      entry.busy--
      this.onChanged(id)
      this.onRoom()
    })
  }

  /** Deletes all chunks of a file. */
  dropAll(id: Hash): void {
    const entry = this.#files.get(id)
    if (entry === undefined || entry.busy > 0) return
    entry.busy++
    this.#hold(entry, emptyBitmap(entry.chunkCount))
    this.#env.chunks.loose.drop(id, null, () => {
      this.#files.delete(id)
      this.#env.store.write([{ remove: 'loose', key: id }])
      this.onChanged(id)
      this.onRoom()
    })
  }

  /** A chunk is not what it was: it is gone. */
  lost(id: Hash, index: number): void {
    const entry = this.#files.get(id)
    if (entry === undefined || !hasBit(entry.have, index)) return
    const have = entry.have.slice()
    clearBit(have, index)
    this.#hold(entry, have)
    this.onChanged(id)
  }

  #add({ id, name, layout, chunkCount }: Manifest): Entry {
    const { size, chunkSize } = layout
    const have = emptyBitmap(chunkCount)
    const counts = { bytes: HASH_BYTES * chunkCount, reservedBytes: 0, busy: 0 }
    const entry = { manifest: id, name, size, chunkSize, chunkCount, have, ...counts }
    this.#files.set(id, entry)
    return entry
  }

  #open({ id, layout }: Manifest, ready: (error: string | null) => void): void {
    this.#env.chunks.loose.open(id, layout, (opened) => {
      const entry = this.#files.get(id)
      if (entry !== undefined) {
        entry.busy--
        if ('have' in opened) this.#hold(entry, opened.have.slice())
      }
      ready('error' in opened ? opened.error : null)
      this.onChanged(id)
    })
  }

  #forget(id: Hash): void {
    this.#env.chunks.loose.drop(id, null, () => this.#env.store.write([{ remove: 'loose', key: id }]))
  }

  #hold(entry: Entry, have: Bitmap): void {
    entry.have = have
    entry.bytes = HASH_BYTES * entry.chunkCount + bytesOf(entry, have)
  }
}

/** Bytes of these chunks of a file. */
export function bytesOf(layout: { readonly size: number; readonly chunkSize: number }, chunks: Bitmap): number {
  let bytes = 0
  for (const index of indicesOf(chunks)) bytes += chunkBytes(layout, index)
  return bytes
}
