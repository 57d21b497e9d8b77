/**
 * The chunks of a download as a field of cells: which are here, which are on their way and from whom, which are missing.
 * Invariant: the field shows every chunk; where a cell stands for several, a coming one shows before a missing one, and
 * the cell is full only when all of them are here.
 */
import type { ChunkMapView } from '../../src/api.js'
import type { Look } from '../look.js'
import { column, type Line, type Span, type Style, spread, styled } from '../text/line.js'
import { percent, plural, rate, size } from '../text/units.js'

/** Sources that can be told by colour alone; more of them get letters. */
const COLOURS = 3
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const MOST_SOURCES = 26
/** Source lines below a map that has to share its room. */
const FEW_SOURCES = 4

/** Title, field and sources in at most `height` lines; [] where not even a line of the field fits. */
export function chunkMapLines(
  map: ChunkMapView,
  name: string,
  width: number,
  height: number,
  look: Look,
): readonly Line[] {
  const shown = Math.max(1, Math.min(FEW_SOURCES, height - 4))
  const sources = map.sources.slice(0, shown)
  const rows = height - 2 - sources.length
  if (rows < 1 || width < 8) return []
  const field = fieldLines(map, width, rows, look)
  const hidden = map.sources.length - shown + 1
  const legend = sources.map((_, index) => {
    if (hidden < 2 || index < shown - 1) return sourceLine(map, index, width, look)
    return [styled('dim', `${look.glyphs.more} ${hidden} more sources (Enter lists them)`)]
  })
  return [titleLine(map, name, width, look), ...field, ...legend, keyLine(map, width, rows, look)]
}

/** As many lines as it takes for a cell a chunk, and `most` at most. */
export function fieldLines(map: ChunkMapView, width: number, most: number, look: Look): readonly Line[] {
  const cells = cellsOf(map, width * most)
  const lines: Line[] = []
  for (let first = 0; first < cells.length; first += width)
    lines.push(merged(cells.slice(first, first + width), map, look))
  return lines
}

/** What the signs mean, and how many chunks a cell stands for. */
export function keyLine(map: ChunkMapView, width: number, rows: number, look: Look): Line {
  const { have, coming, lack, partial } = look.glyphs
  const each = Math.ceil(map.chunks / Math.max(1, width * rows))
  const signs: Span[] = [styled('good', have), styled('dim', ' have  ')]
  const byColour = !usesLetters(map, look)
  signs.push(styled('out', byColour ? coming : `a-${LETTERS[Math.min(MOST_SOURCES, map.sources.length) - 1] ?? 'a'}`))
  signs.push(styled('dim', ' coming  '))
  if (each > 1) signs.push(styled('good', partial.join('')), styled('dim', ' part  '))
  signs.push(styled('dim', `${lack} missing`))
  return spread(signs, each > 1 ? [styled('dim', `  a cell: ${plural(each, 'chunk')}`)] : [], width, look)
}

/** Sign, name, what it does, how much came from it and how fast. */
export function sourceLine(map: ChunkMapView, index: number, width: number, look: Look): Line {
  const source = map.sources[index]
  if (source === undefined) return []
  const busy = map.coming.filter(({ from }) => from === source.id).length
  const state = source.state === 'open' && busy > 0 ? `${busy} coming` : source.state
  const nameWidth = Math.max(6, Math.min(20, width - 34))
  return [
    sign(index, map, look),
    ' ',
    column(source.name, nameWidth, look),
    ' ',
    size(source.bytes),
    '  ',
    rate(source.rate),
    '  ',
    styled(source.state === 'resting' ? 'busy' : 'dim', source.reason === '' ? state : `${state}, ${source.reason}`),
  ]
}

function titleLine(map: ChunkMapView, name: string, width: number, look: Look): Line {
  const have = bytesOf(map).reduce((sum, byte) => sum + ones(byte), 0)
  const left: Line = [styled('bold', name)]
  return spread(
    left,
    ['  ', `${Math.min(have, map.chunks)}/${map.chunks} chunks`, ' ', percent(have, map.chunks)],
    width,
    look,
  )
}

type Cell =
  | { readonly kind: 'have' | 'lack' }
  | { readonly kind: 'partial'; readonly share: number }
  | { readonly kind: 'coming'; readonly source: number }

function cellsOf(map: ChunkMapView, most: number): readonly Cell[] {
  const { chunks } = map
  const count = Math.max(0, Math.min(Math.floor(most), chunks))
  const cellOf = (chunk: number) => Math.min(count - 1, Math.floor(((chunk + 0.5) * count) / chunks))
  const have = new Uint32Array(count)
  for (const [place, byte] of bytesOf(map).entries()) {
    for (let bit = 0, rest = byte; rest > 0; bit++, rest >>= 1) {
      const chunk = place * 8 + bit
      if ((rest & 1) === 1 && chunk < chunks) have[cellOf(chunk)] = (have[cellOf(chunk)] ?? 0) + 1
    }
  }
  const coming = new Map<number, number>() // at most one entry a cell
  for (const { index, from } of map.coming) {
    if (index < chunks)
      coming.set(
        cellOf(index),
        map.sources.findIndex(({ id }) => id === from),
      )
  }
  return Array.from({ length: count }, (_, cell): Cell => {
    const source = coming.get(cell)
    if (source !== undefined) return { kind: 'coming', source }
    const here = have[cell] ?? 0
    const all = firstOf(cell + 1, count, chunks) - firstOf(cell, count, chunks)
    if (here === 0) return { kind: 'lack' }
    return here >= all ? { kind: 'have' } : { kind: 'partial', share: here / all }
  })
}

/** The first chunk whose middle is in that cell. */
const firstOf = (cell: number, count: number, chunks: number): number => Math.ceil((cell * chunks) / count - 0.5)

function merged(cells: readonly Cell[], map: ChunkMapView, look: Look): Line {
  const line: { text: string; style: Style }[] = []
  for (const cell of cells) {
    const { text, style } = glyphOf(cell, map, look)
    const last = line.at(-1)
    if (last?.style === style) last.text += text
    else line.push({ text, style })
  }
  return line
}

function glyphOf(cell: Cell, map: ChunkMapView, look: Look) {
  const { have, lack, partial } = look.glyphs
  switch (cell.kind) {
    case 'have':
      return styled('good', have)
    case 'lack':
      return styled('dim', lack)
    case 'partial':
      return styled('good', partial[Math.floor(cell.share * partial.length)] ?? lack)
    case 'coming':
      return sign(cell.source, map, look)
  }
}

/** How a chunk on its way from that source looks. */
function sign(source: number, map: ChunkMapView, look: Look) {
  const { coming } = look.glyphs
  const styles = sourceStyles(look)
  const style = styles[source % styles.length] ?? 'plain'
  if (!usesLetters(map, look)) return styled(style, coming)
  return styled(style, LETTERS[source] ?? coming)
}

const usesLetters = (map: ChunkMapView, look: Look): boolean =>
  !look.unicode || !look.colour || map.sources.length > COLOURS

/** As different as the colours of this background allow. */
const sourceStyles = ({ background }: Look): readonly Style[] => [
  'out',
  background === 'dark' ? 'busy' : background === 'light' ? 'accent' : 'good',
  'plain',
]

const bytesOf = ({ have, chunks }: ChunkMapView): Uint8Array =>
  Buffer.from(have, 'base64').subarray(0, Math.ceil(Math.max(0, chunks) / 8))

function ones(byte: number): number {
  let count = 0
  for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1
  return count
}
