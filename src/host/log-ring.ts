/**
 * The last log lines of a peer, for the console's log pane and `log`; whoever listens gets each line once.
 * Invariant: chatter (debug) and events have room of their own, else a minute of pings would push out all that happened.
 */
import type { LogLine } from '../api.js'
import type { LogLevel } from '../env.js'

const MAX_EVENTS = 800
const MAX_CHATTER = 200
/** What a terminal could take for an order: others choose parts of these lines. */
const ORDERS = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

interface Numbered {
  readonly order: number
  readonly line: LogLine
}

export class LogRing {
  readonly #events: Numbered[] = [] // at most MAX_EVENTS
  readonly #chatter: Numbered[] = [] // at most MAX_CHATTER
  readonly #onLine: (line: LogLine) => void
  #order = 0

  constructor(onLine: (line: LogLine) => void) {
    this.#onLine = onLine
  }

  add(level: LogLevel, said: string): void {
    const line = { time: Date.now(), level, text: said.replace(ORDERS, '▯') }
    if (level === 'debug') push(this.#chatter, { order: this.#order++, line }, MAX_CHATTER)
    else push(this.#events, { order: this.#order++, line }, MAX_EVENTS)
    this.#onLine(line)
  }

  /** Oldest first. */
  lines(): readonly LogLine[] {
    return [...this.#events, ...this.#chatter].sort((a, b) => a.order - b.order).map(({ line }) => line)
  }
}

function push(lines: Numbered[], line: Numbered, most: number): void {
  lines.push(line)
  if (lines.length > most) lines.shift()
}
