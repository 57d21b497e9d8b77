/**
 * Puts pictures on the screen by changing only the cells that differ from the picture before. Ink rewrites a line from its
 * first change to its end, which is three times what a slow link bears at 200 columns, and moves relative to where it
 * believes the cursor to be.
 * Invariant: every place is addressed absolutely and inside the screen, and nothing wraps, so nothing scrolls, whatever size
 * the terminal has become meanwhile. The marks of DEC 2026 stand around each picture, so that none is seen half.
 */
import type { Size } from '../state.js'
import { widthOf } from '../text/cells.js'
import { styleAfter, stylesSpace } from './sgr.js'

const ESC = '\u001b['
const BEGIN = `${ESC}?2026h${ESC}?7l`
const END = `${ESC}m${ESC}?7h${ESC}?2026l`
const ERASE_TO_END = `${ESC}K`
/** Going over so many unchanged cells is shorter than going around them. */
const SHORT_GAP = 4
const MANY_BLANKS = 4

interface Row {
  /** What it was made from. */
  readonly line: string
  /** One a cell; '' is the second cell of a wide character. */
  readonly glyphs: readonly string[]
  readonly styles: readonly string[]
}

interface Picture {
  readonly size: Size
  readonly rows: readonly Row[]
}

export class Painter {
  readonly #write: (bytes: string) => void
  #last: Picture | null = null
  /** The last picture stands on the screen, as far as we know. */
  #stands = false

  constructor(write: (bytes: string) => void) {
    this.#write = write
  }

  /** Lines of text and SGR sequences; what is beyond the size is cut off, what is missing is blank. */
  paint(text: string, size: Size): void {
    const lines = text.split('\n')
    const before = this.#known(size)
    const rows = Array.from({ length: size.rows }, (_, y) => {
      const line = lines[y] ?? ''
      const old = before?.rows[y]
      return old?.line === line ? old : rowOf(line, size.columns)
    })
    this.#put(before, { size, rows })
  }

  /** Others wrote on the screen, or it was resized: the last picture does not stand there any more. */
  forget(): void {
    this.#stands = false
  }

  /** The last picture again, whole, unless it was made for another size. */
  repaint(size: Size): void {
    this.#stands = false
    if (this.#last !== null && sameSize(this.#last.size, size)) this.#put(null, this.#last)
  }

  #known(size: Size): Picture | null {
    return this.#stands && this.#last !== null && sameSize(this.#last.size, size) ? this.#last : null
  }

  #put(before: Picture | null, after: Picture): void {
    this.#last = after
    this.#stands = true
    const pen: Pen = { style: '' }
    // who wrote on the screen may have left a colour on
    let out = before === null ? `${ESC}m` : ''
    for (const [y, row] of after.rows.entries()) {
      const old = before?.rows[y]
      if (old !== row) out += rowChanges(y, old, row, pen)
    }
    if (out !== '') this.#write(`${BEGIN}${out}${END}`)
  }
}

/** What the terminal draws with; plain at the beginning of each picture. */
interface Pen {
  style: string
}

const sameSize = (a: Size, b: Size): boolean => a.columns === b.columns && a.rows === b.rows

function rowOf(line: string, columns: number): Row {
  const glyphs: string[] = []
  const styles: string[] = []
  const [first = '', ...parts] = line.split(ESC)
  let style = ''
  const add = (text: string): void => {
    for (const character of text) {
      const width = widthOf(character)
      if (width === 0) {
        const at = glyphs.length - 1
        if (at >= 0) glyphs[at] += character
      } else {
        glyphs.push(character)
        styles.push(character === ' ' ? stylesSpace(style) : style)
        if (width === 2) {
          glyphs.push('')
          styles.push(style)
        }
      }
    }
  }
  add(first)
  for (const part of parts) {
    const end = part.indexOf('m')
    style = styleAfter(style, part.slice(0, end))
    add(part.slice(end + 1))
  }
  return { line, ...fitted(glyphs, styles, columns) }
}

function fitted(glyphs: string[], styles: string[], columns: number): Omit<Row, 'line'> {
  // half a wide character is none
  if (glyphs[columns] === '') glyphs[columns - 1] = ' '
  glyphs.length = Math.min(glyphs.length, columns)
  styles.length = glyphs.length
  while (glyphs.length < columns) {
    glyphs.push(' ')
    styles.push('')
  }
  return { glyphs, styles }
}

function rowChanges(y: number, before: Row | undefined, after: Row, pen: Pen): string {
  const { glyphs, styles } = after
  const columns = glyphs.length
  const blankFrom = blankTail(after)
  let out = ''
  let at = -1
  for (let x = 0; x < columns; x++) {
    if (before !== undefined && before.glyphs[x] === glyphs[x] && before.styles[x] === styles[x]) continue
    const gap = at < 0 ? null : after.glyphs.slice(at, x)
    if (gap === null) out += `${ESC}${y + 1};${x + 1}H`
    else if (gap.length <= SHORT_GAP && styles.slice(at, x).every((style) => style === pen.style)) out += gap.join('')
    else out += `${ESC}${x + 1}G`
    out += turnTo(pen, styles[x] ?? '')
    if (x >= blankFrom && columns - x >= MANY_BLANKS) return out + ERASE_TO_END
    out += glyphs[x]
    if (glyphs[x + 1] === '') x++
    at = x + 1
  }
  return out
}

/** From this cell on the row is plain blanks. */
function blankTail({ glyphs, styles }: Row): number {
  let from = glyphs.length
  while (from > 0 && glyphs[from - 1] === ' ' && styles[from - 1] === '') from--
  return from
}

function turnTo(pen: Pen, style: string): string {
  if (pen.style === style) return ''
  const codes = pen.style === '' || style === '' ? style : `0;${style}`
  pen.style = style
  return `${ESC}${codes}m`
}
