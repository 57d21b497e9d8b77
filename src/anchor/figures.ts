/** What admission is told of another task, for `status`: anew when it changed, and whole to a process that begins. */
import type { Cancel, Env } from '../env.js'
import type { SiblingMessage, TaskHooks } from './task.js'

/** Changes of one moment are told together. */
const GATHER_MS = 100

export class Figures {
  readonly #env: Pick<Env, 'after'>
  readonly #hooks: Pick<TaskHooks, 'tell'>
  readonly #cut: () => SiblingMessage
  #gathering: Cancel | null = null
  #told = ''

  constructor(env: Pick<Env, 'after'>, hooks: Pick<TaskHooks, 'tell'>, cut: () => SiblingMessage) {
    this.#env = env
    this.#hooks = hooks
    this.#cut = cut
  }

  /** They may be others now. */
  changed(): void {
    this.#gathering ??= this.#env.after(GATHER_MS, () => {
      this.#gathering = null
      if (JSON.stringify(this.#cut()) !== this.#told) this.tell()
    })
  }

  tell(): void {
    const figures = this.#cut()
    this.#told = JSON.stringify(figures)
    this.#hooks.tell('admission', figures)
  }
}
