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
const MAX_STALL_MS = 300_000
/** Refusals in a row until it rests: it is asked too early, or plays with us. */
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
  #isOpening = false
  #release: Cancel = () => {}
  #restUntil = 0
  #failures = 0
  #refusals = 0

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

  /** Nothing speaks against forgetting it. */
  get isIdle(): boolean {
    return this.requests === 0 && !this.#isOpening && this.#link === null && !this.isResting
  }

  /** Its link where it may be asked for so many bytes more; null: not now (`ready` follows where a link is being opened). */
  linkFor(bytes: number): Link | null {
    if (this.#link?.closed) this.release()
    if (this.#link === null) {
      this.#open()
      return null
    }
    const most = Math.min(MAX_AHEAD_BYTES, Math.max(MIN_AHEAD_BYTES, AHEAD_SECONDS * this.#rate.bytesPerSecond))
    const hasRoom = this.bytes === 0 || this.bytes + bytes <= most
    return hasRoom && this.requests < MAX_REQUESTS ? this.#link : null
  }

  /** Without bytes for so long, a request has stalled: four times what all that was asked for should take. */
  get stallMs(): number {
    const rate = this.#rate.bytesPerSecond
    const expectedMs = rate > 0 ? (this.bytes * 1000) / rate : 0
    return Math.min(MAX_STALL_MS, Math.max(MIN_STALL_MS, 4 * expectedMs))
  }

  progress(bytes: number): void {
    this.#rate.add(bytes)
  }

  delivered(): void {
    this.#failures = 0
    this.#refusals = 0
  }

  refused(): void {
    this.#refusals++
    if (this.#refusals >= MAX_REFUSALS) this.rest()
  }

  /** It failed: it is left alone, twice as long each time in a row, and gets another link then. */
  rest(): void {
    if (this.#link !== null) this.#links.discard(this.peer, 'it did not give what it was asked for')
    this.release()
    this.#refusals = 0
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
    this.#isOpening = false
  }

  #open(): void {
    if (this.#isOpening || this.isResting) return
    this.#isOpening = true
    this.#release = this.#links.use(this.peer, (link) => {
      this.#isOpening = false
      this.#link = link
      if (link === null) this.rest()
      else this.#rate = new Rate(this.#env)
      this.#ready()
    })
  }
}
