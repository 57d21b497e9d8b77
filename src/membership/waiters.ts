/** Those who wait until a peer is linked, each with a deadline and answered exactly once. */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'

const MAX_WAITERS = 1000

export type Outcome = { readonly linked: true } | { readonly linked: false; readonly reason: string }

interface Waiter {
  readonly peer: PeerId
  readonly done: (outcome: Outcome) => void
  readonly timer: Cancel
}

export class Waiters {
  readonly #env: Pick<Env, 'after'>
  readonly #waiting = new Set<Waiter>() // at most MAX_WAITERS

  constructor(env: Pick<Env, 'after'>) {
    this.#env = env
  }

  add(peer: PeerId, timeoutMs: number, done: (outcome: Outcome) => void): void {
    if (this.#waiting.size >= MAX_WAITERS) {
      this.#env.after(0, () => done({ linked: false, reason: 'too much is waiting already' }))
      return
    }
    const timer = this.#env.after(timeoutMs, () => {
      this.#waiting.delete(waiter)
      done({ linked: false, reason: 'it did not answer in time' })
    })
    const waiter: Waiter = { peer, done, timer }
    this.#waiting.add(waiter)
  }

  has(peer: PeerId): boolean {
    for (const waiter of this.#waiting) if (waiter.peer === peer) return true
    return false
  }

  /** Answers all who wait for that peer. */
  resolve(peer: PeerId, outcome: Outcome): void {
    for (const waiter of [...this.#waiting]) {
      if (waiter.peer !== peer || !this.#waiting.delete(waiter)) continue
      waiter.timer()
      waiter.done(outcome)
    }
  }
}
