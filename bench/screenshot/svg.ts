/**
 * A screen as one SVG that stands by itself: no script, no style sheet, no font, nothing from elsewhere.
 * Invariants: every run of text starts at its own column and is told its length, so that columns stand below each other in
 * any monospace font; whatever the cells hold, the result is well-formed XML; equal screens give equal bytes.
 */
import { type Cell, type CellStyle, type Screen, textOf } from './cells.js'
import { drawingOf, groundsOf } from './drawing.js'
import { CELL, shapesOf } from './drawn.js'
import { GROUND, TEXT } from './palette.js'

const PADDING = 12
const TITLE_BAR = 28
const RADIUS = 10
/** A monospace letter is 0.6 of its size wide. */
const FONT_SIZE = 13.33
const BASELINE = 12
const FONTS =
  "ui-monospace,'SF Mono',SFMono-Regular,'Cascadia Mono',Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
const FRAME = '#30363f'
const BAR = '#1d2129'
const QUIET = '#9aa2ad'

export function svgOf(screen: Screen, title: string): string {
  const width = screen.columns * CELL.width + 2 * PADDING
  const height = screen.rows * CELL.height + 2 * PADDING + TITLE_BAR
  const middle = TITLE_BAR / 2
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="${FONTS}" font-size="${FONT_SIZE}">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(textOf(screen))}</desc>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="${RADIUS}" fill="${GROUND}" stroke="${FRAME}"/>`,
    `<path fill="${BAR}" d="M1 ${TITLE_BAR}V${RADIUS}q0-${RADIUS - 1} ${RADIUS - 1}-${RADIUS - 1}H${width - RADIUS}q${RADIUS - 1} 0 ${RADIUS - 1} ${RADIUS - 1}V${TITLE_BAR}z"/>`,
    ...[18, 36, 54].map((x) => `<circle cx="${x}" cy="${middle}" r="5" fill="${FRAME}"/>`),
    `<text x="${width / 2}" y="${middle + 4}" text-anchor="middle" font-size="12" fill="${QUIET}">${escapeXml(title)}</text>`,
    `<g transform="translate(${PADDING} ${TITLE_BAR + PADDING})" fill="${TEXT}" stroke-width="1.2" xml:space="preserve">`,
    `${groundsOf(screen)}${drawingOf(screen)}${textRuns(screen)}</g>`,
    '</svg>\n',
  ].join('\n')
}

interface Run {
  readonly column: number
  readonly style: CellStyle
  /** Of letters that every monospace font has, which may stand together. */
  readonly plain: boolean
  text: string
  width: number
}

function textRuns({ lines }: Screen): string {
  return lines
    .map((cells, row) =>
      runsOf(cells)
        .map((run) => runText(run, row))
        .join(''),
    )
    .join('')
}

/** What the font writes; what is drawn stands apart (see `drawn.ts`). */
function runsOf(cells: readonly Cell[]): readonly Run[] {
  const runs: Run[] = []
  let blanks = 0
  for (const { column, width, text, style } of cells) {
    const before = runs.at(-1)
    if (text === ' ' && !style.underline && !style.strike) {
      blanks++
      continue
    }
    const gap = blanks
    blanks = 0
    if (shapesOf(text) !== null) continue
    const plain = isPlain(text)
    const reached = before === undefined ? -1 : before.column + before.width
    // one blank stays inside of a run; wider gaps are jumped over
    if (
      before !== undefined &&
      plain &&
      before.plain &&
      before.style === style &&
      column - reached === gap &&
      gap < 2
    ) {
      before.text += ' '.repeat(gap) + text
      before.width += gap + width
    } else runs.push({ column, style, plain, text, width })
  }
  return runs
}

/** Others may come from another font, or turn the direction of what follows: each stands alone, pressed into its cells. */
const isPlain = (text: string): boolean => /^[ -~\u00a1-\u00ac\u00ae-\u024f]$/.test(text)

function runText({ column, style, plain, text, width }: Run, row: number): string {
  const attributes = [
    `x="${column * CELL.width}"`,
    `y="${row * CELL.height + BASELINE}"`,
    ...(plain && width === 1 ? [] : [`textLength="${width * CELL.width}"`]),
    ...(plain ? [] : ['lengthAdjust="spacingAndGlyphs"']),
    ...(style.colour === TEXT ? [] : [`fill="${style.colour}"`]),
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.italic ? ['font-style="italic"'] : []),
    ...decorationOf(style),
  ]
  return `<text ${attributes.join(' ')}>${escapeXml(text)}</text>\n`
}

function decorationOf({ underline, strike }: CellStyle): readonly string[] {
  const lines = [...(underline ? ['underline'] : []), ...(strike ? ['line-through'] : [])]
  return lines.length === 0 ? [] : [`text-decoration="${lines.join(' ')}"`]
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
/** Control characters but the line end, what turns the direction of text, lone surrogates, and U+FFFE and U+FFFF. */
const UNFIT = /(?!\n)\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu

/** Text for XML 1.0, in elements and in quotes; what it may not hold becomes U+FFFD. */
export function escapeXml(text: string): string {
  return text.replace(UNFIT, '\ufffd').replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}
