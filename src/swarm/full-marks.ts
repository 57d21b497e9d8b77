/** Who said that it has no room for which name; forgotten after a minute, then it is asked again. */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'

const FULL_MS = 60_000
const MAX_NAMES = 20_480
const MAX_PEERS = 256

export class FullMarks {
  readonly #env: Pick<Env, 'now'>
  /** Until when; at most MAX_NAMES, the oldest first, with MAX_PEERS each. */
  readonly #until = new Map<string, Map<PeerId, number>>()

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  has(name: string, peer: PeerId): boolean {
    return (this.#until.get(name)?.get(peer) ?? 0) > this.#env.now()
  }

  set(name: string, peer: PeerId, forMs = FULL_MS): void {
    const marks = this.#until.get(name) ?? new Map<PeerId, number>()
    for (const [marked, until] of marks) if (until <= this.#env.now()) marks.delete(marked)
    const [oldest] = this.#until.keys()
    if (!this.#until.has(name) && this.#until.size >= MAX_NAMES && oldest !== undefined) this.#until.delete(oldest)
    if (marks.size < MAX_PEERS || marks.has(peer)) this.#until.set(name, marks.set(peer, this.#env.now() + forMs))
  }

  delete(name: string, peer: PeerId): void {
    const marks = this.#until.get(name)
    if (marks?.delete(peer) && marks.size === 0) this.#until.delete(name)
  }

  /** It has more room than before, for everything. */
  forget(peer: PeerId): void {
    for (const name of [...this.#until.keys()]) this.delete(name, peer)
  }
}
