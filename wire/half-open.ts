/**
 * Accepted connections that are nobody yet. Each has little time, and where there are too many the oldest makes room:
 * a flood of strangers costs bounded memory and never closes the door for a peer that introduces itself promptly.
 */
import { Deadline } from './deadline.js'
import { HALF_OPEN_STRANGERS, INTRODUCTION_MS } from './limits.js'

type Drop = (reason: string) => void

export class HalfOpen {
  /** In order of arrival, at most `HALF_OPEN_STRANGERS`. */
  readonly #strangers = new Map<Drop, Deadline>()

  get size(): number {
    return this.#strangers.size
  }

  /**
   * `drop` ends the connection unless the returned function is called before, once it is introduced or gone; that
   * one tells whether it was among the strangers until now.
   */
  add(drop: Drop): () => boolean {
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size >= HALF_OPEN_STRANGERS && oldest !== undefined) {
      oldest('too many strangers at the door')
      this.#forget(oldest)
    }
    const deadline = new Deadline(() => drop('not introduced in time'))
    deadline.start(INTRODUCTION_MS)
    this.#strangers.set(drop, deadline)
    return () => this.#forget(drop)
  }

  dropAll(): void {
    for (const drop of [...this.#strangers.keys()]) {
      drop('the peer closes')
      this.#forget(drop)
    }
  }

  #forget(drop: Drop): boolean {
    this.#strangers.get(drop)?.clear()
    return this.#strangers.delete(drop)
  }
}
