/**
 * The screen of a terminal emulator as cells with their final colours: inverse, dim and hidden are worked out here, so that
 * whoever draws a cell knows nothing of terminals.
 */
import type { IBuffer, IBufferCell } from '@xterm/headless'
import { type Colour, dimmed, GROUND, indexed, packed, TEXT } from './palette.js'

export interface CellStyle {
  readonly colour: Colour
  /** null where the ground shows through. */
  readonly ground: Colour | null
  readonly bold: boolean
  readonly italic: boolean
  readonly underline: boolean
  readonly strike: boolean
}

export interface Cell {
  readonly column: number
  /** Columns it takes. */
  readonly width: number
  /** One character with what combines with it; a blank where nothing is shown. */
  readonly text: string
  /** Equal styles of one screen are the same object. */
  readonly style: CellStyle
}

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly lines: readonly (readonly Cell[])[]
}

/** What a person sees of this buffer in a terminal of that size. */
export function screenOf(buffer: IBuffer, columns: number, rows: number): Screen {
  const styles = new Map<string, CellStyle>() // at most one a cell
  const lines = Array.from({ length: rows }, (_, row) => {
    const line = buffer.getLine(buffer.viewportY + row)
    const cells: Cell[] = []
    for (let column = 0; column < columns; column++) {
      const cell = line?.getCell(column)
      // 0: the second half of the wide one before it
      if (cell === undefined || cell.getWidth() === 0) continue
      const text = cell.isInvisible() ? ' ' : cell.getChars() || ' '
      // a wide one whose second half was cut off by the edge must not reach beyond it
      cells.push({ column, width: Math.min(cell.getWidth(), columns - column), text, style: shared(cell, styles) })
    }
    return cells
  })
  return { columns, rows, lines }
}

/** The text of the screen, without blanks at the ends of its lines. */
export function textOf({ columns, lines }: Screen): string {
  return lines
    .map((line) => {
      let text = ''
      let reached = 0
      for (const cell of line) {
        text += ' '.repeat(cell.column - reached) + cell.text
        reached = cell.column + cell.width
      }
      return (text + ' '.repeat(columns - reached)).trimEnd()
    })
    .join('\n')
}

function shared(cell: IBufferCell, styles: Map<string, CellStyle>): CellStyle {
  const style = styleOf(cell)
  const key = Object.values(style).join()
  const known = styles.get(key)
  if (known !== undefined) return known
  styles.set(key, style)
  return style
}

function styleOf(cell: IBufferCell): CellStyle {
  const front = cell.isFgRGB() ? packed(cell.getFgColor()) : cell.isFgPalette() ? indexed(cell.getFgColor()) : null
  const back = cell.isBgRGB() ? packed(cell.getBgColor()) : cell.isBgPalette() ? indexed(cell.getBgColor()) : null
  const inverse = cell.isInverse() !== 0
  const colour = inverse ? (back ?? GROUND) : (front ?? TEXT)
  const ground = inverse ? (front ?? TEXT) : back
  return {
    colour: cell.isDim() ? dimmed(colour, ground ?? GROUND) : colour,
    ground,
    bold: cell.isBold() !== 0,
    italic: cell.isItalic() !== 0,
    underline: cell.isUnderline() !== 0,
    strike: cell.isStrikethrough() !== 0,
  }
}
