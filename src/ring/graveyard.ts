/**
 * Peers that departed, so that lists copied from others do not bring them back before those others notice.
 * Lost ones are asked again slowly: that is what merges two rings after a partition. One word of a buried peer, or a
 * new link to it, raises it.
 */
import type { PeerId } from '../../wire/types.js'

/** Those who said goodbye are forgotten once everybody's lists must have dropped them. */
const LEFT_MS = 60_000
/** Who is still a member so long after its goodbye left the ring only for a while. */
const BACK_MS = 2_000

export type Departure = 'left' | 'lost'

interface Grave {
  readonly how: Departure
  readonly sinceMs: number
}

export class Graveyard {
  readonly #graves = new Map<PeerId, Grave>() // at most LIMIT, oldest first
  static readonly LIMIT = 256

  has(peer: PeerId): boolean {
    return this.#graves.has(peer)
  }

  bury(peer: PeerId, how: Departure, nowMs: number): void {
    this.#graves.delete(peer)
    this.#graves.set(peer, { how, sinceMs: nowMs })
    for (const oldest of this.#graves.keys()) {
      if (this.#graves.size <= Graveyard.LIMIT) break
      this.#graves.delete(oldest)
    }
  }

  /** Returns whether it lay here. */
  raise(peer: PeerId): boolean {
    return this.#graves.delete(peer)
  }

  /** Everybody that lies here, oldest first. */
  buried(): readonly PeerId[] {
    return [...this.#graves.keys()]
  }

  /** Whether it lies here and did not say goodbye. */
  isLost(peer: PeerId): boolean {
    return this.#graves.get(peer)?.how === 'lost'
  }

  /** Those who may come back: they did not say goodbye. */
  lost(): readonly PeerId[] {
    return [...this.#graves].filter(([, grave]) => grave.how === 'lost').map(([peer]) => peer)
  }

  sweep(nowMs: number, isMember: (peer: PeerId) => boolean): void {
    for (const [peer, { how, sinceMs }] of this.#graves) {
      const sleptMs = how === 'left' ? nowMs - sinceMs : 0
      if (sleptMs > LEFT_MS || (sleptMs > BACK_MS && isMember(peer))) this.#graves.delete(peer)
    }
  }
}
