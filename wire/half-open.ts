/**
 * Accepted connections that are nobody yet. Each has little time, and where there are too many the oldest makes room:
 * a flood of strangers costs bounded memory and never closes the door for a peer that introduces itself promptly.
 */
import { Deadline } from './deadline.js'
import { HALF_OPEN_STRANGERS, INTRODUCTION_MS } from './limits.js'

export class HalfOpen {
  /** In order of arrival, at most `HALF_OPEN_STRANGERS`. */
  readonly #strangers = new Map<() => void, Deadline>()

  get size(): number {
    return this.#strangers.size
  }

  /** `drop` ends the connection unless the returned function is called before, once it is introduced or gone. */
  add(drop: () => void): () => void {
    const [oldest] = this.#strangers.keys()
    if (this.#strangers.size >= HALF_OPEN_STRANGERS && oldest !== undefined) this.#drop(oldest)
    const deadline = new Deadline(() => this.#drop(drop))
    deadline.start(INTRODUCTION_MS)
    this.#strangers.set(drop, deadline)
    return () => this.#forget(drop)
  }

  dropAll(): void {
    for (const drop of [...this.#strangers.keys()]) this.#drop(drop)
  }

  #drop(drop: () => void): void {
    this.#forget(drop)
    drop()
  }

  #forget(drop: () => void): void {
    this.#strangers.get(drop)?.clear()
    this.#strangers.delete(drop)
  }
}
