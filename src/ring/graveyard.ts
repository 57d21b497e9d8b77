/**
 * Peers that departed, so that lists copied from others do not bring them back before those others notice.
 * Lost ones are asked again slowly: that is what merges two rings after a partition. One word of a buried peer, or a
 * new link to it, raises it.
 */
import type { PeerId } from '../../wire/types.js'

/** Those who said goodbye are forgotten once everybody's lists must have dropped them. */
const LEFT_MS = 60_000

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

  /** Those who may come back: they did not say goodbye. */
  lost(): readonly PeerId[] {
    return [...this.#graves].filter(([, grave]) => grave.how === 'lost').map(([peer]) => peer)
  }

  sweep(nowMs: number): void {
    for (const [peer, grave] of this.#graves)
      if (grave.how === 'left' && nowMs - grave.sinceMs > LEFT_MS) this.#graves.delete(peer)
  }
}
