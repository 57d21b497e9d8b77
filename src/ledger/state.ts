/**
 * What the active chain says: which records stand in which block, and the tally. It is derived, never stored: built
 * from the blocks at start, then applied and undone block by block. Invariant: `apply` changes all or nothing.
 */
import type { Hash } from '../../wire/types.js'
import type { Node } from './node.js'
import type { SignedRecord } from './record.js'
import type { Conflict } from './refusal.js'
import { Tally } from './tally.js'

export interface Place {
  readonly block: Hash
  readonly height: number
  readonly index: number
}

/** What a block's records are judged and placed by. */
export type BlockHead = Pick<Node, 'hash' | 'height'> & { readonly header: Pick<Node['header'], 'time'> }

export class State {
  readonly tally = new Tally()
  /** Grows with the chain only. */
  readonly #places = new Map<Hash, Place>()

  place(id: Hash): Place | undefined {
    return this.#places.get(id)
  }

  /** Why the record cannot follow what is already in the chain, in a block of this time; null if it can. */
  conflict(signed: SignedRecord, timeS: number): Conflict | null {
    return this.#places.has(signed.id) ? 'known' : this.tally.conflict(signed, timeS)
  }

  /** Applies a block; false, and nothing changed, if one of its records cannot follow the others. */
  apply(records: readonly SignedRecord[], { hash, height, header }: BlockHead): boolean {
    for (const [index, signed] of records.entries()) {
      if (this.conflict(signed, header.time) !== null) {
        this.undo(records.slice(0, index))
        return false
      }
      this.#places.set(signed.id, { block: hash, height, index })
      this.tally.add(signed)
    }
    return true
  }

  /** Takes back the newest block. */
  undo(records: readonly SignedRecord[]): void {
    for (const signed of [...records].reverse()) {
      this.#places.delete(signed.id)
      this.tally.remove(signed)
    }
  }

  /** Those of `candidates` that `wanted` lets through and that make a valid block of this time, in their order. */
  fitting(
    candidates: Iterable<SignedRecord>,
    timeS: number,
    wanted: (signed: SignedRecord) => boolean,
  ): readonly SignedRecord[] {
    const picked: SignedRecord[] = []
    for (const signed of candidates) {
      if (this.tally.conflict(signed, timeS) !== null || !wanted(signed)) continue
      this.tally.add(signed)
      picked.push(signed)
    }
    for (const signed of [...picked].reverse()) this.tally.remove(signed)
    return picked
  }
}
