/** The newest blocks, what stands in them, and beside them the branches that lost; below, what is being mined. */
import type { BlockView, MiningView, RecordView, Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, cut, type Line, lineWidth, type Span, spread, styled } from '../text/line.js'
import { expectedHashes } from '../text/proof.js'
import { age, hashRate, plural, powerOfTwo, shortId } from '../text/units.js'
import { nameOf, recordsText } from './block.js'
import type { Content, Row } from './rows.js'

/** From these widths on there is a column for the author, one for the work, and a line that names them. */
const AUTHOR_FROM = 46
const WORK_FROM = 58
const AUTHOR_CELLS = 13

export function chainContent({ snapshot, look, now }: Model, width: number): Content {
  const empty = 'no blocks yet: :vote <voter> <choice> makes the first'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const digits = Math.max(4, String(snapshot.chain.height).length)
  const rows: Row[] = []
  for (const block of snapshot.chain.blocks) {
    rows.push({ key: block.hash, lines: [blockLine(block, snapshot, digits, width, look, now)] })
    for (const fork of snapshot.mining.forks) {
      if (fork.height !== block.height) continue
      const line = [
        `${look.glyphs.fork} #${fork.height} ${shortId(fork.hash, look)} `,
        styled('busy', `fork, ${fork.behind} behind`),
      ]
      rows.push({ key: fork.hash, lines: [line] })
    }
  }
  const head = width >= WORK_FROM ? { head: headLine(digits, width, look) } : {}
  return { ...head, rows, footer: [miningLine(snapshot.mining, width, look)], empty }
}

function headLine(digits: number, width: number, look: Look): Line {
  const left = ` ${'block'.padEnd(digits)} ${column('hash', 7, look)}  age   work records`
  return [styled('dim', column(left, width - AUTHOR_CELLS, look)), styled('dim', column('author', AUTHOR_CELLS, look))]
}

function blockLine(block: BlockView, snapshot: Snapshot, digits: number, width: number, look: Look, now: number): Line {
  const head: Span[] = [
    styled('bold', `#${String(block.height).padEnd(digits)}`),
    ' ',
    styled('dim', shortId(block.hash, look)),
    ' ',
    age(now - block.time * 1000),
    ' ',
    ...(width >= WORK_FROM ? [styled('dim', `${powerOfTwo(expectedHashes(block.bits)).padStart(6)} `)] : []),
  ]
  const room = width - lineWidth(head, look)
  const records: Line = [recordsText(block.records)]
  const author = authors(block.records, snapshot)
  if (width >= AUTHOR_FROM) {
    const left = cut(records, room - AUTHOR_CELLS - 1, look)
    return [...head, ...left, ' ', styled('dim', column(author, AUTHOR_CELLS, look))]
  }
  // what was written says more than who wrote it
  const right: Line = ['  ', styled('dim', author)]
  const fits = lineWidth(records, look) + lineWidth(right, look) <= room
  return [...head, ...(fits ? spread(records, right, room, look) : cut(records, room, look))]
}

/** Of the peers whose records these are. */
function authors(records: readonly RecordView[], snapshot: Snapshot): string {
  const ids = new Set(records.map(({ author }) => author))
  const [first] = ids
  if (first === undefined) return ''
  return ids.size === 1 ? nameOf(first, snapshot) : plural(ids.size, 'author')
}

/** As much of it as fits, the most urgent first. */
function miningLine(mining: MiningView, width: number, look: Look): Line {
  const parts: Span[] = []
  if (mining.syncing !== null) parts.push(styled('busy', `syncing ${mining.syncing.done}/${mining.syncing.total}`))
  if (mining.pending > 0) parts.push(styled('busy', `${mining.pending} pending`))
  parts.push(styled('dim', `difficulty ${powerOfTwo(mining.difficulty)}`))
  if (mining.active) parts.push(styled('good', hashRate(mining.hashRate).trim()))
  if (mining.mode !== 'own') parts.push(styled('dim', `mine ${mining.mode}`))
  let line: Line = []
  for (const part of parts) {
    const longer = line.length === 0 ? [part] : [...line, styled('dim', ` ${look.glyphs.dot} `), part]
    if (lineWidth(longer, look) <= width) line = longer
  }
  return line
}
