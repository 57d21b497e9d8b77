/**
 * A form in place of the hints: the fields in a row, or where there is no room for that, the current one alone with its
 * number. The line below, in place of the prompt, has what may stand in the field and what the keys do.
 */
import { currentEditor, type Form } from '../input/forms.js'
import { shownGhost } from '../input/suggesting.js'
import type { Look } from '../look.js'
import { textOf } from '../prompt/editor.js'
import type { Model } from '../state.js'
import { clean, clip, widthOf } from '../text/cells.js'
import { type Line, lineWidth, type Span, styled } from '../text/line.js'
import { type Hint, hintSpans } from './hint-spans.js'
import { editorSpans } from './prompt.js'
import { candidates } from './suggestions.js'

/** A field that is not being edited shows so much. */
const IDLE_WIDTH = 12
const LEAST_WIDTH = 14

export function formLine(form: Form, model: Model, width: number): Line {
  const idle = form.fields.map((_, index) => idleText(form, index, model.look))
  const taken = form.fields.reduce(
    (sum, { label, required }, index) =>
      sum + 3 + label.length + (required ? 0 : 2) + (index === form.at ? 0 : Math.max(1, widthOf(idle[index] ?? ''))),
    1 + form.command.length,
  )
  const room = width - taken - 1
  if (room < LEAST_WIDTH) return currentLine(form, model, width)
  const line: Span[] = [' ', styled('accent', form.command)]
  for (const [index, { label, required }] of form.fields.entries()) {
    const active = index === form.at
    line.push('  ', styled(active ? 'bold' : 'dim', required ? label : `(${label})`), ' ')
    if (active) line.push(...filled(form, room, model))
    else line.push(idle[index] || styled('dim', model.look.glyphs.dot))
  }
  return line
}

/** `poll create 2/4 options a,b` */
function currentLine(form: Form, model: Model, width: number): Line {
  const field = form.fields[form.at]
  const label = field?.required === false ? `(${field.label})` : (field?.label ?? '')
  const place = `${form.at + 1}/${form.fields.length}`
  const head: Span[] = [' ', styled('accent', form.command), styled('dim', ` ${place} `), styled('bold', label), ' ']
  return [...head, ...filled(form, Math.max(4, width - lineWidth(head, model.look) - 1), model)]
}

/** The field that is being edited, in exactly its room, so that the others stand still. */
function filled(form: Form, room: number, { ui, look }: Model): Line {
  const spans = editorSpans(currentEditor(form), room, look, shownGhost(ui))
  return [...spans, ' '.repeat(Math.max(0, room - lineWidth(spans, look)))]
}

function idleText(form: Form, index: number, look: Look): string {
  const editor = form.editors[index]
  return editor === undefined ? '' : clip(clean(textOf(editor), look), IDLE_WIDTH, look.glyphs.more)
}

/** Below the form. */
export function formHints(model: Model, width: number): Line {
  const { ui, look } = model
  const { form } = ui
  if (form === null) return []
  const last = form.at === form.fields.length - 1
  const { before } = currentEditor(form)
  const completes = ui.completion !== null || ui.suggested?.candidates.some(({ value }) => value !== before) === true
  const hints: readonly Hint[] = [
    ['Tab', completes ? (ui.completion === null ? 'complete' : 'another') : 'next'],
    ['Enter', last ? 'run' : 'next'],
    ['Esc', 'leave'],
  ]
  const keys = hintSpans(hints, width, model)
  const known = candidates(ui, width - lineWidth(keys, look) - 1, look)
  return known === null ? keys : [...keys, ...known]
}
