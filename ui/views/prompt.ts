/** The prompt line, and any edited text with its cursor. */
import type { Look } from '../look.js'
import { type Editor, firstGrapheme } from '../prompt/editor.js'
import type { Model } from '../state.js'
import { clean, take, widthOf } from '../text/cells.js'
import { type Line, paint, styled } from '../text/line.js'

export function promptLine({ ui, look }: Model, width: number): string {
  if (ui.mode === 'filter') {
    return paint([' ', styled('accent', '/'), ' ', ...editorSpans(ui.filter, width - 4, look)], width, look)
  }
  const mark = styled(ui.mode === 'prompt' ? 'accent' : 'dim', look.glyphs.prompt)
  if (ui.mode === 'prompt') return paint([' ', mark, ' ', ...editorSpans(ui.prompt, width - 4, look)], width, look)
  return paint([' ', mark, ' ', styled('dim', ': types a command')], width, look)
}

/** The part of a text that fits, its cursor in it. */
export function editorSpans(editor: Editor, width: number, look: Look): Line {
  const before = clean(editor.before, look)
  const under = clean(firstGrapheme(editor.after), look) || ' '
  const after = clean(editor.after.slice(firstGrapheme(editor.after).length), look)
  const room = Math.max(1, width - widthOf(under))
  return [tail(before, room), styled('cursor', under), take(after, Math.max(0, room - Math.min(room, widthOf(before))))]
}

/** The end of a cleaned text that fits. */
function tail(cleaned: string, room: number): string {
  let rest = cleaned
  while (widthOf(rest) > room) rest = rest.slice(firstGrapheme(rest).length)
  return rest
}
