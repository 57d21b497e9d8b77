/** Peers that broke a rule are kept away for a while. */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'

export const PENALTY_MS = 30_000
const MAX_PENALTIES = 1000

export class Penalties {
  readonly #env: Pick<Env, 'now'>
  readonly #until = new Map<PeerId, number>() // at most MAX_PENALTIES

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  /** Why a link that came in is refused; null where it is welcome. */
  of(peer: PeerId): string | null {
    const until = this.#until.get(peer)
    if (until === undefined) return null
    const leftMs = until - this.#env.now()
    if (leftMs > 0) return `it broke a rule: cut off for ${Math.ceil(leftMs / 1000)} s more`
    this.#until.delete(peer)
    return null
  }

  punish(peer: PeerId): void {
    const [oldest] = this.#until.keys()
    if (this.#until.size >= MAX_PENALTIES && oldest !== undefined) this.#until.delete(oldest)
    this.#until.set(peer, this.#env.now() + PENALTY_MS)
  }

  pardon(peer: PeerId): void {
    this.#until.delete(peer)
  }
}
