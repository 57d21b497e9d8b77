/**
 * Where contents stand on this disk and which paths still want them; block hashes of those with several blocks. A content of
 * one block is named by that block. Nothing is kept of a content that neither stands here nor is wanted, and of those that
 * are only wanted no more than MAX_WANTED_BYTES: what a peer promises and never gives costs no more.
 */
import { fromHex, toHex } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { FolderPath } from '../folder-disk.js'
import { blockCount, blockSizeOf, contentId, DIGEST_BYTES } from './content.js'

/** Of the hash of a block: as much as a double holds, which is enough to find it by; it is compared in full. */
const KEY_BYTES = 6
/** Block hashes of contents that do not stand here: beyond that the oldest are asked for again when they are needed. */
const MAX_WANTED_BYTES = 32 << 20

interface Place {
  readonly content: Hash
  readonly index: number
}

/** Of thousands of equal files that all are to go. */
const MAX_LOOKED = 16

export interface ContentHooks {
  /** Nobody wants this content any more: where it stands it is no source now. */
  released(id: Hash): void
  /** The block hashes of a content of several blocks came (or are not kept any more: null). */
  kept(id: Hash, blocks: Uint8Array | null): void
}

export class Contents {
  readonly #standing = new Map<Hash, Set<FolderPath> | FolderPath>()
  readonly #wanted = new Map<Hash, Set<FolderPath> | FolderPath>()
  readonly #blocks = new Map<Hash, Uint8Array>() // only of contents that stand here or are wanted
  readonly #places = new Map<number, Place>() // one place a block
  /** Those of them that do not stand here, the oldest first. */
  readonly #promised = new Set<Hash>()
  #promisedBytes = 0
  readonly #hooks: ContentHooks

  constructor(hooks: ContentHooks) {
    this.#hooks = hooks
  }

