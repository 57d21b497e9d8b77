/** One thing that is to be done shortly: asked for several times it is done once, at the earliest of these times. */
import type { Cancel, Env } from './env.js'

const SOON_MS = 50

export class Soon {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #work: () => void
  #dueAt = Number.POSITIVE_INFINITY
  #stop: Cancel = () => {}

  constructor(env: Pick<Env, 'now' | 'after'>, work: () => void) {
    this.#env = env
    this.#work = work
  }

  /** In so many milliseconds at the latest, 50 where absent. */
  plan(delayMs = SOON_MS): void {
    const dueAt = this.#env.now() + delayMs
    if (this.#dueAt <= dueAt) return
    this.#dueAt = dueAt
    this.#stop()
    this.#stop = this.#env.after(delayMs, () => {
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#work()
    })
  }
}
