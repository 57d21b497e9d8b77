/**
 * A framed pane: title, the part of its list that holds the cursor, footer, and what stands beside the list.
 * Invariant: exactly `height` lines of exactly `width` cells, whatever the list is.
 */
import { cursorIndex } from '../input/panes.js'
import { paneNumber } from '../layout.js'
import type { Look } from '../look.js'
import type { Model, PaneId } from '../state.js'
import { lineWidth, paint, spread, styled, wrap } from '../text/line.js'
import { type Beside, besideOf } from './beside.js'
import { contentOf, type Row } from './rows.js'

const TITLES: Readonly<Record<PaneId, string>> = { peers: 'Peers', chain: 'Chain', ring: 'Ring', files: 'Files' }

export const titleOf = (pane: PaneId): string => `${paneNumber(pane)} ${TITLES[pane]}`

/** Below this many lines a pane has none for the names of its columns. */
const HEAD_FROM = 6

export function paneLines(pane: PaneId, model: Model, width: number, height: number): readonly string[] {
  const { ui, look } = model
  const inner = Math.max(0, width - 4)
  const room = Math.max(0, height - 2)
  const beside = besideOf(pane, model, inner, room)
  const list = listLines(pane, model, ...listRoom(beside, inner, room))
  const focused = ui.focus === pane && ui.overlay === null
  const title = `${titleOf(pane)}${ui.filters[pane] === '' ? '' : ` /${ui.filters[pane]}`}`
  const count = list.count === 0 ? '' : String(list.count)
  const lines = beside === null ? list.lines : put(list.lines, beside, inner, look)
  return frame({ title, count, focused, lines }, width, height, look)
}

/** What is left for the list. */
function listRoom(beside: Beside | null, width: number, height: number): readonly [width: number, height: number] {
  if (beside === null) return [width, height]
  if (beside.place === 'above' || beside.place === 'below') return [width, Math.max(0, height - beside.size)]
  return [Math.max(0, width - beside.size), height]
}

function put(list: readonly string[], { place, size, lines }: Beside, width: number, look: Look): readonly string[] {
  if (place === 'above' || place === 'below') {
    const painted = Array.from({ length: size }, (_, row) => paint(lines[row] ?? [], width, look))
    return place === 'above' ? [...painted, ...list] : [...list, ...painted]
  }
  // a blank parts the two
  const painted = (row: number) => paint(lines[row] ?? [], size - 1, look)
  return list.map((line, row) => (place === 'left' ? `${painted(row)} ${line}` : `${line} ${painted(row)}`))
}

interface Framed {
  readonly title: string
  readonly count: string
  readonly focused: boolean
  /** Painted, each as wide as the inside: the width less four. */
  readonly lines: readonly string[]
}

/** Draws the border around lines; the border of the focused pane is in the accent colour. */
export function frame(content: Framed, width: number, height: number, look: Look): readonly string[] {
  const { frame: edge } = look.glyphs
  const style = content.focused ? 'accent' : 'dim'
  const inside = Math.max(0, width - 2)
  const title = [styled(content.focused ? 'bold' : 'plain', ` ${content.title} `)]
  const count = content.count === '' ? [] : [styled('dim', ` ${content.count} `)]
  const gap = inside - lineWidth(title, look) - lineWidth(count, look)
  const rule = (length: number) => styled(style, edge.horizontal.repeat(Math.max(0, length)))
  const head = gap > 0 ? [...title, rule(gap), ...count] : title
  const lines = [
    paint([styled(style, edge.topLeft), ...spread(head, [], inside, look), styled(style, edge.topRight)], width, look),
  ]
  const wall = paint([styled(style, edge.vertical)], 1, look)
  const blank = ' '.repeat(Math.max(0, inside - 2))
  for (let row = 0; row < height - 2; row++) lines.push(`${wall} ${content.lines[row] ?? blank} ${wall}`)
  lines.push(paint([styled(style, edge.bottomLeft), rule(inside), styled(style, edge.bottomRight)], width, look))
  return lines.slice(0, height)
}

interface List {
  readonly lines: readonly string[]
  /** Things in the list, seen or not. */
  readonly count: number
}

/** The part of a pane's list that holds the cursor, in exactly that room. */
function listLines(pane: PaneId, model: Model, width: number, room: number): List {
  const { look } = model
  const content = contentOf(pane, model, width)
  const { rows } = content
  const head = content.head !== undefined && rows.length > 0 && room >= HEAD_FROM ? [content.head] : []
  // the list is what the pane is for
  const listed = rows.reduce((sum, row) => sum + row.lines.length, 0)
  const spare = Math.max(room > 1 ? 1 : 0, Math.floor((room - head.length) / 3), room - head.length - listed)
  const footer = content.footer.slice(0, rows.length === 0 ? Math.max(1, Math.floor(room / 3)) : spare)
  const left = Math.max(0, room - head.length - footer.length)
  const lines: string[] = head.map((line) => paint(line, width, look))
  const shown = rows.length === 0 ? [] : rowLines(rows, pane, model, width, left)
  const words = rows.length > 0 || model.snapshot === null ? [] : wrap(content.empty, Math.max(1, width), look)
  lines.push(...shown, ...words.slice(0, left).map((text) => paint([styled('dim', text)], width, look)))
  while (lines.length < room - footer.length) lines.push(' '.repeat(width))
  return { lines: [...lines, ...footer.map((line) => paint(line, width, look))].slice(0, room), count: rows.length }
}

function rowLines(rows: readonly Row[], pane: PaneId, model: Model, width: number, room: number): readonly string[] {
  const { ui, look } = model
  const cursor = cursorIndex(
    ui,
    pane,
    rows.map(({ key }) => key),
  )
  const selected = ui.focus === pane && ui.overlay === null && ui.mode !== 'form' ? cursor : -1
  const lines: string[] = []
  for (let index = firstShown(rows, cursor, room); index < rows.length && lines.length < room; index++) {
    for (const line of rows[index]?.lines ?? []) lines.push(paint(line, width, look, index === selected))
  }
  return lines.slice(0, room)
}

/** The list scrolls no further than it must to show the cursor, whole. */
function firstShown(rows: readonly Row[], cursor: number, room: number): number {
  let used = 0
  for (let index = cursor; index >= 0; index--) {
    used += rows[index]?.lines.length ?? 0
    if (used > room) return Math.min(cursor, index + 1)
  }
  return 0
}
