/**
 * Users who wait for their vote or note. Invariants: each is answered exactly once, unless cancelled; 'added' only when
 * the block that holds the record is durable here; answers never come inside the call that asked.
 */
import type { Hash } from '../../wire/types.js'
import type { Done, OnProgress, Progress, VoteView } from '../api.js'
import { done as ok, refused } from '../api.js'
import type { Cancel, Env } from '../env.js'
import type { Chain } from './chain.js'

const PROGRESS_MS = 500
/** Users waiting at once. */
export const MAX_WAITING = 1024

interface Waiting {
  readonly progress: OnProgress
  readonly done: Done<VoteView>
  readonly cancelTimeout: Cancel
}

export class Submissions {
  readonly #env: Pick<Env, 'after'>
  readonly #chain: Chain
  /** What is going on, for those who wait. */
  readonly #news: () => Progress
  /** By record id, at most MAX_WAITING. */
  readonly #waiting = new Map<Hash, Waiting>()
  #ticking = false

  constructor(env: Pick<Env, 'after'>, chain: Chain, news: () => Progress) {
    this.#env = env
    this.#chain = chain
    this.#news = news
  }

  get isFull(): boolean {
    return this.#waiting.size >= MAX_WAITING
  }

  /** Answers 'pending' after `timeoutMs`; the record stays where it is. */
  add(id: Hash, progress: OnProgress, done: Done<VoteView>, timeoutMs: number | null): void {
    const cancelTimeout = timeoutMs === null ? () => {} : this.#env.after(timeoutMs, () => this.#answer(id, 'pending'))
    this.#waiting.set(id, { progress, done, cancelTimeout })
    this.#tickLater(0)
  }

  /** False if nobody waits for it any more. */
  remove(id: Hash): boolean {
    this.#waiting.get(id)?.cancelTimeout()
    return this.#waiting.delete(id)
  }

  /** More of the chain is durable. */
  durable(): void {
    for (const id of this.#waiting.keys()) {
      const place = this.#chain.state.place(id)
      if (place !== undefined && this.#chain.isDurable(place.block)) this.#answer(id, 'added')
    }
  }

  /** It can no longer be mined; `reason` says why. */
  invalid(id: Hash, reason: string): void {
    this.#answer(id, 'invalid', reason)
  }

  expired(id: Hash): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined || !this.remove(id)) return
    this.#env.after(0, () =>
      waiting.done(refused('nobody mined it within a day; allow mining (mine own) and try again')),
    )
  }

  #answer(id: Hash, status: VoteView['status'], reason = ''): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    this.remove(id)
    const place = status === 'added' ? this.#chain.state.place(id) : undefined
    const height = place?.height ?? this.#chain.tip.height
    this.#env.after(0, () => waiting.done(ok({ status, ballot: id, block: place?.block ?? '', height, reason })))
  }

  #tickLater(delayMs: number): void {
    if (this.#ticking) return
    this.#ticking = true
    this.#env.after(delayMs, () => {
      this.#ticking = false
      if (this.#waiting.size === 0) return
      const news = this.#news()
      for (const { progress } of [...this.#waiting.values()]) progress(news)
      this.#tickLater(PROGRESS_MS)
    })
  }
}
