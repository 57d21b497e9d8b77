/** The line of hints, which a form or the candidates of Tab take over while they are there. */
import { commandForKey } from '../input/command-keys.js'
import type { Form } from '../input/forms.js'
import type { Look } from '../look.js'
import type { Completion } from '../prompt/completion.js'
import { textOf } from '../prompt/editor.js'
import { type Model, PANES } from '../state.js'
import { clean, take } from '../text/cells.js'
import { type Line, lineWidth, paint, type Span, type Style, styled } from '../text/line.js'
import { titleOf } from './pane.js'
import { editorSpans } from './prompt.js'

export function hintsLine(model: Model, width: number): string {
  const { ui, look } = model
  if (ui.leaving) return paint([styled('busy', ` ${leavingWords(model)}`)], width, look)
  if (ui.mode === 'form' && ui.form !== null) return paint(formLine(ui.form, width, look), width, look)
  if (ui.mode === 'prompt' && ui.completion !== null)
    return paint(candidatesLine(ui.completion, width, look), width, look)
  return paint(hints(model, width), width, look)
}

function leavingWords({ attached }: Model): string {
  if (attached === undefined) return 'leaving the network; Ctrl-C again leaves at once'
  return `detaching; ${attached.name} goes on`
}

function hints(model: Model, width: number): Line {
  const line: Span[] = []
  for (const [key, meaning] of hintPairs(model)) {
    const more: Span[] = [line.length === 0 ? ' ' : '  ', styled('bold', key), styled('dim', ` ${meaning}`)]
    if (lineWidth([...line, ...more], model.look) > width) break
    line.push(...more)
  }
  return line
}

function hintPairs({ ui, commands, attached }: Model): readonly (readonly [string, string])[] {
  if (ui.mode === 'prompt')
    return [
      ['Enter', 'run'],
      ['Tab', 'complete'],
      ['Up', 'earlier'],
      ['Esc', 'leave'],
    ]
  if (ui.mode === 'filter')
    return [
      ['Enter', 'keep the filter'],
      ['Esc', 'end it'],
    ]
  if (ui.overlay !== null)
    return [
      ...(ui.overlay.kind === 'text' && ui.overlay.copy !== undefined ? ([['y', 'copy']] as const) : []),
      ['j k', 'scroll'],
      ['Esc', 'close'],
      [':', 'command'],
      ['q', 'close'],
    ]
  const named = ['v', 's', 'r', 'd'].flatMap((key) => {
    const command = commandForKey(key, commands)
    return command === undefined ? [] : [[key, command.name] as const]
  })
  const cancel = ui.jobs > 0 ? ([['x', 'cancel']] as const) : []
  return [
    ['Tab', 'pane'],
    ...cancel,
    ...named.slice(0, 3),
    ['?', 'help'],
    ['q', attached === undefined ? 'quit' : 'detach'],
    ['/', 'filter'],
    ['z', 'zoom'],
    ...named.slice(3),
  ]
}

function formLine(form: Form, width: number, look: Look): Line {
  const line: Span[] = [' ', styled('accent', form.command)]
  const labels = form.fields.reduce((sum, { label }) => sum + label.length + 5, form.command.length + 1)
  const room = Math.max(4, Math.floor((width - labels) / form.fields.length))
  for (const [index, { label, required }] of form.fields.entries()) {
    const editor = form.editors[index] ?? { before: '', after: '' }
    const active = index === form.at
    const shown = active ? editorSpans(editor, room, look) : [take(clean(textOf(editor), look), room)]
    const blanks = ' '.repeat(Math.max(0, room - lineWidth(shown, look)))
    line.push(
      '  ',
      styled(active ? 'bold' : 'dim', required ? label : `(${label})`),
      ' ',
      ...shown,
      active ? blanks : styled('dim', blanks),
    )
  }
  return line
}

function candidatesLine({ candidates, at, typed }: Completion, width: number, look: Look): Line {
  const line: Span[] = [' ']
  const skip = typed.lastIndexOf(' ') + 1
  const first = Math.max(0, at - 2)
  for (const [index, candidate] of candidates.entries()) {
    if (index < first) continue
    const word: Span[] = [styled(index === at ? 'cursor' : 'plain', candidate.slice(skip).trim()), '  ']
    if (lineWidth([...line, ...word], look) > width - 2) return [...line, look.glyphs.more]
    line.push(...word)
  }
  return line
}

/** The names of all panes, over a single one. */
export function tabsLine({ ui, look }: Pick<Model, 'ui' | 'look'>, width: number): string {
  const line: Span[] = []
  for (const pane of PANES) line.push(' ', styled(tabStyle(ui.focus === pane), ` ${titleOf(pane)} `))
  return paint(line, width, look)
}

const tabStyle = (focused: boolean): Style => (focused ? 'cursor' : 'dim')
