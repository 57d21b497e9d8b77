/**
 * How long to wait for a peer's answer. RFC 6298 section 2; every try has a number of its own, so Karn's ambiguity
 * cannot arise. Datagrams are often lost and seldom slow, so their clock is strict; over links a lost answer is rare and a
 * slow one is not, so that floor is generous.
 */
import type { PeerId } from '../../wire/types.js'

const MAX_PEERS = 256

export interface TimeoutBounds {
  readonly floorMs: number
  readonly ceilingMs: (smoothedMs: number) => number
  /** Before the first answer. */
  readonly firstMs: number
}

export const LINK_BOUNDS: TimeoutBounds = { floorMs: 200, ceilingMs: () => 1_000, firstMs: 400 }
/** The ceiling grows with the distance, or a peer beyond 180 ms could never answer in time. */
export const DATAGRAM_BOUNDS: TimeoutBounds = {
  floorMs: 60,
  ceilingMs: (smoothedMs) => Math.max(180, 3 * smoothedMs),
  firstMs: 180,
}

interface Estimate {
  readonly smoothedMs: number
  readonly variationMs: number
}

export class RoundTrips {
  readonly #bounds: TimeoutBounds
  readonly #estimates = new Map<PeerId, Estimate>() // at most MAX_PEERS, least recently measured first

  constructor(bounds: TimeoutBounds) {
    this.#bounds = bounds
  }

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
    const { floorMs, ceilingMs, firstMs } = this.#bounds
    if (estimate === undefined) return firstMs
    const { smoothedMs, variationMs } = estimate
    return Math.min(ceilingMs(smoothedMs), Math.max(floorMs, smoothedMs + 4 * variationMs))
  }
}
