/** The prompt line, and any edited text with its cursor. */
import { foundLine } from '../input/enter.js'
import { shownGhost } from '../input/suggesting.js'
import type { Look } from '../look.js'
import { type Editor, firstGrapheme, textOf } from '../prompt/editor.js'
import type { Search } from '../prompt/search.js'
import type { Model, UiState } from '../state.js'
import { clean, take, widthOf } from '../text/cells.js'
import { type Line, paint, styled } from '../text/line.js'
import { formHints } from './form.js'

export function promptLine(model: Model, width: number): string {
  const { ui, look } = model
  if (ui.mode === 'filter') {
    return paint([' ', styled('accent', '/'), ' ', ...editorSpans(ui.filter, width - 4, look)], width, look)
  }
  if (ui.mode === 'search' && ui.search !== null) return paint(searchSpans(ui, ui.search, width, look), width, look)
  if (ui.mode === 'form') return paint(formHints(model, width), width, look)
  const mark = styled(ui.mode === 'prompt' ? 'accent' : 'dim', look.glyphs.prompt)
  if (ui.mode === 'prompt')
    return paint([' ', mark, ' ', ...editorSpans(ui.prompt, width - 4, look, shownGhost(ui))], width, look)
  return paint([' ', mark, ' ', styled('dim', ': types a command')], width, look)
}

/** `search mus: request music.txt` */
function searchSpans(ui: UiState, { query, failed }: Search, width: number, look: Look): Line {
  const found = foundLine(ui) ?? ''
  const head = failed ? styled('bad', 'no more with') : styled('accent', 'search')
  const room = Math.max(8, Math.floor(width / 3))
  const at = found.toLowerCase().indexOf(textOf(query).toLowerCase())
  const end = at + textOf(query).length
  const match = at < 0 ? [found] : [found.slice(0, at), styled('bold', found.slice(at, end)), found.slice(end)]
  return [' ', head, ' ', ...editorSpans(query, room, look), styled('dim', ': '), ...match]
}

/** The part of a text that fits, its cursor in it; `ghost` stands dimmed from the cursor on where the text ends there. */
export function editorSpans(editor: Editor, width: number, look: Look, ghost = ''): Line {
  const before = clean(editor.before, look)
  const rest = editor.after === '' ? ghost : editor.after
  const first = firstGrapheme(rest)
  const under = clean(first, look) || ' '
  const after = clean(rest.slice(first.length), look)
  const room = Math.max(1, width - widthOf(under))
  const shown = take(after, Math.max(0, room - Math.min(room, widthOf(before))))
  return [tail(before, room), styled('cursor', under), editor.after === '' ? styled('dim', shown) : shown]
}

/** The end of a cleaned text that fits. */
function tail(cleaned: string, room: number): string {
  let rest = cleaned
  while (widthOf(rest) > room) rest = rest.slice(firstGrapheme(rest).length)
  return rest
}
