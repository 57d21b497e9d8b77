/**
 * Tells once, a little later, that other peers may own keys now: sixteen deaths at once make one move of files.
 * Invariant: whatever may change the members is followed by a comparison, and only a change is told.
 */
import type { Cancel } from '../env.js'
import type { MemberList } from './member-list.js'
import type { RingEnv } from './rpc.js'

const GATHER_MS = 100

export class OwnersNews {
  readonly #env: Pick<RingEnv, 'after'>
  readonly #members: MemberList
  readonly #changed: () => void
  #timer: Cancel | undefined
  #told = ''

  constructor(env: Pick<RingEnv, 'after'>, members: MemberList, changed: () => void) {
    this.#env = env
    this.#members = members
    this.#changed = changed
  }

  mayChange(): void {
    this.#members.invalidate()
    this.#timer ??= this.#env.after(GATHER_MS, () => {
      this.#timer = undefined
      const now = this.#members.all().join()
      if (now === this.#told) return
      this.#told = now
      this.#changed()
    })
  }

  /** From now on nothing is told. */
  stop(): void {
    this.#timer?.()
    this.#timer = () => {}
  }
}
