/**
 * The text that is being edited: where it stands in the state, which keys ink-text-input takes for it, and what becomes of
 * a changed text. ink-text-input counts UTF-16 units, runs past the start of a line, and knows no word or line keys:
 * it gets plain text, Enter and the backspaces that it does right; the rest is `edit`.
 */
import { type Editor, editorOf, lastGrapheme, MAX_INPUT_LENGTH, textOf } from '../prompt/editor.js'
import { searchFor } from '../prompt/search.js'
import type { Overlay, UiState } from '../state.js'
import { currentEditor, meantAsCommand, withEditor } from './forms.js'
import type { Key } from './keys.js'

/** null while letters are keys. */
export function openEditor(ui: UiState): Editor | null {
  if (ui.mode === 'prompt') return ui.prompt
  if (ui.mode === 'search') return ui.search?.query ?? null
  if (ui.mode === 'filter') return ui.filter
  return ui.mode === 'form' && ui.form !== null ? currentEditor(ui.form) : null
}

/** Whether these keys are left to the text line. */
export function isTyping(ui: UiState, keys: readonly Key[]): boolean {
  const [key, ...others] = keys
  const editor = openEditor(ui)
  if (editor === null || key === undefined || others.length > 0 || key.pasted) return false
  if (key.kind === 'text') return textOf(editor).length + key.text.length <= MAX_INPUT_LENGTH
  return key.name === 'enter' || (key.name === 'backspace' && lastGrapheme(editor.before).length === 1)
}

/** The text line was typed in: whatever came or went did so before its cursor. */
export function editedTo(ui: UiState, value: string): UiState {
  const editor = openEditor(ui)
  if (editor === null) return ui
  const cursor = value.length - editor.after.length
  return withText(ui, { before: value.slice(0, cursor), after: value.slice(cursor) })
}

/** The open text, changed. */
export function withText(ui: UiState, editor: Editor): UiState {
  if (ui.mode === 'filter') return filtered(ui, editor)
  if (ui.mode === 'search') return { ...ui, search: searchFor(ui.history.lines, editor) }
  if (ui.mode !== 'form' || ui.form === null) return { ...ui, prompt: editor, completion: null }
  const form = withEditor(ui.form, editor)
  const command = meantAsCommand(form)
  if (command === null) return { ...ui, form, completion: null }
  return { ...ui, mode: 'prompt', form: null, prompt: editorOf(command), completion: null }
}

/** The filter of what is open, else of the pane. */
export function filtered(ui: UiState, filter: Editor): UiState {
  const text = textOf(filter)
  // the lines that are left are others: from their beginning, or from the newest
  if (ui.overlay !== null) return { ...ui, filter, overlay: { ...fromStart(ui.overlay), filter: text } }
  return { ...ui, filter, filters: { ...ui.filters, [ui.focus]: text } }
}

export const filterOf = (ui: UiState): string =>
  ui.overlay === null ? ui.filters[ui.focus] : (ui.overlay.filter ?? '')

export function fromStart(overlay: Overlay): Overlay {
  return overlay.kind === 'log' ? { ...overlay, scroll: 0, end: null } : { ...overlay, scroll: 0 }
}
