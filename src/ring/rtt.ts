/**
 * How long to wait for a peer's answer. RFC 6298 section 2; every try has a number of its own, so Karn's ambiguity
 * cannot arise. Over links a lost answer is rare and a slow one is not, so the floor is generous: a dead process is
 * noticed by its closed link, not by this clock.
 */
import type { PeerId } from '../../wire/types.js'

const FLOOR_MS = 200
const CEILING_MS = 1_000
/** Before anybody answered. */
const FIRST_MS = 400
/** A peer that never answered may be farther away than those that did. */
const STRANGER_MARGIN = 1.5
const MAX_PEERS = 256

interface Estimate {
  readonly smoothedMs: number
  readonly variationMs: number
}

export class RoundTrips {
  readonly #estimates = new Map<PeerId, Estimate>() // at most MAX_PEERS, least recently measured first
  /** Over all peers, for those not measured yet. */
  #everybody: Estimate | undefined

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
    if (estimate !== undefined) return clamped(timeoutOf(estimate))
    return this.#everybody === undefined ? FIRST_MS : clamped(STRANGER_MARGIN * timeoutOf(this.#everybody))
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

const clamped = (timeoutMs: number): number => Math.min(CEILING_MS, Math.max(FLOOR_MS, timeoutMs))
