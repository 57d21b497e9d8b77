/**
 * Ends registered polls: a poll whose time has come gets one `close`, written by the peer that registered it, at once,
 * or, should that peer be gone, by the others one after the other in the order of the ring. Invariants: no close is
 * written while one waits to be mined, while the chain is being fetched or by a wrong clock; nothing ticks where no
 * poll has an end ahead.
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { Chain } from './chain.js'
import type { Mempool } from './mempool.js'
import { patienceMs, rankAfter } from './miner/schedule.js'
import type { ChainParams } from './params.js'
import type { Registered } from './tally.js'

/** Clocks are set and chains change: nothing is slept over longer than this. */
const LONGEST_MS = 60_000
const SHORTEST_MS = 250
/** A close that is due and cannot be written yet is looked at again after this. */
const HELD_UP_MS = 1000
/** Who sees an end this late was away, and first hears for a while what happened meanwhile. */
const LATE_MS = 2000
const SETTLE_MS = 3000
/** Closes written in one go; the others follow with the next look. */
const MAX_AT_ONCE = 8

export interface ClosingOptions {
  readonly params: ChainParams
  readonly self: PeerId
  readonly members: () => Iterable<PeerId>
  /** This peer neither mines nor should: only its own polls are its business. */
  readonly idle: () => boolean
  /** The chain is being fetched, or our clock is wrong. */
  readonly unsure: () => boolean
  readonly close: (poll: string) => void
  /** A poll has just ended. */
  readonly ended: () => void
}

export class Closing {
  readonly #env: Pick<Env, 'now' | 'wallTime' | 'after'>
  readonly #chain: Chain
  readonly #mempool: Mempool
  readonly #options: ClosingOptions
  /** env.now() from which an ended poll's close is waited for; as many as the chain has unclosed ones. */
  #sinceMs: ReadonlyMap<string, number> = new Map()
  #cancel: Cancel = () => {}

  constructor(env: Pick<Env, 'now' | 'wallTime' | 'after'>, chain: Chain, mempool: Mempool, options: ClosingOptions) {
    this.#env = env
    this.#chain = chain
    this.#mempool = mempool
    this.#options = options
  }

  /** Looks again once what is going on now is over; called when something changed. */
  plan(): void {
    this.#cancel()
    this.#cancel = () => {}
    for (const _ of this.#chain.state.tally.unclosed()) {
      this.#cancel = this.#env.after(0, () => this.#look())
      return
    }
  }

  #look(): void {
    const due = this.#due()
    for (const { record } of due.polls.slice(0, MAX_AT_ONCE)) this.#options.close(record.poll)
    this.#cancel()
    this.#cancel = due.nextMs === null ? () => {} : this.#env.after(due.nextMs, () => this.#look())
  }

  /** The polls to close now, and when to look again. */
  #due(): { readonly polls: readonly Registered[]; readonly nextMs: number | null } {
    const [now, wall] = [this.#env.now(), this.#env.wallTime()]
    const unsure = this.#options.unsure()
    const sinceMs = new Map<string, number>()
    const polls: Registered[] = []
    let nextMs: number | null = null
    for (const registered of this.#chain.state.tally.unclosed()) {
      const { poll, closes } = registered.record
      let dueInMs = closes * 1000 - wall
      if (dueInMs <= 0) {
        const since = this.#sinceMs.get(poll) ?? now + (dueInMs < -LATE_MS ? SETTLE_MS : 0)
        sinceMs.set(poll, since)
        dueInMs = since + this.#patienceMs(registered) - now
      }
      if (dueInMs <= 0 && !unsure && !this.#mempool.hasClose(poll)) polls.push(registered)
      nextMs = Math.min(nextMs ?? LONGEST_MS, dueInMs > 0 ? Math.max(dueInMs, SHORTEST_MS) : HELD_UP_MS)
    }
    const news = [...sinceMs.keys()].some((poll) => !this.#sinceMs.has(poll))
    this.#sinceMs = sinceMs
    if (news) this.#options.ended()
    return { polls, nextMs }
  }

  #patienceMs({ id, author }: Registered): number {
    const { self, members, params, idle } = this.#options
    if (author === self) return 0
    return idle() ? Number.POSITIVE_INFINITY : patienceMs(rankAfter(id, self, members()), params)
  }
}
