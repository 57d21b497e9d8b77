/** Work in slices: after so much of it the event loop has a turn, so that nothing waits long behind a large file. */
import { setImmediate as turn } from 'node:timers/promises'

const SLICE_BYTES = 8 << 20
/** What the work of one small file costs, in bytes of a large one. */
export const FILE_COST = SLICE_BYTES / 64

export class Pace {
  #spent = 0

  /** Settles at once, or after a turn where a slice is used up. */
  async spend(bytes: number): Promise<void> {
    this.#spent += bytes
    if (this.#spent < SLICE_BYTES) return
    this.#spent = 0
    await turn()
  }
}

/** Tasks that run one after the other. */
export class Lane {
  #last: Promise<void> = Promise.resolve()

  /** What a task throws is a fault of ours, and ends the worker. */
  add(task: () => Promise<void>): void {
    this.#last = this.#last.then(task)
  }

  /** Settles when all that was added so far is done. */
  idle(): Promise<void> {
    return this.#last
  }
}
