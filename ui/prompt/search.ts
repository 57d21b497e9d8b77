/** Ctrl-R: the newest line of the history with a text in it, and the ones before it. The prompt is kept meanwhile. */
import { type Editor, EMPTY, textOf } from './editor.js'

export interface Search {
  readonly query: Editor
  /** Index of the line that was found last; -1 where none was. */
  readonly at: number
  /** Nothing (more) has the text in it. */
  readonly failed: boolean
}

export const NO_SEARCH: Search = { query: EMPTY, at: -1, failed: false }

/** The text changed: the newest line again. */
export function searchFor(lines: readonly string[], query: Editor): Search {
  if (textOf(query) === '') return { query, at: -1, failed: false }
  const at = newestWith(lines, textOf(query), lines.length)
  return { query, at, failed: at < 0 }
}

/** Ctrl-R again. */
export function searchOn(lines: readonly string[], search: Search): Search {
  const text = textOf(search.query)
  if (text === '') return search
  const shown = lines[search.at]
  // the same line again would look as if nothing happened
  let at = search.at < 0 ? -1 : newestWith(lines, text, search.at)
  while (at >= 0 && lines[at] === shown) at = newestWith(lines, text, at)
  return at < 0 ? { ...search, failed: true } : { ...search, at, failed: false }
}

function newestWith(lines: readonly string[], text: string, before: number): number {
  const wanted = text.toLowerCase()
  for (let at = before - 1; at >= 0; at--) if (lines[at]?.toLowerCase().includes(wanted)) return at
  return -1
}
