/** The peer's timers. Invariant: after `close` none fires any more, so the core is not called once its world is gone. */
import type { Cancel } from '../env.js'

/** Beyond this, Node would fire at once. */
const LONGEST_MS = 2 ** 31 - 1

export class Timers {
  readonly #running = new Set<NodeJS.Timeout>()
  #closed = false

  /** Calls `fn` once, `delayMs` from now or later. */
  after(delayMs: number, fn: () => void): Cancel {
    if (this.#closed) return () => {}
    const part = Math.min(Math.max(0, delayMs), LONGEST_MS)
    let cancelRest: Cancel = () => {}
    const timer = setTimeout(() => {
      this.#running.delete(timer)
      if (part < delayMs) cancelRest = this.after(delayMs - part, fn)
      else fn()
    }, part)
    this.#running.add(timer)
    return () => {
      clearTimeout(timer)
      this.#running.delete(timer)
      cancelRest()
    }
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#running) clearTimeout(timer)
    this.#running.clear()
  }
}
