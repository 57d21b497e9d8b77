/**
 * Fills the finger table slot by slot: from the successor list where that tells the owner, else by a lookup. The first
 * time around without a pause, later one lookup a period (Chord's fix_fingers).
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { SLOTS } from './finger-table.js'
import { between } from './id.js'
import type { Lookups } from './lookup.js'
import type { RingState } from './state.js'

export class FingerFixer {
  readonly #state: RingState
  readonly #lookups: Lookups
  #slot = 0
  #running = false
  /** The table was gone through once since we joined. */
  #complete = false

  constructor(state: RingState, lookups: Lookups) {
    this.#state = state
    this.#lookups = lookups
  }

  /** The table is empty again. */
  restart(): void {
    this.#slot = 0
    this.#complete = false
  }

  /** Goes on to the first slot that needs a lookup, and looks it up. */
  round(): void {
    if (this.#running || this.#state.standing !== 'member') return
    for (let count = 0; count < SLOTS; count++) {
      const target = this.#state.fingers.target(this.#slot)
      const owner = target === undefined ? undefined : this.#ownerNearby(target)
      if (target !== undefined && owner === undefined) {
        this.#lookUp(target)
        return
      }
      this.#put(owner)
    }
  }

  #lookUp(target: Hash): void {
    this.#running = true
    this.#lookups.find(target, this.#state.self, (found) => {
      this.#running = false
      if (this.#state.standing !== 'member') return
      if (found === null) return this.#advance()
      const [owner] = found.owners
      do this.#put(owner)
      while (this.#slot !== 0 && this.#sharesOwner(target, owner))
      if (!this.#complete) this.round()
    })
  }

  /** Nobody stands between a target and its owner, so what lies there has the same owner. */
  #sharesOwner(target: Hash, owner: PeerId): boolean {
    const next = this.#state.fingers.target(this.#slot)
    return next !== undefined && (next === owner || (target !== owner && between(target, next, owner)))
  }

  #put(owner: PeerId | undefined): void {
    const usable = owner !== undefined && owner !== this.#state.self && this.#state.trusted(owner)
    this.#state.fingers.set(this.#slot, usable ? owner : undefined)
    this.#advance()
  }

  #advance(): void {
    this.#slot = (this.#slot + 1) % SLOTS
    if (this.#slot === 0) this.#complete = true
  }

  /** The owner of a place that our own successor list covers. */
  #ownerNearby(target: Hash): PeerId | undefined {
    const { self, successors } = this.#state
    let last: PeerId = self
    for (const peer of successors.entries) {
      if (target === peer || between(last, target, peer)) return peer
      last = peer
    }
    return successors.wholeRing ? self : undefined
  }
}
