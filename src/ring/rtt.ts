/**
 * How long to wait for a peer's answer, and how often to ask again. RFC 6298 section 2; every try has a number of its own,
 * so Karn's ambiguity cannot arise. Datagrams are often lost and seldom slow, so their clock is strict; over links a lost
 * answer is rare and a slow one is not, so that floor is generous.
 */
import type { PeerId } from '../../wire/types.js'

/** Tries without an answer that tell a death; each waits longer than the one before. */
export const DEADLY_TRIES = 5
export const BACKOFF = 1.3
/** A timer this late says that we slept: it is armed again, so often, because answers may wait unread behind it. */
export const LATE_MS = 15
export const MAX_REARMS = 3

/** A peer that never answered may be farther away than those that did. */
const STRANGER_MARGIN = 1.5
const MAX_PEERS = 256

export interface TimeoutBounds {
  readonly floorMs: number
  readonly ceilingMs: (smoothedMs: number) => number
  /** Before the first answer of anybody. */
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
  /** Over all peers, for those not measured yet. */
  #everybody: Estimate | undefined

  constructor(bounds: TimeoutBounds) {
    this.#bounds = bounds
  }

  measured(peer: PeerId, sampleMs: number): void {
    const old = this.#estimates.get(peer)
    this.#estimates.delete(peer)
    this.#estimates.set(peer, updated(old, sampleMs))
    this.#everybody = updated(this.#everybody, sampleMs)
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
    if (estimate !== undefined) return this.#clamped(estimate, timeoutOf(estimate))
    const everybody = this.#everybody
    if (everybody === undefined) return this.#bounds.firstMs
    return this.#clamped(everybody, STRANGER_MARGIN * timeoutOf(everybody))
  }

  #clamped({ smoothedMs }: Estimate, timeoutMs: number): number {
    const { floorMs, ceilingMs } = this.#bounds
    return Math.min(ceilingMs(smoothedMs), Math.max(floorMs, timeoutMs))
  }
}

function updated(old: Estimate | undefined, sampleMs: number): Estimate {
  if (old === undefined) return { smoothedMs: sampleMs, variationMs: sampleMs / 2 }
  return {
    smoothedMs: old.smoothedMs + (sampleMs - old.smoothedMs) / 8,
    variationMs: old.variationMs + (Math.abs(old.smoothedMs - sampleMs) - old.variationMs) / 4,
  }
}

const timeoutOf = ({ smoothedMs, variationMs }: Estimate): number => smoothedMs + 4 * variationMs
