/**
 * A framed pane: title, the part of its list that holds the cursor, footer.
 * Invariant: exactly `height` lines of exactly `width` cells, whatever the list is.
 */
import { cursorIndex } from '../input/panes.js'
import { paneNumber } from '../layout.js'
import type { Model, PaneId } from '../state.js'
import { type Line, lineWidth, paint, spread, styled, wrap } from '../text/line.js'
import { type Content, contentOf, type Row } from './rows.js'

const TITLES: Readonly<Record<PaneId, string>> = { peers: 'Peers', chain: 'Chain', ring: 'Ring', files: 'Files' }

export const titleOf = (pane: PaneId): string => `${paneNumber(pane)} ${TITLES[pane]}`

/** Lines that stand beside the list, at its left. */
export interface Side {
  readonly width: number
  readonly lines: readonly Line[]
}

export function paneLines(
  pane: PaneId,
  model: Model,
  width: number,
  height: number,
  side: Side | null = null,
): readonly string[] {
  const { ui } = model
  const inner = Math.max(0, width - 4 - (side === null ? 0 : side.width + 1))
  const content = contentOf(pane, model, inner)
  const focused = ui.focus === pane && ui.overlay === null
  const cursor = cursorIndex(
    ui,
    pane,
    content.rows.map(({ key }) => key),
  )
  const room = Math.max(0, height - 2)
  const footer = content.footer.slice(0, Math.max(0, room - 1))
  const listed = listLines(
    content,
    focused && ui.mode !== 'form' ? cursor : -1,
    cursor,
    room - footer.length,
    inner,
    model,
  )
  const rows = [...listed, ...footer.map((line) => ({ line, selected: false }))]
  const title = `${titleOf(pane)}${ui.filters[pane] === '' ? '' : ` /${ui.filters[pane]}`}`
  const count = content.rows.length === 0 ? '' : String(content.rows.length)
  return frame({ title, count, focused, side, rows }, width, height, model)
}

interface Framed {
  readonly title: string
  readonly count: string
  readonly focused: boolean
  readonly side: Side | null
  readonly rows: readonly { readonly line: Line; readonly selected: boolean }[]
}

/** Draws the border around lines; the border of the focused pane is in the accent colour. */
export function frame(
  content: Framed,
  width: number,
  height: number,
  { look }: Pick<Model, 'look'>,
): readonly string[] {
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
  const sideWidth = content.side === null ? 0 : content.side.width + 1
  for (let row = 0; row < height - 2; row++) {
    const beside = content.side === null ? '' : paint([...(content.side.lines[row] ?? [])], sideWidth, look)
    const { line, selected } = content.rows[row] ?? { line: [], selected: false }
    lines.push(`${wall}${beside}${paint([' ', ...line], Math.max(0, inside - sideWidth), look, selected)}${wall}`)
  }
  lines.push(paint([styled(style, edge.bottomLeft), rule(inside), styled(style, edge.bottomRight)], width, look))
  return lines.slice(0, height)
}

function listLines(content: Content, selected: number, cursor: number, room: number, width: number, model: Model) {
  if (content.rows.length === 0) {
    const words = model.snapshot === null ? '' : content.empty
    const lines = wrap(words, Math.max(1, width), model.look).slice(0, Math.max(0, room))
    return fill(
      lines.map((text) => ({ line: [styled('dim', text)], selected: false })),
      room,
    )
  }
  const lines: { line: Line; selected: boolean }[] = []
  for (
    let index = firstShown(content.rows, cursor, room);
    index < content.rows.length && lines.length < room;
    index++
  ) {
    for (const line of content.rows[index]?.lines ?? []) lines.push({ line, selected: index === selected })
  }
  return fill(lines.slice(0, Math.max(0, room)), room)
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

function fill(lines: { line: Line; selected: boolean }[], room: number) {
  while (lines.length < room) lines.push({ line: [], selected: false })
  return lines
}
