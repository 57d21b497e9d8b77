/**
 * Where the chunks of a spread file belong: chunk i at the k ring owners of SHA-256(name + '/' + i), as everybody computes
 * it from the same peer list. A file of 16,384 chunks costs 16,384 hashes once and one pass over the members each time.
 */
import { sha256 } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Bitmap } from '../env.js'
import { emptyBitmap, setBit } from './bitmap.js'
import type { Roster } from './roster.js'

const MAX_CACHED_KEYS = 65_536

/** Ring place of one chunk: the UTF-8 bytes of the name (NFC), a slash, the index in decimal. */
export function chunkKey(name: string, index: number): Hash {
  return sha256(Buffer.from(`${name}/${index}`, 'utf8'))
}

interface Keys {
  /** In ascending order. */
  readonly keys: readonly Hash[]
  /** Whose key that is. */
  readonly indices: readonly number[]
}

export class ChunkOwners {
  readonly #lists: readonly (readonly PeerId[])[]

  /** The owners of each chunk; chunks with the same ones share a list. */
  constructor(lists: readonly (readonly PeerId[])[]) {
    this.#lists = lists
  }

  /** Each list once. */
  get lists(): Iterable<readonly PeerId[]> {
    return new Set(this.#lists)
  }

  /** First the chunk's successor on the ring. */
  of(index: number): readonly PeerId[] {
    return this.#lists[index] ?? []
  }

  /** The chunks that this peer is to keep. */
  owedBy(peer: PeerId): Bitmap {
    const lists = new Set([...this.lists].filter((owners) => owners.includes(peer)))
    const owed = emptyBitmap(this.#lists.length)
    this.#lists.forEach((owners, index) => {
      if (lists.has(owners)) setBit(owed, index)
    })
    return owed
  }

  /** All owners of these chunks. */
  everybody(chunks: Iterable<number>): Set<PeerId> {
    const lists = new Set<readonly PeerId[]>()
    for (const index of chunks) lists.add(this.of(index))
    return new Set([...lists].flat())
  }
}

export class Spread {
  readonly #roster: Roster
  readonly #cache = new Map<string, Keys>() // least recently used first; at most MAX_CACHED_KEYS in all
  #cached = 0

  constructor(roster: Roster) {
    this.#roster = roster
  }

  /** Who is to keep each chunk of a file now, or would, if `without` were not there. */
  owners(name: string, chunkCount: number, without?: PeerId): ChunkOwners {
    const { keys, indices } = this.#keysOf(name, chunkCount)
    const lists = new Array<readonly PeerId[]>(chunkCount)
    this.#roster.chunkKeepers(name, keys, without).forEach((owners, at) => {
      lists[indices[at] ?? 0] = owners
    })
    return new ChunkOwners(lists)
  }

  #keysOf(name: string, chunkCount: number): Keys {
    const label = `${chunkCount}/${name}`
    const known = this.#cache.get(label)
    this.#cache.delete(label)
    const keys = known ?? makeKeys(name, chunkCount)
    this.#cache.set(label, keys)
    if (known === undefined) this.#cached += chunkCount
    for (const [oldest, { indices }] of this.#cache) {
      if (this.#cached <= MAX_CACHED_KEYS) break
      this.#cache.delete(oldest)
      this.#cached -= indices.length
    }
    return keys
  }
}

function makeKeys(name: string, chunkCount: number): Keys {
  const all = Array.from({ length: chunkCount }, (_, index) => ({ index, key: chunkKey(name, index) }))
  all.sort((a, b) => (a.key < b.key ? -1 : 1))
  return { keys: all.map(({ key }) => key), indices: all.map(({ index }) => index) }
}