  stands(id: Hash, path: FolderPath): void {
    const isNew = !this.#standing.has(id)
    add(this.#standing, id, path)
    if (!isNew) return
    this.#isPromised(id, false)
    this.#place(id)
  }

  stoodDown(id: Hash, path: FolderPath): void {
    remove(this.#standing, id, path)
    this.#forget(id)
    if (!this.#standing.has(id)) this.#isPromised(id, true)
  }

  wants(id: Hash, path: FolderPath): void {
    add(this.#wanted, id, path)
  }

  wantsNoMore(id: Hash, path: FolderPath): void {
    remove(this.#wanted, id, path)
    if (this.#wanted.has(id)) return
    this.#forget(id)
    this.#hooks.released(id)
  }

  isStanding(id: Hash): boolean {
    return this.#standing.has(id)
  }

  standingAt(id: Hash): Iterable<FolderPath> {
    return all(this.#standing, id)
  }

  wantedBy(id: Hash): Iterable<FolderPath> {
    return all(this.#wanted, id)
  }

  /** Block hashes of a content of this size, null where they are not known or are not of this size. */
  blocksOf(id: Hash, sizeBytes: number): Uint8Array | null {
    const count = blockCount(sizeBytes)
    if (count === 0) return new Uint8Array(0)
    if (count === 1) return fromHex(id)
    const blocks = this.#blocks.get(id)
    return blocks?.length === count * DIGEST_BYTES ? blocks : null
  }

  /** False where these are not the blocks of that content. They are kept while it stands here or is wanted. */
  keep(id: Hash, sizeBytes: number, blocks: Uint8Array): boolean {
    if (blocks.length !== blockCount(sizeBytes) * DIGEST_BYTES || contentId(blocks) !== id) return false
    if (blocks.length <= DIGEST_BYTES || this.#blocks.has(id)) return true
    if (!this.#standing.has(id) && !this.#wanted.has(id)) return true
    const own = blocks.slice()
    this.#blocks.set(id, own)
    this.#hooks.kept(id, own)
    if (this.#standing.has(id)) this.#place(id)
    else this.#isPromised(id, true)
    return true
  }

  /**
   * A path at which a content with this block stands, and where in it. `sizeOf`: bytes of what stands at a path. `isStaying`:
   * nothing is about to take its place, so that it is still there when it is read.
   */
  locate(
    block: Hash,
    sizeOf: (path: FolderPath) => number,
    isStaying: (path: FolderPath) => boolean,
  ): { readonly path: FolderPath; readonly offset: number } | null {
    const alone = steadiest(this.standingAt(block), isStaying)
    if (alone !== null) return { path: alone, offset: 0 }
    const place = this.#places.get(keyOf(fromHex(block), 0))
    if (place === undefined) return null
    const blocks = this.#blocks.get(place.content)
    const start = place.index * DIGEST_BYTES
    if (blocks === undefined || toHex(blocks.subarray(start, start + DIGEST_BYTES)) !== block) return null
    const path = steadiest(this.standingAt(place.content), isStaying)
    return path === null ? null : { path, offset: place.index * blockSizeOf(sizeOf(path)) }
  }

  /** Its blocks can be found by their hashes from now on. */
  #place(id: Hash): void {
    const blocks = this.#blocks.get(id) ?? new Uint8Array(0)
    for (let index = 0; index < blocks.length / DIGEST_BYTES; index++) {
      const key = keyOf(blocks, index)
      if (!this.#places.has(key)) this.#places.set(key, { content: id, index })
    }
  }

  /** Whether its block hashes count as those of a content that does not stand here. */
  #isPromised(id: Hash, isPromised: boolean): void {
    const bytes = this.#blocks.get(id)?.length ?? 0
    if (bytes === 0 || isPromised === this.#promised.has(id)) return
    this.#promisedBytes += isPromised ? bytes : -bytes
    if (isPromised) this.#promised.add(id)
    else this.#promised.delete(id)
    for (const oldest of this.#promised) {
      if (this.#promisedBytes <= MAX_WANTED_BYTES) return
      this.#drop(oldest)
    }
  }

  #forget(id: Hash): void {
    if (!this.#standing.has(id) && !this.#wanted.has(id)) this.#drop(id)
  }

  #drop(id: Hash): void {
    const blocks = this.#blocks.get(id)
    if (blocks === undefined) return
    this.#isPromised(id, false)
    this.#blocks.delete(id)
    // a block that another content has too is fetched once more instead of copied: rare, and only slower
    for (let index = 0; index < blocks.length / DIGEST_BYTES; index++) {
      const key = keyOf(blocks, index)
      if (this.#places.get(key)?.content === id) this.#places.delete(key)
    }
    this.#hooks.kept(id, null)
  }
}

function keyOf(blocks: Uint8Array, index: number): number {
  return Buffer.from(blocks.buffer, blocks.byteOffset + index * DIGEST_BYTES, KEY_BYTES).readUIntBE(0, KEY_BYTES)
}

/** Of the first few one that stays; else the first; null of none. */
function steadiest(paths: Iterable<FolderPath>, isStaying: (path: FolderPath) => boolean): FolderPath | null {
  let first: FolderPath | null = null
  let looked = 0
  for (const path of paths) {
    if (isStaying(path)) return path
    first ??= path
    if (++looked === MAX_LOOKED) break
  }
  return first
}

type Paths = Map<Hash, Set<FolderPath> | FolderPath>

/** Most contents are of one path: a set for each would cost more than all else. */
function add(paths: Paths, id: Hash, path: FolderPath): void {
  const present = paths.get(id)
  if (present === undefined) paths.set(id, path)
  else if (typeof present !== 'string') present.add(path)
  else if (present !== path) paths.set(id, new Set([present, path]))
}

function remove(paths: Paths, id: Hash, path: FolderPath): void {
  const present = paths.get(id)
  if (present === path) paths.delete(id)
  else if (present instanceof Set && present.delete(path) && present.size === 0) paths.delete(id)
}

function all(paths: Paths, id: Hash): Iterable<FolderPath> {
  const present = paths.get(id)
  if (present === undefined) return []
  return typeof present === 'string' ? [present] : present
}
