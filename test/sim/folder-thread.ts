/**
 * The two ways between the core and the thread of a simulated folder's disk: calls are carried out in order, each after a
 * time of its own, and what the core is told comes in order too. A disk that was closed tells nothing of what was asked before.
 */
import type { SimProcess } from './process.js'
import type { Random } from './random.js'

export class FolderThread {
  #closings = 0
  #busyUntil = 0
  #toldUntil = 0

  constructor(
    readonly process: SimProcess,
    readonly random: Random,
  ) {}

  get now(): number {
    return this.process.schedule.now
  }

  /** To be done on the thread, and how long that takes. */
  ask(workMs: number, action: () => void): void {
    const start = Math.max(this.#busyUntil, this.now + this.random.between(0.02, 0.3))
    this.#busyUntil = start + workMs
    this.process.at(this.#busyUntil, 'folder disk', action)
  }

  /** The core is called. */
  tell(action: () => void): void {
    const closings = this.#closings
    this.#toldUntil = Math.max(this.#toldUntil, this.now + this.random.between(0.02, 0.5))
    this.process.at(this.#toldUntil, 'folder told', () => {
      if (closings === this.#closings) action()
    })
  }

  /** Nothing that is on its way to the core arrives any more. */
  close(): void {
    this.#closings++
  }
}
