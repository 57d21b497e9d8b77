/**
 * Long-range contacts: for each level l and digit d the first peer at or after self + d * 2^(256 - 4(l + 1)), so that
 * one hop fixes a whole hex digit of the distance (Chord, ToN 2003, section 4.4, with base 16).
 * Invariant: holds hints only. A wrong finger costs a hop, never a wrong answer.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { ahead } from './id.js'

const DIGITS = 15
/** Eight hex digits tell 2^32 peers apart; nearer ones are in the successor list. */
const LEVELS = 8
export const SLOTS = LEVELS * DIGITS

export class FingerTable {
  readonly #targets: readonly Hash[]
  readonly #fingers = new Map<number, PeerId>() // at most SLOTS

  constructor(self: PeerId) {
    this.#targets = Array.from({ length: SLOTS }, (_, slot) => {
      const level = Math.floor(slot / DIGITS)
      const digit = BigInt((slot % DIGITS) + 1)
      return ahead(self, digit << BigInt(256 - 4 * (level + 1)))
    })
  }

  /** The place whose owner belongs into this slot. */
  target(slot: number): Hash | undefined {
    return this.#targets[slot]
  }

  set(slot: number, peer: PeerId | undefined): void {
    if (peer === undefined) this.#fingers.delete(slot)
    else if (slot >= 0 && slot < SLOTS) this.#fingers.set(slot, peer)
  }

  remove(peer: PeerId): void {
    for (const [slot, finger] of this.#fingers) if (finger === peer) this.#fingers.delete(slot)
  }

  clear(): void {
    this.#fingers.clear()
  }

  /** Each peer once. */
  peers(): ReadonlySet<PeerId> {
    return new Set(this.#fingers.values())
  }
}
