/**
 * Is this one neighbour alive? Pings it by datagram at a steady pace; asks again at once when an answer stays away, five
 * times with growing patience; then has three others ask and tries the link, and only if all stay silent it is dead.
 * Invariant: it counts as alive again only by an ack to a ping of the present cycle or by a fresh ping of its own. A timer
 * that fires late says that we slept: it is armed again instead of counted, because answers may wait behind it.
 * Where datagrams get no answer while the link does, the link's heartbeats decide until datagrams are answered again.
 */
import type { Cancel, Env } from '../env.js'
import { BACKOFF, DEADLY_TRIES, LATE_MS, MAX_REARMS } from './rtt.js'

const MAX_OUTSTANDING = 16
/** Over the link, a datagram is tried with each of the first heartbeats and then with one in so many. */
const EAGER_BEATS = 4
const SELDOM_BEATS = 8

export interface WatchHooks {
  /** Sends a ping; its sequence, null where no datagram can go. */
  ping(): number | null
  /** How long to wait for the ack of a first try. */
  timeoutMs(): number
  /** How long a suspect is given. */
  patienceMs(): number
  /** Until the next cycle. */
  restMs(): number
  askOthers(): void
  /** One quick question over the link. */
  probe(done: (alive: boolean) => void): void
  /** The patient question over the link, which finds a death by itself. */
  heartbeat(): void
  /** So many pings in a row had no ack, and there are more to come. */
  missed(misses: number): void
  /** A round trip by datagram. */
  measured(ms: number): void
  /** It is suspected, or no longer. */
  changed(): void
  dead(): void
}

type Phase =
  /** Answered by datagram; the next ping is due. */
  | 'resting'
  /** A ping is out. */
  | 'waiting'
  | 'suspect'
  /** Datagrams are not answered, the link is. */
  | 'link'
  | 'over'

export class Watch {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #hooks: WatchHooks
  /** Unproven at first: where UDP never worked nobody is suspected for it. */
  #phase: Phase = 'link'
  /** Sequence and time of this cycle's pings. */
  readonly #outstanding = new Map<number, number>() // at most MAX_OUTSTANDING
  #misses = 0
  #timeoutMs = 0
  #beats = 0
  #vouchedFor = false
  #timer: Cancel

  constructor(env: Pick<Env, 'now' | 'after'>, hooks: WatchHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#timer = env.after(0, () => this.#beat())
  }

  get isSuspect(): boolean {
    return this.#phase === 'suspect'
  }

  /** Datagrams say that it is alive. */
  get isVouched(): boolean {
    return this.#phase === 'resting' || this.#phase === 'waiting'
  }

  /** Datagrams decide whether it lives, and nothing else does. */
  get decides(): boolean {
    return this.isVouched || this.#phase === 'suspect'
  }

  /** Something speaks against it: asks at once. False where datagrams cannot tell. */
  doubt(): boolean {
    if (this.#phase === 'resting') this.#begin()
    return this.decides
  }

  /** The link closed and took the keys with it: datagrams tell no more. */
  linkDown(): void {
    if (this.isVouched) this.#fallBack()
  }

  /** There is a new link, and so a way for datagrams. */
  linkUp(): void {
    if (this.#phase !== 'link') return
    this.#beats = 0
    this.#try()
  }

  /** An ack came; false where nothing of this cycle was asked under that number. */
  acked(sequence: number): boolean {
    const sentAtMs = this.#outstanding.get(sequence)
    if (sentAtMs === undefined) return false
    this.#outstanding.delete(sequence)
    this.#hooks.measured(this.#env.now() - sentAtMs)
    if (this.#phase !== 'resting') this.#alive()
    return true
  }

  /** A fresh ping of its own came: as good as an ack, so of two that watch each other one pings an interval. */
  pinged(): void {
    if (this.#phase === 'link') this.#try()
    // with no miss yet, its ack is still worth a measurement
    else if (this.#phase !== 'over' && !(this.#phase === 'waiting' && this.#misses === 0)) this.#alive()
  }

  /** Somebody whom we asked got an answer from it. */
  vouched(): void {
    this.#vouchedFor = true
  }

  stop(): void {
    this.#phase = 'over'
    this.#timer()
  }

  #begin(): void {
    this.#phase = 'waiting'
    this.#outstanding.clear()
    this.#misses = 0
    this.#timeoutMs = this.#hooks.timeoutMs()
    this.#shoot()
  }

  #shoot(): void {
    if (this.#try()) this.#await(this.#timeoutMs, () => this.#missed())
    else this.#fallBack()
  }

  #missed(): void {
    if (++this.#misses >= DEADLY_TRIES) {
      this.#suspect()
      return
    }
    this.#timeoutMs *= BACKOFF
    this.#shoot()
    this.#hooks.missed(this.#misses)
  }

  #suspect(): void {
    this.#phase = 'suspect'
    this.#vouchedFor = false
    this.#hooks.changed()
    this.#hooks.askOthers()
    this.#hooks.probe((alive) => {
      if (alive && this.#phase === 'suspect') this.#fallBack()
    })
    this.#await(this.#hooks.patienceMs(), () => {
      // others reach it and we do not: it is no death, but we go on asking
      if (this.#vouchedFor) this.#alive()
      else this.#die()
    })
  }

  #alive(): void {
    const wasSuspect = this.isSuspect
    this.#phase = 'resting'
    this.#after(this.#hooks.restMs(), () => this.#begin())
    if (wasSuspect) this.#hooks.changed()
  }

  #die(): void {
    this.stop()
    this.#hooks.dead()
  }

  // ---- over the link

  #fallBack(): void {
    const wasSuspect = this.isSuspect
    this.#phase = 'link'
    this.#beats = EAGER_BEATS
    this.#after(this.#hooks.restMs(), () => this.#beat())
    if (wasSuspect) this.#hooks.changed()
  }

  #beat(): void {
    if (this.#beats > 0) this.#hooks.heartbeat()
    if (this.#phase !== 'link') return
    if (this.#beats < EAGER_BEATS || this.#beats % SELDOM_BEATS === 0) this.#try()
    this.#beats++
    this.#after(this.#hooks.restMs(), () => this.#beat())
  }

  // ---- pings and timers

  #try(): boolean {
    const sequence = this.#hooks.ping()
    if (sequence === null) return false
    this.#outstanding.set(sequence, this.#env.now())
    const [oldest] = this.#outstanding.keys()
    if (this.#outstanding.size > MAX_OUTSTANDING && oldest !== undefined) this.#outstanding.delete(oldest)
    return true
  }

  /** A timer that something is concluded from. */
  #await(delayMs: number, then: () => void, rearms = 0): void {
    const dueMs = this.#env.now() + delayMs
    this.#after(delayMs, () => {
      const isLate = this.#env.now() - dueMs > LATE_MS
      if (isLate && rearms < MAX_REARMS) this.#await(delayMs, then, rearms + 1)
      else then()
    })
  }

  #after(delayMs: number, then: () => void): void {
    this.#timer()
    this.#timer = this.#env.after(delayMs, then)
  }
}
