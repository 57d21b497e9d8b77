/**
 * Who holds which part of a file: the number of holders of every chunk, and how much each holder has.
 * Invariant: where a cell stands for several chunks it shows the one that the fewest hold.
 */
import type { HoldersView } from '../../src/api.js'
import type { Look } from '../look.js'
import { column, type Line, type Span, styled } from '../text/line.js'
import { bar, percent, plural } from '../text/units.js'

/** Lines of the field at most. */
const FIELD_LINES = 12
const NAME_CELLS = 20
const BAR_CELLS = { least: 4, most: 40 }

export function holdersLines({ chunks, holders }: HoldersView, width: number, look: Look): readonly Line[] {
  const inner = Math.max(1, width - 2)
  const counts = countsOf({ chunks, holders })
  const least = counts.reduce((some, count) => Math.min(some, count), holders.length)
  const most = counts.reduce((some, count) => Math.max(some, count), 0)
  const cells = Math.min(chunks, inner * FIELD_LINES)
  const each = Math.ceil(chunks / Math.max(1, cells))
  const range = least === most ? plural(most, 'holder') : `${least} to ${plural(most, 'holder')}`
  const note = each > 1 ? `, the fewest of ${each} chunks in a cell` : ''
  const field = digits(counts, each)
  const lines: Line[] = []
  for (let first = 0; first < field.length; first += inner)
    lines.push([' ', ...runs(field.slice(first, first + inner))])
  const barCells = Math.max(BAR_CELLS.least, Math.min(BAR_CELLS.most, inner - NAME_CELLS - 22))
  return [
    [],
    [' ', styled('bold', plural(holders.length, 'holder'))],
    ...holders.map(({ name, count }): Line => {
      const share = chunks === 0 ? 1 : count / chunks
      const shown = styled(share < 1 ? 'busy' : 'good', bar(share, barCells, look))
      return [' ', column(name, NAME_CELLS, look), ' ', shown, ' ', percent(count, chunks), ` ${count}/${chunks}`]
    }),
    [],
    [' ', styled('bold', 'each chunk'), styled('dim', `  ${range}${note}`)],
    ...lines,
  ]
}

/** How many hold each chunk. */
function countsOf({ chunks, holders }: Pick<HoldersView, 'chunks' | 'holders'>): Uint16Array {
  const counts = new Uint16Array(chunks)
  for (const { have } of holders) {
    const bytes = Buffer.from(have, 'base64')
    for (let index = 0; index < chunks; index++)
      if (((bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0) counts[index] = (counts[index] ?? 0) + 1
  }
  return counts
}

function digits(counts: Uint16Array, each: number): readonly string[] {
  const field: string[] = []
  for (let first = 0; first < counts.length; first += each) {
    const fewest = counts.subarray(first, first + each).reduce((some, count) => Math.min(some, count), 0xffff)
    field.push(fewest > 9 ? '+' : String(fewest))
  }
  return field
}

/** One holder alone may be gone tomorrow. */
const styleOf = (digit: string): 'bad' | 'busy' | 'good' => (digit === '0' ? 'bad' : digit === '1' ? 'busy' : 'good')

function runs(cells: readonly string[]): readonly Span[] {
  const spans: { text: string; style: 'bad' | 'busy' | 'good' }[] = []
  for (const cell of cells) {
    const last = spans.at(-1)
    if (last?.style === styleOf(cell)) last.text += cell
    else spans.push({ text: cell, style: styleOf(cell) })
  }
  return spans
}
