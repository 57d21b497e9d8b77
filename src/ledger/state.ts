/**
 * What the active chain says: which records stand in which block, and the tally. It is derived, never stored: built
 * from the blocks at start, then applied and undone block by block. Invariant: `apply` changes all or nothing.
 */
import type { Hash } from '../../wire/types.js'
import type { SignedRecord } from './record.js'
import { Tally } from './tally.js'

export interface Place {
  readonly block: Hash
  readonly height: number
  readonly index: number
}

export class State {
  readonly tally = new Tally()
  /** Grows with the chain only. */
  readonly #places = new Map<Hash, Place>()

  place(id: Hash): Place | undefined {
    return this.#places.get(id)
  }

  /** Why the record cannot follow what is already in the chain; null if it can. */
  conflict(signed: SignedRecord): 'known' | 'duplicate' | null {
    if (this.#places.has(signed.id)) return 'known'
    return signed.record.kind === 'ballot' && this.tally.has(signed.record) ? 'duplicate' : null
  }

  /** Applies a block; false, and nothing changed, if one of its records cannot follow the others. */
  apply(records: readonly SignedRecord[], block: Hash, height: number): boolean {
    for (const [index, signed] of records.entries()) {
      if (this.conflict(signed) !== null) {
        this.undo(records.slice(0, index))
        return false
      }
      this.#places.set(signed.id, { block, height, index })
      if (signed.record.kind === 'ballot') this.tally.add(signed.id, signed.record)
    }
    return true
  }

  undo(records: readonly SignedRecord[]): void {
    for (const signed of records) {
      this.#places.delete(signed.id)
      if (signed.record.kind === 'ballot') this.tally.remove(signed.record)
    }
  }
}
