/**
 * A block in full: where it stands, what its proof of work says, every record with its author. What says most comes first,
 * since below a list there is room for no more than that.
 */
import type { BlockView, RecordView, Snapshot } from '../../src/api.js'
import type { Model } from '../state.js'
import { column, type Line, lineWidth, styled } from '../text/line.js'
import { expectedHashes, leadingZeroBits } from '../text/proof.js'
import { age, duration, plural, powerOfTwo, shortId } from '../text/units.js'
import { field, fieldLines, hashLines } from './field.js'

const AUTHOR_CELLS = 12

export function blockLines(
  block: BlockView,
  snapshot: Snapshot,
  model: Model,
  width: number,
  ids: 'short ids' | 'whole ids' = 'short ids',
): readonly Line[] {
  const { look, now } = model
  const whole = ids === 'whole ids'
  const time = `${new Date(block.time * 1000).toISOString()} (${age(now - block.time * 1000).trim()} ago)`
  return [
    ...hashLines('hash', block.hash, width, look),
    ...fieldLines('time', time, width, look),
    ...fieldLines('parent', sinceParent(block, snapshot), width, look),
    ...fieldLines('proof', proofOf(block), width, look),
    [],
    [
      styled('bold', block.records.length === 0 ? 'no records' : plural(block.records.length, 'record')),
      ...(whole && block.records.length > 0 ? [styled('dim', '  (/ picks some, then y copies their ids)')] : []),
    ],
    ...block.records.map(
      (record): Line => (whole ? wholeRecordLine(record, snapshot, model, width) : recordLine(record, snapshot, model)),
    ),
    [],
    ...hashLines('previous', block.previous, width, look),
    field('bits', `0x${block.bits.toString(16).padStart(8, '0')}, nonce ${block.nonce}`, look),
  ]
}

function recordLine(record: RecordView, snapshot: Snapshot, model: Model): Line {
  return [' ', styled('dim', shortId(record.id, model.look)), ...recordSpans(record, snapshot, model)]
}

/**
 * With its id behind it, or below it where both do not fit: one line for the filter all the same, which the page breaks at
 * its width.
 */
export function wholeRecordLine(record: RecordView, snapshot: Snapshot, model: Model, width: number): Line {
  const line = recordSpans(record, snapshot, model)
  const used = lineWidth(line, model.look)
  const fits = used + 2 + record.id.length <= width
  const gap = fits ? 2 : Math.ceil(used / width) * width - used + 1
  return [...line, ' '.repeat(gap), styled('dim', record.id)]
}

function recordSpans(record: RecordView, snapshot: Snapshot, { look }: Model): Line {
  const poll = record.kind === 'ballot' ? `  poll ${record.data.poll ?? ''}` : ''
  return [
    ' ',
    column(nameOf(record.author, snapshot), AUTHOR_CELLS, look),
    ' ',
    recordText(record),
    styled('dim', `  ${record.kind}${poll}`),
  ]
}

function sinceParent(block: BlockView, { chain }: Snapshot): string {
  const parent = chain.blocks.find(({ hash }) => hash === block.previous)
  if (parent === undefined) return block.height === 0 ? 'none: it is the first' : `#${block.height - 1}`
  const seconds = block.time - parent.time
  const words = apart(Math.abs(seconds))
  return `#${parent.height}, ${words} ${seconds < 0 ? 'later by its clock' : 'before'}`
}

/** `41 seconds`, `12:05`, `3d`. */
function apart(seconds: number): string {
  if (seconds < 60) return plural(seconds, 'second')
  return seconds < 3600 ? duration(seconds).trim() : age(seconds * 1000).trim()
}

function proofOf({ hash, bits }: BlockView): string {
  const expected = expectedHashes(bits)
  const zeros = plural(leadingZeroBits(hash), 'leading zero bit')
  return expected === 0
    ? `${zeros}; these bits ask for nothing that can be met`
    : `${zeros}; ${powerOfTwo(expected)} hashes expected`
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

/** A peer's name, `you`, or the beginning of its id. */
export function nameOf(id: string, snapshot: Snapshot): string {
  if (id === snapshot.status.id) return 'you'
  return snapshot.peers.find((peer) => peer.id === id)?.name ?? id.slice(0, 8)
}
