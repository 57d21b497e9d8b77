/**
 * The lines typed before, newest last, and the draft that is kept while one walks through them.
 */

export interface History {
  readonly lines: readonly string[]
  /** Index of the line shown; `lines.length` is the draft. */
  readonly at: number
  readonly draft: string
}

export const MAX_LINES = 500

export function historyOf(lines: readonly string[]): History {
  const kept = lines.slice(-MAX_LINES)
  return { lines: kept, at: kept.length, draft: '' }
}

/** After a line was entered: it becomes the newest, unless it was that already or has a ticket in it. */
export function remember(history: History, line: string): History {
  const out = history.lines.at(-1) === line || line.trim() === '' || /p2p1/i.test(line)
  return historyOf(out ? history.lines : [...history.lines, line])
}

/** One step back (-1) or forth (1) from `shown`; null where there is nothing further. */
export function walk(history: History, step: -1 | 1, shown: string): { history: History; text: string } | null {
  const at = history.at + step
  if (at < 0 || at > history.lines.length) return null
  const draft = history.at === history.lines.length ? shown : history.draft
  return { history: { ...history, at, draft }, text: history.lines[at] ?? draft }
}
