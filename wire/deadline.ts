/**
 * A timer that does not blame a peer for our own delay: after a blocked event loop timers fire before waiting bytes
 * are read, so one that comes late is given another moment instead of being counted.
 */
const LATE_MS = 100
const GRACE_MS = 100

export class Deadline {
  readonly #expired: () => void
  #timer: NodeJS.Timeout | null = null
  #due = 0

  constructor(expired: () => void) {
    this.#expired = expired
  }

  get running(): boolean {
    return this.#timer !== null
  }

  /** Runs out `ms` from now; an earlier start is forgotten. */
  start(ms: number): void {
    this.clear()
    this.#due = performance.now() + ms
    this.#timer = setTimeout(() => this.#fire(), ms)
    this.#timer.unref()
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #fire(): void {
    this.#timer = null
    if (performance.now() - this.#due > LATE_MS) this.start(GRACE_MS)
    else this.#expired()
  }
}
