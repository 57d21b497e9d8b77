/**
 * Log lines about what others do, as often as a person can read them: a peer that asks for a thousand files a second
 * must not push everything else out of the log. Invariant: at most `BURST` lines at once and `PER_SECOND` a second; how
 * many were left out is said with the next one.
 */
import { Bucket } from './bucket.js'
import type { Env, LogLevel } from './env.js'

const BURST = 6
const PER_SECOND = 1

export class PacedLog {
  readonly #env: Pick<Env, 'now' | 'log'>
  readonly #bucket: Bucket
  #leftOut = 0

  constructor(env: Pick<Env, 'now' | 'log'>) {
    this.#env = env
    this.#bucket = new Bucket(env, BURST, PER_SECOND)
  }

  say(level: LogLevel, text: string): void {
    if (!this.#bucket.take()) {
      this.#leftOut++
      return
    }
    const before = this.#leftOut === 0 ? '' : ` (${this.#leftOut} such lines before it were left out)`
    this.#leftOut = 0
    this.#env.log(level, `${text}${before}`)
  }
}
