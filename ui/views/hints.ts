/** The line of hints, which a form or what may stand at the cursor takes over while they are there. */
import { commandForKey } from '../input/command-keys.js'
import { type Model, PANES } from '../state.js'
import { paint, type Span, type Style, styled } from '../text/line.js'
import { copiedFrom } from './copied.js'
import { formLine } from './form.js'
import { type Hint, hintSpans } from './hint-spans.js'
import { titleOf } from './pane.js'
import { suggestionLine } from './suggestions.js'

export function hintsLine(model: Model, width: number): string {
  const { ui, look } = model
  if (ui.leaving) return paint([styled('busy', ` ${leavingWords(model)}`)], width, look)
  if (ui.mode === 'form' && ui.form !== null) return paint(formLine(ui.form, model, width), width, look)
  const suggestions = ui.mode === 'prompt' ? suggestionLine(model, width) : null
  return paint(suggestions ?? hintSpans(hintsOf(model), width, model), width, look)
}

function leavingWords({ attached }: Model): string {
  if (attached === undefined) return 'leaving the network; Ctrl-C again leaves at once'
  return `detaching; ${attached.name} goes on`
}

function hintsOf(model: Model): readonly Hint[] {
  const { ui, commands, attached } = model
  switch (ui.mode) {
    case 'prompt':
      return [
        ['Enter', 'run'],
        ['Tab', 'complete'],
        ['Up', 'earlier'],
        ['Ctrl-R', 'search'],
        ['Esc', 'leave'],
      ]
    case 'search':
      return [
        ['Enter', 'run'],
        ['Ctrl-R', 'older'],
        ['Right', 'edit it'],
        ['Esc', 'leave'],
      ]
    case 'filter':
      return [
        ['Enter', 'keep the filter'],
        ['Esc', 'end it'],
      ]
    default:
      if (ui.overlay !== null) return overlayHints(model)
  }
  const named = ['v', 's', 'r', 'd', 'p'].flatMap((key): Hint[] => {
    const command = commandForKey(key, commands)
    return command === undefined ? [] : [[key, command.name]]
  })
  return [
    ['Tab', 'pane'],
    ...(ui.jobs > 0 ? ([['x', 'cancel']] as const) : []),
    ...named.slice(0, 3),
    ['?', 'help'],
    ['q', attached === undefined ? 'quit' : 'detach'],
    ['/', 'filter'],
    ['z', 'zoom'],
    ['f', 'folder'],
    ...named.slice(3),
  ]
}

function overlayHints(model: Model): readonly Hint[] {
  const { overlay } = model.ui
  if (overlay === null) return []
  return [
    ...(copiedFrom(overlay, model) === null ? [] : ([['y', 'copy']] as const)),
    ['Esc', 'close'],
    ['j k', 'scroll'],
    ...(overlay.kind === 'log' ? ([['+ -', 'more, fewer levels']] as const) : []),
    ...(overlay.kind === 'log' && overlay.end !== null ? ([['G', 'follow']] as const) : []),
    ['/', 'filter'],
    [':', 'command'],
    ['q', 'close'],
  ]
}

/** The names of all panes, over a single one. */
export function tabsLine({ ui, look }: Pick<Model, 'ui' | 'look'>, width: number): string {
  const line: Span[] = []
  for (const pane of PANES) line.push(' ', styled(tabStyle(ui.focus === pane), ` ${titleOf(pane)} `))
  return paint(line, width, look)
}

const tabStyle = (focused: boolean): Style => (focused ? 'cursor' : 'dim')
