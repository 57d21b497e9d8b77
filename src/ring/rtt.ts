/**
 * How long to wait for a peer's answer. RFC 6298 section 2; every try has a number of its own, so Karn's ambiguity
 * cannot arise. Over links a lost answer is rare and a slow one is not, so the floor is generous: a dead process is
 * noticed by its closed link, not by this clock.
 */
import type { PeerId } from '../../wire/types.js'

const FLOOR_MS = 200
const CEILING_MS = 1_000
const FIRST_MS = 400
const MAX_PEERS = 256

interface Estimate {
  readonly smoothedMs: number
  readonly variationMs: number
}

export class RoundTrips {
  readonly #estimates = new Map<PeerId, Estimate>() // at most MAX_PEERS, least recently measured first

  measured(peer: PeerId, sampleMs: number): void {
    const old = this.#estimates.get(peer)
    this.#estimates.delete(peer)
    this.#estimates.set(
      peer,
      old === undefined
        ? { smoothedMs: sampleMs, variationMs: sampleMs / 2 }
        : {
            smoothedMs: old.smoothedMs + (sampleMs - old.smoothedMs) / 8,
            variationMs: old.variationMs + (Math.abs(old.smoothedMs - sampleMs) - old.variationMs) / 4,
          },
    )
    for (const stalest of this.#estimates.keys()) {
      if (this.#estimates.size <= MAX_PEERS) break
      this.#estimates.delete(stalest)
    }
  }

  forget(peer: PeerId): void {
    this.#estimates.delete(peer)
  }

  /** null before the first answer. */
  smoothedMs(peer: PeerId): number | null {
    return this.#estimates.get(peer)?.smoothedMs ?? null
  }

  timeoutMs(peer: PeerId): number {
    const estimate = this.#estimates.get(peer)
    if (estimate === undefined) return FIRST_MS
    return Math.min(CEILING_MS, Math.max(FLOOR_MS, estimate.smoothedMs + 4 * estimate.variationMs))
  }
}
