/**
 * One budget for the memory of all unfinished frames. When it is spent, the frame that has been unfinished longest
 * loses its link: honest frames are whole within milliseconds, so that is the one that holds back.
 * Invariant: the total is the sum of the accounts, and at most the limit whenever no call is under way.
 */
import type { Hold } from './frame.js'
import { IN_FLIGHT_BYTES } from './limits.js'

export class InFlight {
  readonly #limit: number
  /** In the order in which frames began; at most one entry a link. */
  readonly #held = new Map<() => void, number>()
  #total = 0

  constructor(limit = IN_FLIGHT_BYTES) {
    this.#limit = limit
  }

  get totalBytes(): number {
    return this.#total
  }

  /** A link's account: called with the bytes that its unfinished frame holds now; `evict` makes the link let go. */
  account(evict: () => void): Hold {
    return (bytes) => {
      this.#set(evict, bytes)
      for (const oldest of this.#held.keys()) {
        if (this.#total <= this.#limit) return
        this.#set(oldest, 0)
        oldest()
      }
    }
  }

  #set(evict: () => void, bytes: number): void {
    this.#total += bytes - (this.#held.get(evict) ?? 0)
    if (bytes === 0) this.#held.delete(evict)
    else this.#held.set(evict, bytes)
  }
}
