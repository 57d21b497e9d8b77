/**
 * Notices that a link is dead although nobody closed it (a frozen peer, a cut cable): pings at a steady pace, measures
 * the round trip (RFC 6298 smoothing) and gives up after a bounded silence. Any byte that comes in is a sign of life.
 * Invariant: silence counts only while we ourselves were awake; a tick that comes late starts the count anew, because
 * after a pause timers fire before waiting answers are read.
 */
import type { Cancel, Env, Link } from '../env.js'

export interface HeartbeatOptions {
  /** Between two pings; asked each time, so that it may grow with the number of links. */
  intervalMs(): number
  /** No byte for this long, while pinged: dead. */
  silenceMs(): number
}

/** With more links each is pinged less often, to four times less. */
const LINKS_PER_PACE = 8
const SLOWEST_PACE = 4
const SILENT_PINGS = 6
const SHORTEST_SILENCE_MS = 3000

/** Between two pings of one link, while there are so many. */
export function paceMs(pingIntervalMs: number, links: number): number {
  return pingIntervalMs * Math.min(Math.max(links / LINKS_PER_PACE, 1), SLOWEST_PACE)
}

/** How much silence means death at that pace. */
export function silenceMs(pace: number): number {
  return Math.max(SHORTEST_SILENCE_MS, SILENT_PINGS * pace)
}

/** A tick this late means that we slept, not that they did. */
const LATE_MS = 250
/** Pings whose answers we still measure. */
const MAX_OUTSTANDING = 16
const SMOOTHING = 1 / 8
/** Silence of so many pings is worth a second look. */
const QUIET_PINGS = 1.8
/** A ping is unanswered when so many more were due. */
const MISSED_AFTER = 2

export interface HeartbeatHooks {
  /** Silent for too long. */
  dead(): void
  /** A ping was answered before two more were due, or was not. */
  answered(inTime: boolean): void
  /** At each ping. */
  beat(): void
  /** At each ping while there was no sign of life since the last but one. */
  quiet(): void
}

interface Ping {
  readonly at: number
  /** Nobody waits for its answer any more. */
  judged: boolean
}

export class Heartbeat {
  readonly #env: Pick<Env, 'now' | 'after' | 'random'>
  readonly #link: Link
  readonly #options: HeartbeatOptions
  readonly #hooks: HeartbeatHooks
  readonly #sent = new Map<number, Ping>() // at most MAX_OUTSTANDING
  #sequence = 0
  #heardAt: number
  #bytesReceived: number
  #timer: Cancel
  #rttMs: number | null = null
  #challenges: { readonly sequence: number; readonly answered: () => void; readonly timer: Cancel }[] = [] // at most MAX_OUTSTANDING

  constructor(
    env: Pick<Env, 'now' | 'after' | 'random'>,
    link: Link,
    options: HeartbeatOptions,
    hooks: HeartbeatHooks,
  ) {
    this.#env = env
    this.#link = link
    this.#options = options
    this.#hooks = hooks
    this.#heardAt = env.now()
    this.#bytesReceived = link.bytesReceived
    // The first ping goes soon, for a round trip to show; then each link has its own phase.
    this.#timer = this.#arm(options.intervalMs() * 0.25 * (1 + env.random()))
  }

  /** Smoothed round trip; null before the first answer. */
  get rttMs(): number | null {
    return this.#rttMs
  }

  silentMs(): number {
    this.#look()
    return this.#env.now() - this.#heardAt
  }

  pong(sequence: number): void {
    const now = this.#env.now()
    this.#heardAt = now
    const ping = this.#sent.get(sequence)
    if (ping === undefined) return
    this.#sent.delete(sequence)
    if (!ping.judged) this.#hooks.answered(true)
    const rtt = now - ping.at
    this.#rttMs = this.#rttMs === null ? rtt : this.#rttMs + (rtt - this.#rttMs) * SMOOTHING
    const met = this.#challenges.filter((challenge) => challenge.sequence === sequence)
    this.#challenges = this.#challenges.filter((challenge) => challenge.sequence !== sequence)
    for (const challenge of met) {
      challenge.timer()
      challenge.answered()
    }
  }

  /** Is the link alive right now? `silent` where no answer comes in time; neither once stopped. */
  challenge(timeoutMs: number, answered: () => void, silent: () => void): void {
    const sequence = this.#ping()
    const timer = this.#env.after(timeoutMs, () => {
      this.#challenges = this.#challenges.filter((challenge) => challenge.sequence !== sequence)
      silent()
    })
    if (this.#challenges.length < MAX_OUTSTANDING) this.#challenges.push({ sequence, answered, timer })
    else timer()
  }

  stop(): void {
    this.#timer()
    for (const { timer } of this.#challenges) timer()
    this.#challenges = []
  }

  #arm(delayMs: number): Cancel {
    const due = this.#env.now() + delayMs
    return this.#env.after(delayMs, () => this.#tick(this.#env.now() - due))
  }

  #tick(lateMs: number): void {
    this.#look()
    this.#hooks.beat()
    if (lateMs > LATE_MS) {
      this.#heardAt = this.#env.now()
      for (const ping of this.#sent.values()) ping.judged = true
    } else if (this.#env.now() - this.#heardAt >= this.#options.silenceMs()) {
      this.#hooks.dead()
      return
    }
    if (this.silentMs() >= QUIET_PINGS * this.#options.intervalMs()) this.#hooks.quiet()
    this.#judge()
    this.#ping()
    this.#timer = this.#arm(this.#options.intervalMs())
  }

  #judge(): void {
    const { intervalMs } = this.#options
    const before = this.#env.now() - MISSED_AFTER * intervalMs()
    for (const ping of this.#sent.values()) {
      if (ping.judged || ping.at > before) continue
      ping.judged = true
      this.#hooks.answered(false)
    }
  }

  /** Bytes of a message that is still under way are signs of life too. */
  #look(): void {
    if (this.#link.bytesReceived === this.#bytesReceived) return
    this.#bytesReceived = this.#link.bytesReceived
    this.#heardAt = this.#env.now()
  }

  #ping(): number {
    this.#sequence = (this.#sequence + 1) >>> 0
    this.#sent.set(this.#sequence, { at: this.#env.now(), judged: false })
    const [oldest] = this.#sent.keys()
    if (this.#sent.size > MAX_OUTSTANDING && oldest !== undefined) this.#sent.delete(oldest)
    this.#link.send({ type: 'ping', sequence: this.#sequence })
    return this.#sequence
  }
}
