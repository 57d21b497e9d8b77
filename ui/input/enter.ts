/** Enter and Tab where a command line is being written: in the prompt and in a form. */
import { begin, next } from '../prompt/completion.js'
import { EMPTY, editorOf, textOf } from '../prompt/editor.js'
import { remember } from '../prompt/history.js'
import type { UiState } from '../state.js'
import { lineOf, missing, moveField } from './forms.js'
import { type Step, type Surroundings, say, step } from './step.js'

export function enterPrompt(ui: UiState, queued: boolean): Step {
  const line = textOf(ui.prompt).trim().replace(/^:/, '')
  const closed: UiState = { ...ui, mode: 'panes', prompt: EMPTY, completion: null, history: remember(ui.history, line) }
  return line === '' ? step(closed) : step(closed, { do: 'run', line, queued })
}

export function enterForm(ui: UiState, now: number): Step {
  const { form } = ui
  if (form === null) return step({ ...ui, mode: 'panes' })
  if (form.at < form.fields.length - 1) return step({ ...ui, form: moveField(form, 1) })
  const gap = missing(form)
  if (gap >= 0) {
    const label = form.fields[gap]?.label ?? ''
    return step(say({ ...ui, form: { ...form, at: gap } }, `${form.command} needs a ${label}`, 'bad', now))
  }
  const line = lineOf(form)
  const closed: UiState = { ...ui, mode: 'panes', form: null, history: remember(ui.history, line) }
  return step(closed, { do: 'run', line, queued: false })
}

export function completePrompt(ui: UiState, direction: 1 | -1, around: Surroundings): UiState {
  const typed = textOf(ui.prompt)
  const found = ui.completion === null ? begin(typed, around.complete(typed)) : next(ui.completion, direction)
  if (found === null) return say(ui, 'nothing more to complete here', 'info', around.now)
  const alone = found.completion.candidates.length === 1
  return { ...ui, prompt: editorOf(found.text), completion: alone ? null : found.completion }
}
