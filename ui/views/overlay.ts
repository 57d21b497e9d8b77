/**
 * What opens over the panes: help, log, the detail of one thing, the long answer of a command. Full width and without side
 * borders, so that a ticket or a hash can be marked with the mouse and copied whole.
 */
import type { LogLine } from '../../src/api.js'
import { consoleKeys, keysForCommand } from '../input/command-keys.js'
import type { Model, Overlay } from '../state.js'
import { column, type Line, paint, plainText, spread, styled, wrap } from '../text/line.js'
import { detailOf } from './detail.js'

export interface Page {
  readonly title: string
  readonly lines: readonly Line[]
}

/** Exactly `height` lines of exactly `width` cells. */
export function overlayLines(overlay: Overlay, model: Model, width: number, height: number): readonly string[] {
  const { look } = model
  const room = Math.max(0, height - 1)
  const { title, lines } = pageOf(overlay, model, width, room)
  const last = Math.max(0, lines.length - room)
  const first = Math.max(0, Math.min(last, overlay.kind === 'log' ? last - overlay.scroll : overlay.scroll))
  const place = lines.length > room ? `${first + 1}-${Math.min(lines.length, first + room)} of ${lines.length} ` : ''
  const rule = look.glyphs.frame.horizontal
  const head = [styled('accent', rule.repeat(2)), styled('bold', ` ${title} `)]
  const shown = [paint(spread(head, [styled('dim', place)], width, look), width, look)]
  for (let row = 0; row < room; row++) shown.push(paint(lines[first + row] ?? [], width, look))
  return shown.slice(0, height)
}

/** How far it can scroll in that room. */
export function overlayScroll(overlay: Overlay, model: Model, width: number, height: number): number {
  const room = Math.max(0, height - 1)
  return Math.max(0, pageOf(overlay, model, width, room).lines.length - room)
}

/** `room`: lines that can be seen at once. */
function pageOf(overlay: Overlay, model: Model, width: number, room: number): Page {
  switch (overlay.kind) {
    case 'help':
      return helpPage(model, width)
    case 'log':
      return logPage(model, width)
    case 'detail':
      return wrapped(detailOf(overlay.pane, overlay.key, model), model, width)
    case 'text': {
      const page = wrapped({ title: overlay.title, lines: overlay.lines.map((text) => [text]) }, model, width)
      return { ...page, lines: [...page.lines, ...pictureLines(overlay.picture ?? [], model, width, room)] }
    }
  }
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

function helpPage({ commands, look, attached }: Model, width: number): Page {
  const lines: Line[] = [[styled('bold', ' Keys')]]
  for (const [keys, meaning] of consoleKeys(attached))
    lines.push(['  ', styled('accent', column(keys, 13, look)), ' ', meaning])
  lines.push([], [styled('bold', ' Commands'), styled('dim', '  (key) name arguments: typed after : or straight away')])
  const names = commands.map(({ name, args }) => `${name} ${args}`.trim())
  const nameWidth = Math.min(Math.floor(width / 2), Math.max(12, ...names.map((name) => name.length)) + 1)
  for (const [index, command] of commands.entries()) {
    const keys = keysForCommand(command, commands)
    lines.push([
      ' ',
      styled('accent', column(keys, 4, look)),
      column(names[index] ?? '', nameWidth, look),
      ' ',
      styled('dim', command.summary),
    ])
  }
  const words = [
    [],
    [styled('bold', ' Typing')],
    ['  Letters are keys until the prompt has the word: after : or when a whole command comes at once'],
    ['  (pasted, or sent by tmux send-keys). Upper and lower case of a command are the same.'],
    ['  Words with blanks stand in double quotes: vote "ann b" yes'],
  ]
  return { title: 'Help', lines: [...lines, ...words] }
}

function logPage({ log, look }: Model, width: number): Page {
  if (log.length === 0) return { title: 'Log', lines: [[styled('dim', ' nothing logged yet')]] }
  const lines: Line[] = []
  for (const line of log) {
    const parts = wrap(line.text, Math.max(1, width - 11), look)
    for (const [index, part] of parts.entries()) {
      const head = index === 0 ? clock(line.time) : ' '.repeat(8)
      lines.push([' ', styled('dim', head), '  ', styled(levelStyle(line), part)])
    }
  }
  return { title: 'Log', lines }
}

const levelStyle = ({ level }: LogLine) =>
  level === 'error' || level === 'warn' ? 'bad' : level === 'debug' ? 'dim' : 'plain'

/** `14:03:59`, local time. */
export function clock(timeMs: number): string {
  const time = new Date(timeMs)
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':')
}
