/**
 * How far this machine's clock stands from the others', as the median over linked peers of what their hello said.
 * A peer's clock is kept against our monotonic one, so that a step of our own wall clock shows at once.
 * Blocks carry times: beyond `REFUSE_MS` a peer must not mine.
 */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'

export const WARN_MS = 20_000
export const REFUSE_MS = 50_000

export type ClockState = 'good' | 'off' | 'wrong'

export class ClockOffsets {
  readonly #env: Pick<Env, 'now' | 'wallTime'>
  /** Their wall time at our monotonic zero; at most one per linked peer. */
  readonly #bases = new Map<PeerId, number>()

  constructor(env: Pick<Env, 'now' | 'wallTime'>) {
    this.#env = env
  }

  /** A hello said what time it is there. */
  heard(peer: PeerId, wallTime: number): void {
    this.#bases.set(peer, wallTime - this.#env.now())
  }

  forget(peer: PeerId): void {
    this.#bases.delete(peer)
  }

  /** Positive where the others are ahead of us; 0 without peers. */
  offsetMs(): number {
    const ours = this.#env.wallTime() - this.#env.now()
    const sorted = [...this.#bases.values()].map((base) => base - ours).sort((a, b) => a - b)
    const middle = sorted.length >> 1
    const upper = sorted[middle]
    if (upper === undefined) return 0
    const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? upper)
    return Math.round((lower + upper) / 2)
  }

  state(): ClockState {
    const distance = Math.abs(this.offsetMs())
    if (distance > REFUSE_MS) return 'wrong'
    return distance > WARN_MS ? 'off' : 'good'
  }
}
