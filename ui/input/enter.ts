/** Enter where a command line is being written: in the prompt, in its search and in a form. */
import { EMPTY, editorOf, textOf } from '../prompt/editor.js'
import { remember } from '../prompt/history.js'
import type { UiState } from '../state.js'
import { lineOf, missing, moveField } from './forms.js'
import { type Step, type Surroundings, say, step } from './step.js'

/** Nothing is being written any more. */
export const toPanes = (ui: UiState): UiState => ({
  ...ui,
  mode: 'panes',
  prompt: EMPTY,
  completion: null,
  suggested: null,
  search: null,
  form: null,
})

export function enterPrompt(ui: UiState, queued: boolean): Step {
  const line = textOf(ui.prompt).trim().replace(/^:/, '')
  const closed: UiState = { ...toPanes(ui), history: remember(ui.history, line) }
  return line === '' ? step(closed) : step(closed, { do: 'run', line, queued })
}

/** Runs the line that was found; a paste that ends in Enter did not mean that. */
export function enterSearch(ui: UiState, pasted: boolean, { now }: Surroundings): Step {
  if (pasted) return step(ui)
  const line = foundLine(ui)
  if (line === null) return step(say(ui, 'no such line in the history (Esc leaves the search)', 'info', now))
  return enterPrompt({ ...ui, prompt: editorOf(line) }, false)
}

/** The line that the search shows; null where it shows none. */
export const foundLine = ({ search, history }: UiState): string | null =>
  search === null ? null : (history.lines[search.at] ?? null)

export function enterForm(ui: UiState, now: number): Step {
  const { form } = ui
  if (form === null) return step({ ...ui, mode: 'panes' })
  if (form.at < form.fields.length - 1) return step({ ...ui, completion: null, form: moveField(form, 1) })
  const gap = missing(form)
  if (gap >= 0) {
    const label = form.fields[gap]?.label ?? ''
    const back = { ...ui, completion: null, form: { ...form, at: gap } }
    return step(say(back, `${form.command} needs a ${label}`, 'bad', now))
  }
  const line = lineOf(form)
  return step({ ...toPanes(ui), history: remember(ui.history, line) }, { do: 'run', line, queued: false })
}
