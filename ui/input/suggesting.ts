/** Suggestions while one types: asked for when the text before the cursor changed, taken by Tab or at the line's end. */
import { asText, asWord, begin, ghostOf, next, type Suggested, takeGhost, type Writing } from '../prompt/completion.js'
import type { Editor } from '../prompt/editor.js'
import type { Suggestions } from '../source.js'
import type { UiState } from '../state.js'
import { currentEditor, halfLineOf, moveField, withEditor } from './forms.js'
import { type Surroundings, say } from './step.js'

interface Place {
  readonly editor: Editor
  /** What to ask the source for. */
  readonly line: string
  readonly write: Writing
  /** Where in the editor's text the word begins, given where it does in the line. */
  readonly from: (inLine: number) => number
}

/** null where nothing can be suggested. */
function placeOf(ui: UiState): Place | null {
  if (ui.mode === 'prompt') return { editor: ui.prompt, line: ui.prompt.before, write: asWord, from: (from) => from }
  if (ui.mode !== 'form' || ui.form === null) return null
  // the whole field is one word
  return { editor: currentEditor(ui.form), line: halfLineOf(ui.form), write: asText, from: () => 0 }
}

/** The state with the suggestions for its text. */
export function suggesting(ui: UiState, complete: (line: string) => Suggestions): UiState {
  const place = placeOf(ui)
  if (place === null) return ui.suggested === null ? ui : { ...ui, suggested: null }
  if (ui.completion !== null || ui.suggested?.line === place.line) return ui
  return { ...ui, suggested: asked(place, complete) }
}

function asked(place: Place, complete: (line: string) => Suggestions): Suggested {
  const found = complete(place.line)
  return { ...found, from: place.from(found.from), text: place.editor.before, line: place.line }
}

/** What stands dimmed behind the cursor. */
export function shownGhost(ui: UiState): string {
  const place = placeOf(ui)
  return place === null || ui.completion !== null ? '' : ghostOf(place.editor, ui.suggested, place.write)
}

/** The cursor wants to go on from the line's end: it takes what is suggested there. null where nothing is. */
export function takeSuggestion(ui: UiState): UiState | null {
  const place = placeOf(ui)
  if (place === null || ui.completion !== null) return null
  const editor = takeGhost(place.editor, ui.suggested, place.write)
  return editor === null ? null : withEdited(ui, editor)
}

/** Tab (1) and Shift-Tab (-1) in the prompt. */
export function completePrompt(ui: UiState, direction: 1 | -1, around: Surroundings): UiState {
  return completed(ui, direction, around) ?? say(ui, 'nothing more to complete here', 'info', around.now)
}

/** In a form Tab moves on where there is nothing (more) to complete. */
export function tabInForm(ui: UiState, direction: 1 | -1, around: Surroundings): UiState {
  if (ui.form === null) return ui
  const walking = ui.completion !== null
  const moved = { ...ui, completion: null, form: moveField(ui.form, direction) }
  if (!walking && (direction === -1 || !canComplete(ui, around.complete))) return moved
  return completed(ui, direction, around) ?? moved
}

/** Whether Tab would change the field. */
export function canComplete(ui: UiState, complete: (line: string) => Suggestions): boolean {
  const place = placeOf(ui)
  if (place === null) return false
  const { candidates } = asked(place, complete)
  return candidates.some(({ value }) => place.write(value) !== place.editor.before)
}

function completed(ui: UiState, direction: 1 | -1, { complete }: Surroundings): UiState | null {
  const place = placeOf(ui)
  if (place === null) return null
  const { editor, write } = place
  const found =
    ui.completion === null
      ? begin(editor, asked(place, complete), write)
      : next(ui.completion, direction, editor.after, write)
  if (found === null) return null
  return { ...withEdited(ui, found.editor), completion: found.completion }
}

function withEdited(ui: UiState, editor: Editor): UiState {
  if (ui.mode === 'form' && ui.form !== null) return { ...ui, form: withEditor(ui.form, editor) }
  return { ...ui, prompt: editor }
}
