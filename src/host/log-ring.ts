/** The last log lines of a peer, for the console's log pane and `log`; whoever listens gets each line once. */
import type { LogLine } from '../api.js'
import type { LogLevel } from '../env.js'

const MAX_LINES = 1_000

export class LogRing {
  readonly #lines: LogLine[] = [] // at most MAX_LINES
  readonly #onLine: (line: LogLine) => void

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine
  }

  add(level: LogLevel, text: string): void {
    const line = { time: Date.now(), level, text }
    this.#lines.push(line)
    if (this.#lines.length > MAX_LINES) this.#lines.shift()
    this.#onLine(line)
  }

  /** Oldest first. */
  lines(): readonly LogLine[] {
    return [...this.#lines]
  }
}
