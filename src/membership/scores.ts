/**
 * How well peers answer, from 0 to 100: an exponentially weighted share of good answers (see docs/membership.md for the
 * formula and what each answer weighs). It is shown and decides nothing.
 * Invariant: whoever is not in the map has 100, so that a peer costs room only while its mistakes are fresh.
 */
import type { PeerId } from '../../wire/types.js'
import type { ChunkOutcome } from '../env.js'

export type Answer = 'pong' | 'no pong' | ChunkOutcome

const BEST = 100
/** Peers whose mistakes are remembered: as many as an anchor has links. */
const MAX_SCORES = 10_000
/** A score so near to the best one is the best one. */
const CLOSE = 0.05

/** How much of the old score gives way to one answer. */
const WEIGHTS: Readonly<Record<Answer, number>> = {
  pong: 1 / 64,
  'no pong': 1 / 64,
  ok: 1 / 32,
  refused: 1 / 32,
  // all that was asked of it at that time ends with such an answer
  timeout: 1 / 8,
  lost: 1 / 8,
  // nobody sends a wrong chunk by mistake
  bad: 1 / 2,
}

export class Scores {
  readonly #scores = new Map<PeerId, number>() // at most MAX_SCORES

  of(peer: PeerId): number {
    return Math.round(this.#scores.get(peer) ?? BEST)
  }

  count(peer: PeerId, answer: Answer): void {
    const old = this.#scores.get(peer) ?? BEST
    const worth = answer === 'pong' || answer === 'ok' ? BEST : 0
    const score = old + (worth - old) * WEIGHTS[answer]
    this.#scores.delete(peer)
    if (score > BEST - CLOSE) return
    const [oldest] = this.#scores.keys()
    if (this.#scores.size >= MAX_SCORES && oldest !== undefined) this.#scores.delete(oldest)
    this.#scores.set(peer, score)
  }
}
