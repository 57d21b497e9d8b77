/**
 * What may stand at the cursor, the best first, and what the command wants: who types `vote ` sees `vote <voter> <choice>`
 * and what it does, without any manual.
 */
import { shownGhost } from '../input/suggesting.js'
import type { Look } from '../look.js'
import { textOf } from '../prompt/editor.js'
import type { CommandHelp, Suggestion } from '../source.js'
import type { Model, UiState } from '../state.js'
import { type Line, lineWidth, type Span, styled } from '../text/line.js'

/** null where there is nothing to say: nothing is typed yet, or nothing known. */
export function suggestionLine(model: Model, width: number): Line | null {
  const { ui, look } = model
  if (textOf(ui.prompt).replace(/^:/, '').trim() === '')
    return ui.completion === null ? null : candidates(ui, width, look)
  const command = commandOf(model)
  const wanted = command === undefined ? [] : usage(command, argumentOf(ui))
  const known = candidates(ui, command === undefined ? width : Math.floor(width * 0.6), look)
  if (known === null && command === undefined) return null
  const between = known === null || wanted.length === 0 ? [] : [styled('dim', `${look.glyphs.frame.vertical} `)]
  return [...(known ?? [' ']), ...between, ...wanted]
}

/** The candidates around the chosen one, as far as they fit; null where there are none. */
export function candidates(ui: UiState, width: number, look: Look): Line | null {
  const { completion, suggested } = ui
  const shown = completion?.suggestions.candidates ?? suggested?.candidates ?? []
  if (shown.length === 0) return null
  // unasked, only what stands dimmed behind the cursor is chosen
  const at = completion?.at ?? (shownGhost(ui) === '' ? -1 : 0)
  const line: Span[] = [' ']
  for (const [index, candidate] of shown.entries()) {
    if (index < at - 2) continue
    const word = wordOf(candidate, index === at)
    if (lineWidth([...line, ...word], look) > width - 3 && line.length > 1) return [...line, look.glyphs.more, '  ']
    line.push(...word, '  ')
  }
  return line
}

function wordOf({ value, note }: Suggestion, chosen: boolean): Span[] {
  if (!chosen) return [value]
  return note === undefined ? [styled('cursor', value)] : [styled('cursor', value), ' ', styled('dim', note)]
}

/** The command that is typed, or that is about to be. */
function commandOf({ ui, commands }: Model): CommandHelp | undefined {
  const [, word = '', more = ''] = /^:?\s*(\S+)(\s?)/.exec(ui.prompt.before) ?? []
  const chosen = ui.completion?.suggestions.candidates[ui.completion.at] ?? ui.suggested?.candidates[0]
  const name = more === '' && chosen !== undefined ? chosen.value : word.toLowerCase()
  return commands.find((command) => command.name === name)
}

const argumentOf = ({ completion, suggested }: UiState): number =>
  (completion?.suggestions ?? suggested)?.argument ?? -1

/** The argument that is being typed stands out. */
function usage({ name, args, summary }: CommandHelp, argument: number): Span[] {
  const spans: Span[] = [name]
  let place = 0
  for (const part of args.match(/<[^>]*>|\[[^\]]*\]|\S+/g) ?? []) {
    const isOption = part.startsWith('[-')
    spans.push(' ', !isOption && place === argument ? styled('bold', part) : styled('dim', part))
    if (!isOption) place++
  }
  return [...spans, styled('dim', `  ${summary}`)]
}
