/**
 * Files that could not be fetched lately and when to try again: each time twice as late, up to five minutes. Where nobody
 * had anything, a word that somebody does ends the rest; where holders sent nothing, words do not count.
 */
import type { Hash } from '../../wire/types.js'
import type { Env } from '../env.js'

const FIRST_MS = 5_000
const LONGEST_MS = 300_000
const MAX_RESTING = 16_384

interface Rest {
  readonly until: number
  readonly restMs: number
  readonly why: 'nobody' | 'silence'
}

export class Rests {
  readonly #env: Pick<Env, 'now'>
  readonly #rests = new Map<Hash, Rest>() // at most MAX_RESTING

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  /** How long it still rests. */
  leftMs(id: Hash): number {
    return Math.max(0, (this.#rests.get(id)?.until ?? 0) - this.#env.now())
  }

  /** Answers how long it rests now. */
  begin(id: Hash, why: Rest['why']): number {
    const restMs = Math.min(LONGEST_MS, 2 * (this.#rests.get(id)?.restMs ?? FIRST_MS / 2))
    if (this.#rests.size >= MAX_RESTING) this.#rests.clear()
    this.#rests.set(id, { until: this.#env.now() + restMs, restMs, why })
    return restMs
  }

  /** Somebody says that it holds something; true where that ends a rest. */
  promised(id: Hash): boolean {
    return this.#rests.get(id)?.why === 'nobody' && this.#rests.delete(id)
  }

  /** It came. */
  end(id: Hash): void {
    this.#rests.delete(id)
  }
}
