/** Holds back what is to be said while something else must be said first. */
export class Gate {
  readonly #waiting: (() => void)[] = [] // bounded by what the scanner says before it is answered
  #closed = 0

  /** Says it now, or, in order, when the gate is open. */
  pass(say: () => void): void {
    if (this.#closed > 0) this.#waiting.push(say)
    else say()
  }

  /** Answers how to open it again. */
  close(): () => void {
    this.#closed++
    return () => {
      this.#closed--
      while (this.#closed === 0 && this.#waiting.length > 0) this.#waiting.shift()?.()
    }
  }
}
