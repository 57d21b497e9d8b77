/**
 * Who keeps which chunks of a spread file, as the owners said for themselves: whether a store may be acknowledged, whom
 * a leaver waits for, which copies may go.
 */
import type { PeerId } from '../../wire/types.js'
import type { Progress } from '../api.js'
import type { Bitmap } from '../env.js'
import { emptyBitmap, hasBit, indicesOf, setBit } from './bitmap.js'
import { chunkBytes, chunkCountOf, chunkSizeFor } from './manifest.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'
import type { ChunkOwners } from './spread.js'

export interface CopyCount {
  /** Chunks with enough durable copies at their owners. */
  readonly chunks: number
  /** How many copies of a chunk that is. */
  readonly enough: number
  /** Of all copies that count. */
  readonly bytes: number
}

export class SpreadCounts {
  readonly #parts: Pick<Parts, 'env' | 'names' | 'roster' | 'loose' | 'holders' | 'spread'>

  constructor(parts: Pick<Parts, 'env' | 'names' | 'roster' | 'loose' | 'holders' | 'spread'>) {
    this.#parts = parts
  }

  /** Who is to keep which chunk, or would be, if `without` were not there. */
  owners(register: Register, without?: PeerId): ChunkOwners {
    return this.#parts.spread.owners(register.name, chunksIn(register), without)
  }

  copies(register: Register): CopyCount {
    const owners = this.owners(register)
    const keptBy = this.#reader(register)
    const layout = { size: register.size, chunkSize: chunkSizeFor(register.size) }
    const enough = this.#parts.roster.enough(register.name)
    let chunks = 0
    let bytes = 0
    for (let index = 0; index < chunksIn(register); index++) {
      let copies = 0
      for (const kept of keptBy(owners.of(index))) if (hasBit(kept, index)) copies++
      if (copies >= enough) chunks++
      bytes += Math.min(copies, enough) * chunkBytes(layout, index)
    }
    return { chunks, enough, bytes }
  }

  /** Whether each chunk has as many durable copies as a store is acknowledged for. */
  isStored(register: Register): boolean {
    return register.keeping !== 'spread' || this.copies(register).chunks === chunksIn(register)
  }

  /** Whether too few of those who may be asked have room for some chunk, as far as one has heard. */
  isCrowdedOut(register: Register): boolean {
    const { roster } = this.#parts
    // who has no room is among the owners only where nobody has
    const roomy = (owners: readonly PeerId[]) => owners.filter((peer) => !roster.isCrowded(register.name, peer)).length
    return [...this.owners(register).lists].some((owners) => roomy(owners) < roster.enough(register.name))
  }

  /** How far a store is. */
  progress(register: Register, chunkCount: number): Progress {
    const { chunks, enough, bytes } = this.copies(register)
    const times = enough === 1 ? 'a copy' : `${enough} copies`
    const text = `chunks of ${register.name} with ${times}: ${chunks} of ${chunkCount}`
    return { text, done: bytes, total: register.size * enough, unit: 'bytes' }
  }

  /**
   * Spread files, of these or of all, of which owners lack chunks that are here or published here, or have no owner, once
   * this peer is gone. Costs some 30 ms for a file of 16,384 chunks.
   */
  owedWithout(registers: Iterable<Register> = this.#parts.names.all()): readonly Register[] {
    const { env, loose } = this.#parts
    const self = env.identity.id
    const concerned = [...registers].filter(
      ({ keeping, manifest: id, publisher }) =>
        keeping === 'spread' && id !== null && (publisher === self || loose.kept(id).length > 0),
    )
    const hasOwners = (register: Register) => this.owners(register, self).of(0).length > 0
    return concerned.filter(
      (register) => this.lacking(register, self).size > 0 || (chunksIn(register) > 0 && !hasOwners(register)),
    )
  }

  /** Owners that lack chunks: of all that we published, else of those that are here. */
  lacking(register: Register, without?: PeerId): ReadonlySet<PeerId> {
    const { env, loose } = this.#parts
    const owners = this.owners(register, without)
    const keptBy = this.#reader(register)
    const here = register.manifest === null ? emptyBitmap(0) : loose.kept(register.manifest)
    const lacking = new Set<PeerId>()
    for (let index = 0; index < chunksIn(register); index++) {
      if (register.publisher !== env.identity.id && !hasBit(here, index)) continue
      const all = owners.of(index)
      keptBy(all).forEach((kept, at) => {
        const peer = all[at]
        if (peer !== undefined && !hasBit(kept, index)) lacking.add(peer)
      })
    }
    return lacking
  }

  /** Those chunks of which each owner said, since then, that it has a copy. */
  atOwners(register: Register, owners: ChunkOwners, chunks: Bitmap, since?: number): Bitmap {
    const keptBy = this.#reader(register, since)
    const there = emptyBitmap(chunksIn(register))
    for (const index of indicesOf(chunks)) {
      const all = keptBy(owners.of(index))
      if (all.length > 0 && all.every((kept) => hasBit(kept, index))) setBit(there, index)
    }
    return there
  }

  /** What owners keep of a file, in their order, looked up once a list. */
  #reader({ manifest: id }: Register, since?: number): (owners: readonly PeerId[]) => readonly Bitmap[] {
    const { env, loose, holders } = this.#parts
    const known = new Map<readonly PeerId[], readonly Bitmap[]>() // at most one per member
    return (owners) => {
      const found = known.get(owners)
      if (found !== undefined || id === null) return found ?? []
      const kept = owners.map((peer) => (peer === env.identity.id ? loose.kept(id) : holders.kept(id, peer, since)))
      known.set(owners, kept)
      return kept
    }
  }
}

/** How many chunks a register's file has. */
export function chunksIn({ size }: Pick<Register, 'size'>): number {
  return chunkCountOf({ size, chunkSize: chunkSizeFor(size) })
}
