/**
 * Tells the first successor and predecessor at once when our lists changed: a repair then takes one trip a place
 * instead of one period. Stops by itself, since a list that stays the same is not pushed on.
 * Invariant: an empty list and the guesses of an isolated peer are never shared.
 */
import type { Cancel } from '../env.js'
import type { Calls, RingEnv } from './rpc.js'
import type { RingState } from './state.js'

/** Sixteen deaths at once make one message. */
const GATHER_MS = 5

export class Push {
  readonly #env: RingEnv
  readonly #state: RingState
  readonly #calls: Calls
  #pending: Cancel | undefined

  constructor(env: RingEnv, state: RingState, calls: Calls) {
    this.#env = env
    this.#state = state
    this.#calls = calls
  }

  listsChanged(): void {
    this.#pending ??= this.#env.after(GATHER_MS, () => {
      this.#pending = undefined
      this.#send()
    })
  }

  /** Sends what waits before anything else goes out: on a link shorter than the wait, a question would overtake it. */
  flush(): void {
    if (this.#pending === undefined) return
    this.stop()
    this.#send()
  }

  stop(): void {
    this.#pending?.()
    this.#pending = undefined
  }

  #send(): void {
    const { standing, successors, predecessors, shared } = this.#state
    if (standing !== 'member' || successors.first === undefined) return
    const message = { type: 'ringUpdate', ...shared } as const
    for (const peer of new Set([successors.first, predecessors.first]))
      if (peer !== undefined) this.#calls.post(peer, message)
  }
}
