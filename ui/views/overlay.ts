/**
 * What opens over the panes: help, log, the detail of one thing, the long answer of a command. Full width and without side
 * borders, so that a ticket or a hash can be marked with the mouse and copied whole.
 */
import type { Model, Overlay } from '../state.js'
import { type Line, paint, plainText, spread, styled, wrap } from '../text/line.js'
import { detailOf } from './detail.js'
import { helpLines } from './help.js'
import { logPage } from './log.js'

export interface Page {
  readonly title: string
  readonly lines: readonly Line[]
}

/** Exactly `height` lines of exactly `width` cells. */
export function overlayLines(overlay: Overlay, model: Model, width: number, height: number): readonly string[] {
  const { look } = model
  const { title, lines, first, room } = openAt(overlay, model, width, height)
  const place = lines.length > room ? `${first + 1}-${Math.min(lines.length, first + room)} of ${lines.length} ` : ''
  const rule = look.glyphs.frame.horizontal
  const filter = (overlay.filter ?? '') === '' ? [] : [styled('accent', `/${overlay.filter} `)]
  const head = [styled('accent', rule.repeat(2)), styled('bold', ` ${title} `), ...filter]
  const shown = [paint(spread(head, [styled('dim', place)], width, look), width, look)]
  for (let row = 0; row < room; row++) shown.push(paint(lines[first + row] ?? [], width, look))
  return shown.slice(0, height)
}

export interface Scrolled {
  /** How far it can scroll in that room, and how far it is. */
  readonly most: number
  readonly top: number
}

export function overlayScroll(overlay: Overlay, model: Model, width: number, height: number): Scrolled {
  const { lines, first, room } = openAt(overlay, model, width, height)
  return { most: Math.max(0, lines.length - room), top: first }
}

function openAt(overlay: Overlay, model: Model, width: number, height: number) {
  // below its title
  const room = Math.max(0, height - 1)
  const { later, ...page } = pageOf(overlay, model, width, room)
  const most = Math.max(0, page.lines.length - room)
  const top = overlay.kind === 'log' ? most - overlay.scroll - later : overlay.scroll
  return { ...page, room, first: Math.max(0, Math.min(most, top)) }
}

/** `room`: lines that can be seen at once. `later`: lines that came since one scrolled. */
function pageOf(overlay: Overlay, model: Model, width: number, room: number): Page & { readonly later: number } {
  switch (overlay.kind) {
    case 'help':
      return {
        ...wrapped(filtered({ title: 'Help', lines: helpLines(model, width) }, overlay, model), model, width),
        later: 0,
      }
    case 'log':
      return logPage(overlay, model, width)
    case 'detail':
      return {
        ...wrapped(filtered(detailOf(overlay.pane, overlay.key, model, width), overlay, model), model, width),
        later: 0,
      }
    case 'text': {
      const answer = { title: overlay.title, lines: overlay.lines.map((text): Line => [text]) }
      const page = wrapped(filtered(answer, overlay, model), model, width)
      return { ...page, lines: [...page.lines, ...pictureLines(overlay.picture ?? [], model, width, room)], later: 0 }
    }
  }
}

/** Only the lines with the filter's text in them. */
function filtered({ title, lines }: Page, { filter = '' }: Overlay, { look }: Model): Page {
  if (filter === '') return { title, lines }
  const wanted = filter.toLowerCase()
  const kept = lines.filter((line) => plainText(line, look).toLowerCase().includes(wanted))
  const none: Line = [styled('dim', ` nothing here fits "${filter}" (Esc ends the filter)`)]
  return { title, lines: kept.length === 0 ? [none] : kept }
}

/** A code that is cut off is of no use: it is shown whole, or said to need room. */
function pictureLines(picture: readonly string[], { look, size }: Model, width: number, room: number): readonly Line[] {
  const columns = picture[0]?.length ?? 0
  if (columns === 0 || !look.unicode) return []
  if (columns <= width && picture.length <= room) return [[], ...picture.map((line) => [styled('picture', line)])]
  const rows = size.rows - room + picture.length
  return [[], [styled('dim', `in a terminal of ${columns}x${rows} a QR code stands here`)]]
}

/** Lines that are too long go on in the next: nothing of a result is cut off. */
function wrapped({ title, lines }: Page, { look }: Model, width: number): Page {
  const fitting: Line[] = []
  for (const line of lines) {
    const text = plainText(line, look)
    const parts = wrap(text, Math.max(1, width), look)
    if (parts.length <= 1) fitting.push(line)
    else fitting.push(...parts.map((part) => [part]))
  }
  return { title, lines: fitting }
}
