/**
 * One peer that bytes of the folder are fetched from: its data link, how much it was asked for, and whether it rests
 * because it failed.
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import type { DataLinks } from '../swarm/data-links.js'
import { Rate } from '../swarm/rate.js'

const REST_MS = 1_000
const MAX_REST_MS = 60_000
/** Asked for at once: two seconds of what it gives, between these. */
const MIN_AHEAD_BYTES = 2 << 20
const MAX_AHEAD_BYTES = 8 << 20
const AHEAD_SECONDS = 2
/** It queues 64 at most, those of others among them. */
const MAX_REQUESTS = 32
const MIN_STALL_MS = 10_000
/** Who never gave anything is asked for one thing, and is not waited for long. */
const FIRST_STALL_MS = 5_000
const MAX_STALL_MS = 300_000
/** Refusals in a row until nobody guesses for a while that it has something, and until it rests altogether. */
const MAX_GUESSES = 4
const MAX_REFUSALS = 16

export class Source {
  readonly peer: PeerId
  /** What it was asked for and did not answer yet. */
  bytes = 0
  requests = 0
  readonly #env: Pick<Env, 'now'>
  readonly #links: DataLinks
  readonly #ready: () => void
  #rate: Rate
  #link: Link | null = null
  /** Its link is being opened. */
  isOpening = false
  #isProven = false
  #release: Cancel = () => {}
  #restUntil = 0
  #failures = 0
  #refusals = 0
  #noGuessUntil = 0

  /** `ready`: its link is open, or could not be opened. */
  constructor(env: Pick<Env, 'now'>, links: DataLinks, peer: PeerId, ready: () => void) {
    this.#env = env
    this.#links = links
    this.peer = peer
    this.#ready = ready
    this.#rate = new Rate(env)
  }

  get isResting(): boolean {
    return this.#restUntil > this.#env.now()
  }

  /** It may be asked for what it did not say that it has. */
  get mayGuess(): boolean {
    return !this.isResting && this.#noGuessUntil <= this.#env.now()
  }

  /** A link, or soon. */
  get hasLink(): boolean {
    return this.#link !== null || this.isOpening
  }

  /** Nothing speaks against forgetting it. */
  get isIdle(): boolean {
    return this.requests === 0 && !this.isOpening && this.#link === null && !this.isResting
  }

  /** Its link where it may be asked for so many bytes more; null: not now (`ready` follows where a link is being opened). */
  linkFor(bytes: number): Link | null {
    if (this.#link?.closed) this.release()
    if (this.#link === null) {
      this.open()
      return null
    }
    const most = Math.min(MAX_AHEAD_BYTES, Math.max(MIN_AHEAD_BYTES, AHEAD_SECONDS * this.#rate.bytesPerSecond))
    const hasRoom = this.bytes === 0 || this.bytes + bytes <= most
    return hasRoom && this.requests < (this.#isProven ? MAX_REQUESTS : 1) ? this.#link : null
  }

  /** Without bytes for so long, a request has stalled: four times what all that was asked for should take. */
  get stallMs(): number {
    if (!this.#isProven) return FIRST_STALL_MS
    const rate = this.#rate.bytesPerSecond
    const expectedMs = rate > 0 ? (this.bytes * 1000) / rate : 0
    return Math.min(MAX_STALL_MS, Math.max(MIN_STALL_MS, 4 * expectedMs))
  }

  progress(bytes: number): void {
    this.#rate.add(bytes)
  }

  delivered(): void {
    this.#isProven = true
    this.#noGuessUntil = 0
    this.#failures = 0
    this.#refusals = 0
  }

  refused(): void {
    this.#refusals++
    if (this.#refusals >= MAX_REFUSALS) this.rest()
    else if (this.#refusals >= MAX_GUESSES) {
      this.#noGuessUntil = this.#env.now() + REST_MS * 2 ** (this.#refusals - MAX_GUESSES)
    }
  }

  /** It failed: it is left alone, twice as long each time in a row, and gets another link then. All that it was asked for fails
   * with that link, which counts once. */
  rest(): void {
    if (this.isResting) return
    if (this.#link !== null) this.#links.discard(this.peer, 'it did not give what it was asked for')
    this.release()
    this.#refusals = 0
    this.#isProven = false
    this.#restUntil = this.#env.now() + Math.min(MAX_REST_MS, REST_MS * 2 ** this.#failures++)
  }

  /** What it was asked for does not matter any more; its link may still carry it, so the next requests get another one. */
  clear(): void {
    if (this.requests > 0 && this.#link !== null) this.#links.discard(this.peer, 'the folder is paused')
    this.release()
    this.bytes = 0
    this.requests = 0
  }

  /** Its link may be closed. */
  release(): void {
    this.#release()
    this.#release = () => {}
    this.#link = null
    this.isOpening = false
  }

  /** Has a link opened where it has none; `ready` follows. */
  open(): void {
    if (this.#link !== null || this.isOpening || this.isResting) return
    this.isOpening = true
    this.#release = this.#links.use(this.peer, (link) => {
      this.isOpening = false
      this.#link = link
      if (link === null) this.rest()
      else this.#rate = new Rate(this.#env)
      this.#ready()
    })
  }
}
