/**
 * A token bucket: so much at once, then so much a second. Invariant: over any time t at most `burst + t * perSecond`
 * are taken (Turner 1986, the leaky bucket as a meter).
 */
import type { Env } from './env.js'

export class Bucket {
  readonly #env: Pick<Env, 'now'>
  readonly #burst: number
  readonly #perSecond: number
  #tokens: number
  #filledAt: number

  constructor(env: Pick<Env, 'now'>, burst: number, perSecond: number) {
    this.#env = env
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#filledAt = env.now()
  }

  /** Whether `take` would work now. */
  get hasOne(): boolean {
    this.#fill()
    return this.#tokens >= 1
  }

  take(): boolean {
    if (!this.hasOne) return false
    this.#tokens--
    return true
  }

  #fill(): void {
    const now = this.#env.now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) * this.#perSecond) / 1000)
    this.#filledAt = now
  }
}
