/**
 * All lines of the screen for one model, made once: the session asks whether a new one would look different, and the
 * components draw it. Invariant: two models with the same picture need no second drawing.
 */
import type { Layout } from '../layout.js'
import type { Model } from '../state.js'
import { headerLine } from './header.js'
import { hintsLine, tabsLine } from './hints.js'
import { messageLines } from './message.js'
import { promptLine } from './prompt.js'
import { areaLines, layoutFor, tooSmallLines } from './screen.js'

export interface PictureColumn {
  readonly width: number
  /** Its cells' lines, one cell below the other. */
  readonly lines: readonly string[]
}

export interface Picture {
  readonly layout: Layout
  readonly header: string
  readonly tabs: string
  readonly columns: readonly PictureColumn[]
  readonly message: readonly string[]
  readonly hints: string
  readonly prompt: string
}

const made = new WeakMap<Model, Picture>()

export function pictureOf(model: Model): Picture {
  const known = made.get(model)
  if (known !== undefined) return known
  const picture = make(model)
  made.set(model, picture)
  return picture
}

/** Whether nobody could tell the two apart on the screen. */
export function looksSame(a: Model, b: Model): boolean {
  return a.size.columns === b.size.columns && a.size.rows === b.size.rows && same(pictureOf(a), pictureOf(b))
}

function same(a: Picture, b: Picture): boolean {
  return (
    a.header === b.header &&
    a.tabs === b.tabs &&
    a.hints === b.hints &&
    a.prompt === b.prompt &&
    sameLines(a.message, b.message) &&
    a.columns.length === b.columns.length &&
    a.columns.every((column, index) => sameLines(column.lines, b.columns[index]?.lines ?? []))
  )
}

const sameLines = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((line, row) => line === b[row])

function make(model: Model): Picture {
  const { columns } = model.size
  const layout = layoutFor(model)
  if (layout.kind === 'small') {
    const lines = tooSmallLines(model, model.size)
    return { layout, header: '', tabs: '', columns: [{ width: columns, lines }], message: [], hints: '', prompt: '' }
  }
  return {
    layout,
    header: headerLine(model, columns),
    tabs: layout.tabs === 1 ? tabsLine(model, columns) : '',
    columns: layout.columns.map(({ width, cells }) => ({
      width,
      lines: cells.flatMap(({ area, height }) => areaLines(area, model, width, height)),
    })),
    message: messageLines(model, columns, layout.message),
    hints: hintsLine(model, columns),
    prompt: promptLine(model, columns),
  }
}
