/**
 * One line of text with a cursor, as a value, and the edits that ink-text-input lacks. The cursor stands between graphemes, so wide and combined characters move and
 * vanish whole.
 */

export interface Editor {
  readonly before: string
  readonly after: string
}

/** Beyond this nothing more is typed; a ticket is about 200. */
export const MAX_INPUT_LENGTH = 4096

export const EMPTY: Editor = { before: '', after: '' }

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export const textOf = (editor: Editor): string => editor.before + editor.after
export const editorOf = (text: string): Editor => ({ before: text.slice(0, MAX_INPUT_LENGTH), after: '' })

export function insert(editor: Editor, text: string): Editor {
  const room = MAX_INPUT_LENGTH - editor.before.length - editor.after.length
  return { ...editor, before: editor.before + text.slice(0, Math.max(0, room)) }
}

export type Edit =
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'word-left'
  | 'word-right'
  | 'backspace'
  | 'delete'
  | 'kill-word'
  | 'kill-before'
  | 'kill-after'

export function edit(editor: Editor, change: Edit): Editor {
  const { before, after } = editor
  switch (change) {
    case 'left':
      return moveTo(editor, before.length - lastGrapheme(before).length)
    case 'right':
      return moveTo(editor, before.length + firstGrapheme(after).length)
    case 'home':
      return moveTo(editor, 0)
    case 'end':
      return moveTo(editor, before.length + after.length)
    case 'word-left':
      return moveTo(editor, wordStart(before))
    case 'word-right':
      return moveTo(editor, before.length + wordEnd(after))
    case 'backspace':
      return { before: before.slice(0, before.length - lastGrapheme(before).length), after }
    case 'delete':
      return { before, after: after.slice(firstGrapheme(after).length) }
    case 'kill-word':
      return { before: before.slice(0, wordStart(before)), after }
    case 'kill-before':
      return { before: '', after }
    case 'kill-after':
      return { before, after: '' }
  }
}

function moveTo(editor: Editor, offset: number): Editor {
  const text = textOf(editor)
  return { before: text.slice(0, offset), after: text.slice(offset) }
}

export function firstGrapheme(text: string): string {
  return segmenter.segment(text)[Symbol.iterator]().next().value?.segment ?? ''
}

export function lastGrapheme(text: string): string {
  let last = ''
  for (const { segment } of segmenter.segment(text)) last = segment
  return last
}

const wordStart = (text: string): number => text.trimEnd().replace(/\S+$/, '').length
const wordEnd = (text: string): number => /^\s*\S*/.exec(text)?.[0].length ?? 0
