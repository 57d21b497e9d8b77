/**
 * What may stand where one types (see `ConsoleSource.complete`). Tab: first the beginning that all candidates share, then
 * one after the other; the candidates stay in view meanwhile.
 */
import { MAX_SUGGESTIONS, type Suggestion, type Suggestions } from '../source.js'
import { type Editor, MAX_INPUT_LENGTH } from './editor.js'
import { quoteWord } from './quote.js'

/** The suggestions for a text, kept so that they are asked for only when it changes. */
export interface Suggested extends Suggestions {
  /** Before the cursor. */
  readonly text: string
  /** What was asked for: the text, or the line that it stands for. */
  readonly line: string
}

export interface Completion {
  /** What stood before the cursor at the first Tab. */
  readonly typed: string
  readonly suggestions: Suggestions
  /** -1 while the shared beginning is shown. */
  readonly at: number
}

/** How candidates go into the text: as words of a line, or as they are into a field of a form. */
export type Writing = (value: string) => string

export const asWord: Writing = quoteWord
export const asText: Writing = (value) => value

export interface Completed {
  /** null: it is done, there was but one candidate. */
  readonly completion: Completion | null
  readonly editor: Editor
}

/** The first Tab. null where nothing fits. */
export function begin({ before, after }: Editor, suggestions: Suggestions, write: Writing): Completed | null {
  const candidates = suggestions.candidates.slice(0, MAX_SUGGESTIONS)
  const some = { ...suggestions, candidates }
  const [first] = candidates
  if (first === undefined) return null
  const put = (word: string, more = ''): Editor => placed(before, after, some, word, more)
  if (candidates.length === 1)
    return { completion: null, editor: put(write(first.value), write === asWord ? gapAfter(first, after) : '') }
  const shared = sharedBeginning(candidates.map(({ value }) => value))
  const longer = write(shared)
  if (shared.length > 0 && longer.length > before.length - some.from && !/["'\\]/.test(before.slice(some.from)))
    return { completion: { typed: before, suggestions: some, at: -1 }, editor: put(longer) }
  return { completion: { typed: before, suggestions: some, at: 0 }, editor: put(write(first.value)) }
}

/** A further Tab (1) or Shift-Tab (-1). */
export function next(completion: Completion, step: 1 | -1, after: string, write: Writing): Completed {
  const { suggestions, at, typed } = completion
  const { candidates } = suggestions
  const from = at === -1 && step === -1 ? 0 : at
  const index = (from + step + candidates.length) % candidates.length
  const word = write(candidates[index]?.value ?? '')
  return { completion: { ...completion, at: index }, editor: placed(typed, after, suggestions, word, '') }
}

/** What the best candidate would add behind the cursor; '' before a word is begun, for nobody asked yet. */
export function ghostOf({ before, after }: Editor, suggested: Suggested | null, write: Writing): string {
  const [best] = suggested?.candidates ?? []
  if (best === undefined || suggested === null || suggested.text !== before || after !== '') return ''
  const typed = before.slice(suggested.from)
  const word = write(best.value)
  return typed !== '' && word.toLowerCase().startsWith(typed.toLowerCase()) ? word.slice(typed.length) : ''
}

/** Takes what `ghostOf` shows; also puts right the case of what was typed. */
export function takeGhost(editor: Editor, suggested: Suggested | null, write: Writing): Editor | null {
  const [best] = suggested?.candidates ?? []
  if (best === undefined || suggested === null || ghostOf(editor, suggested, write) === '') return null
  return placed(editor.before, '', suggested, write(best.value), '')
}

function placed(before: string, after: string, { from }: Suggestions, word: string, more: string): Editor {
  const room = Math.max(0, MAX_INPUT_LENGTH - after.length)
  return { before: (before.slice(0, from) + word + more).slice(0, room), after }
}

const gapAfter = ({ value }: Suggestion, after: string): string => (/[/=]$/.test(value) || /^\s/.test(after) ? '' : ' ')

function sharedBeginning(values: readonly string[]): string {
  let shared = [...(values[0] ?? '')]
  for (const value of values.slice(1)) {
    const characters = [...value]
    let same = 0
    while (same < shared.length && shared[same]?.toLowerCase() === characters[same]?.toLowerCase()) same++
    shared = shared.slice(0, same)
  }
  return shared.join('')
}
