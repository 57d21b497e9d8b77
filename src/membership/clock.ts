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
  readonly #env: Pick<Env, 'now' | 'wallTime' | 'log'>
  /** Their wall time at our monotonic zero; at most one per linked peer. */
  readonly #bases = new Map<PeerId, number>()
  #told: ClockState = 'good'

  constructor(env: Pick<Env, 'now' | 'wallTime' | 'log'>) {
    this.#env = env
  }

  /** A hello said what time it is there. */
  heard(peer: PeerId, wallTime: number): void {
    this.#bases.set(peer, wallTime - this.#env.now())
    this.#tell()
  }

  forget(peer: PeerId): void {
    this.#bases.delete(peer)
    this.#tell()
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

  /** Says it once when the state changes; who shows a standing warning asks `state`. */
  #tell(): void {
    const state = this.state()
    if (state === this.#told || this.#bases.size === 0) return
    this.#told = state
    if (state === 'good') {
      this.#env.log('notice', 'the clock of this machine agrees with the others again')
      return
    }
    const offsetMs = this.offsetMs()
    const side = offsetMs > 0 ? 'behind' : 'ahead of'
    const seconds = Math.round(Math.abs(offsetMs) / 1000)
    const effect = state === 'wrong' ? '; it will not mine until the clock is set right' : ''
    this.#env.log('warn', `the clock of this machine is ${seconds} s ${side} the others${effect}`)
  }
}
