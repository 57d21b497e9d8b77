/**
 * Waits until a path is left alone: 100 ms after the last event, and twice as long each time when it changes again soon
 * after, up to 200 ms (an edit shall be everywhere within a second). A path that is written without a pause is not due before it ends.
 */
import { performance } from 'node:perf_hooks'

export const QUIET_MS = 100
export const LONGEST_QUIET_MS = 200
/** A path that was left alone for so long is no busy one. */
const FORGET_MS = 1_000
const TICK_MS = 25
/** More than that are not worth a look each: `full` says so, and a scan is due instead. */
const MAX_SETTLING = 10_000

interface Waiting {
  readonly quietMs: number
  readonly dueMs: number
}

export class Settle {
  readonly #due: (paths: readonly string[]) => void
  readonly #waiting = new Map<string, Waiting>() // at most MAX_SETTLING
  /** Those that were due, oldest first; at most MAX_SETTLING. */
  readonly #busy = new Map<string, Waiting>()
  #timer: NodeJS.Timeout | null = null

  constructor(due: (paths: readonly string[]) => void) {
    this.#due = due
  }

  /** Something happened there. False: no room for one more. */
  touch(path: string): boolean {
    const now = performance.now()
    const waiting = this.#waiting.get(path)
    if (waiting === undefined && this.#waiting.size >= MAX_SETTLING) return false
    const quietMs = waiting?.quietMs ?? this.#quietOf(path, now)
    this.#waiting.set(path, { quietMs, dueMs: now + quietMs })
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
    return true
  }

  clear(): void {
    this.#waiting.clear()
    this.#busy.clear()
    this.#stop()
  }

  #quietOf(path: string, now: number): number {
    const busy = this.#busy.get(path)
    this.#busy.delete(path)
    if (busy === undefined || now > busy.dueMs + FORGET_MS) return QUIET_MS
    return Math.min(LONGEST_QUIET_MS, 2 * busy.quietMs)
  }

  #tick(): void {
    const now = performance.now()
    const due: string[] = []
    for (const [path, waiting] of this.#waiting) {
      if (waiting.dueMs > now) continue
      this.#waiting.delete(path)
      this.#busy.set(path, waiting)
      due.push(path)
    }
    for (const [path, { dueMs }] of this.#busy) {
      if (this.#busy.size <= MAX_SETTLING && now < dueMs + FORGET_MS) break
      this.#busy.delete(path)
    }
    if (this.#waiting.size === 0) this.#stop()
    if (due.length > 0) this.#due(due)
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
