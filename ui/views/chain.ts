/** The newest blocks, what stands in them, and beside them the branches that lost; below, what is being mined. */
import type { BlockView, MiningView, RecordView, Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { cut, type Line, lineWidth, type Span, spread, styled } from '../text/line.js'
import { age, hashRate, plural, powerOfTwo, shortId } from '../text/units.js'
import type { Content, Row } from './rows.js'

export function chainContent({ snapshot, look, now }: Model, width: number): Content {
  const empty = 'no blocks yet: :vote <voter> <choice> makes the first'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const digits = String(snapshot.chain.height).length
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
  return { rows, footer: [miningLine(snapshot.mining, width, look)], empty }
}

function blockLine(block: BlockView, snapshot: Snapshot, digits: number, width: number, look: Look, now: number): Line {
  const head: Span[] = [
    styled('bold', `#${String(block.height).padEnd(digits)}`),
    ' ',
    styled('dim', shortId(block.hash, look)),
    ' ',
    age(now - block.time * 1000),
    ' ',
  ]
  const room = width - lineWidth(head, look)
  const records: Line = [recordsText(block.records)]
  const author: Line = ['  ', styled('dim', authors(block.records, snapshot))]
  // what was written says more than who wrote it
  const fits = lineWidth(records, look) + lineWidth(author, look) <= room
  return [...head, ...(fits ? spread(records, author, room, look) : cut(records, room, look))]
}

/** `alice: yes`, `alice: yes +2`, `genesis`. */
export function recordsText(records: readonly RecordView[]): string {
  const [first] = records
  if (first === undefined) return 'genesis'
  const text = recordText(first)
  return records.length === 1 ? text : `${text} +${records.length - 1}`
}

export function recordText({ kind, data }: RecordView): string {
  switch (kind) {
    case 'note':
      return data.text ?? ''
    case 'ballot':
      return `${data.voter ?? ''}: ${data.choice ?? ''}`
    case 'poll':
      return `poll ${data.poll ?? ''}: ${data.options ?? ''}`
    case 'close':
      return `poll ${data.poll ?? ''} closed`
  }
}

/** Of the peers whose records these are. */
function authors(records: readonly RecordView[], snapshot: Snapshot): string {
  const ids = new Set(records.map(({ author }) => author))
  const [first] = ids
  if (first === undefined) return ''
  return ids.size === 1 ? nameOf(first, snapshot) : plural(ids.size, 'author')
}

/** A peer's name, `you`, or the beginning of its id. */
export function nameOf(id: string, snapshot: Snapshot): string {
  if (id === snapshot.status.id) return 'you'
  return snapshot.peers.find((peer) => peer.id === id)?.name ?? id.slice(0, 8)
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
