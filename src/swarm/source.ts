/**
 * One peer that a download fetches from: what it holds, what it was asked for, how fast it is. Depth starts small and
 * grows by one with each chunk until the rate is known; then it covers two seconds of that rate.
 * Invariant: a source that delivered nothing of what it claimed, or late, rests before it is asked again.
 */
import type { PeerId } from '../../wire/types.js'
import type { Bitmap, Cancel, Env, Link } from '../env.js'
import { Rate } from './rate.js'

const MIN_DEPTH = 2
const MAX_DEPTH = 64
const AHEAD_SECONDS = 2
const MEASURE_MS = 1_000
const MIN_STALL_MS = 5_000
const REST_MS = 1_000
const MAX_REST_MS = 60_000

/** One chunk that was asked for. */
export interface Fetch {
  readonly index: number
  readonly bytes: number
  readonly since: number
  cancel: Cancel
}

export class Source {
  readonly peer: PeerId
  rate: Rate
  readonly outstanding = new Map<number, Fetch>() // at most MAX_DEPTH
  readonly since: number
  /** Which chunks it has; null: all. */
  chunks: Bitmap | null
  link: Link | null = null
  state: 'waiting' | 'opening' | 'open' | 'resting' = 'waiting'
  /** Why it rests, for the user. */
  reason = ''
  release: Cancel = () => {}
  restUntil = 0
  refusals = 0
  readonly #env: Pick<Env, 'now'>
  #ramp = MIN_DEPTH
  #starting = true
  #failures = 0

  constructor(env: Pick<Env, 'now'>, peer: PeerId, chunks: Bitmap | null) {
    this.#env = env
    this.peer = peer
    this.chunks = chunks
    this.since = env.now()
    this.rate = new Rate(env)
  }

  /** How many chunks may be outstanding, other limits aside. */
  depth(chunkSize: number): number {
    const covering = Math.floor((AHEAD_SECONDS * this.rate.bytesPerSecond) / chunkSize)
    const measured = Math.min(MAX_DEPTH, Math.max(MIN_DEPTH, covering))
    if (this.#starting && this.rate.ageMs >= MEASURE_MS && this.#ramp >= measured) this.#starting = false
    return this.#starting ? Math.min(MAX_DEPTH, this.#ramp) : measured
  }

  /** Without bytes for so long, a request has stalled: four times what all that is outstanding should take. */
  stallMs(chunkSize: number): number {
    const rate = this.rate.bytesPerSecond
    const expectedMs = rate > 0 ? ((this.outstanding.size + 1) * chunkSize * 1000) / rate : 0
    return Math.min(MAX_REST_MS * 5, Math.max(MIN_STALL_MS, 4 * expectedMs))
  }

  /** Its link is here: from now on its rate counts. */
  opened(link: Link): void {
    this.link = link
    this.state = 'open'
    this.reason = ''
    this.rate = new Rate(this.#env)
  }

  delivered(): void {
    this.#ramp++
    this.#failures = 0
    this.refusals = 0
  }

  /** Lets it rest, twice as long each time it fails in a row. */
  rest(reason: string): void {
    this.release()
    this.release = () => {}
    this.link = null
    this.state = 'resting'
    this.reason = reason
    this.refusals = 0
    this.restUntil = this.#env.now() + Math.min(MAX_REST_MS, REST_MS * 2 ** this.#failures++)
    this.#ramp = MIN_DEPTH
    this.#starting = true
  }
}
