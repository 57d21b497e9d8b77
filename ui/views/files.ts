/**
 * What moves first (bar, rate, time left, sources; a dash and the reason where it stands still), then every other known
 * file: one that moves is listed once. The shared folder stands at the foot, in view wherever the list is.
 */
import type { FileView, Snapshot, TransferView } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, type Line, lineWidth, type Span, styled } from '../text/line.js'
import { bar, duration, percent, plural, rate, shortId, size } from '../text/units.js'
import { nameOf } from './block.js'
import { folderLines } from './folder.js'
import type { Content } from './rows.js'

export function filesContent(model: Model, width: number): Content {
  const { snapshot, look } = model
  const empty = 'no files yet: :store <file>'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const moving = snapshot.transfers.filter(({ state }) => state !== 'done')
  const shown = new Set(moving.filter(({ state }) => state !== 'failed').map((transfer) => fileOf(transfer, snapshot)))
  return {
    rows: [
      ...moving.map((transfer) => ({ key: `t:${transfer.n}`, lines: transferLines(transfer, snapshot, width, look) })),
      ...snapshot.files
        .filter((file) => !shown.has(file))
        .sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id))
        .map((file) => ({ key: `f:${file.id}`, lines: [fileLine(file, snapshot, width, look)] })),
    ],
    footer: folderLines(snapshot.folder, width, model),
    empty,
  }
}

export function transferLines(transfer: TransferView, snapshot: Snapshot, width: number, look: Look): readonly Line[] {
  const chunks = chunksOf(transfer, snapshot)
  const countWidth = chunks === null ? 0 : String(chunks.total).length * 2 + 2
  const nameWidth = Math.max(6, Math.min(32, Math.floor(width / 3)))
  const barWidth = Math.max(3, Math.min(40, width - nameWidth - countWidth - 7))
  const share = transfer.total > 0 ? transfer.done / transfer.total : 0
  const barStyle = transfer.state === 'running' ? 'good' : transfer.state === 'failed' ? 'bad' : 'busy'
  return [
    [
      column(transfer.name, nameWidth, look),
      ' ',
      styled(barStyle, bar(share, barWidth, look)),
      ' ',
      percent(transfer.done, transfer.total),
      chunks === null ? '' : `${chunks.done}/${chunks.total}`.padStart(countWidth),
    ],
    ['  ', ...progressSpans(transfer, width, look)],
  ]
}

/** From this width on there is room for bytes beside chunks. */
const BYTES_FROM = 58

function progressSpans(transfer: TransferView, width: number, { glyphs }: Look): Span[] {
  if (transfer.state !== 'running') {
    const style = transfer.state === 'failed' ? 'bad' : 'busy'
    const mark = transfer.state === 'failed' ? glyphs.bad : glyphs.busy
    return [styled(style, mark), ' - ', transfer.reason === '' ? transfer.state : transfer.reason]
  }
  const incoming = transfer.direction === 'down'
  const eta = transfer.etaSeconds === null ? '  -  ' : duration(transfer.etaSeconds)
  const word = incoming ? 'from' : transfer.direction === 'up' ? 'to' : 'kept with'
  const bytes = width < BYTES_FROM ? '' : `  ${size(transfer.done)} of ${size(transfer.total).trim()}`
  return [
    styled(incoming ? 'in' : 'out', incoming ? glyphs.incoming : glyphs.outgoing),
    ` ${rate(transfer.rate)} ${eta}  ${word} ${plural(transfer.peers, 'peer').padEnd(8)}${bytes}`,
  ]
}

/** A name may stand for several files; undefined where the transfer's own is not listed yet. */
function fileOf({ name, total }: TransferView, { files }: Snapshot): FileView | undefined {
  return files.find((file) => file.name === name && file.size === total)
}

/** Chunks are of one size, so the bytes that are there tell how many are; null where the file is not listed yet. */
function chunksOf(transfer: TransferView, snapshot: Snapshot): { done: number; total: number } | null {
  const total = fileOf(transfer, snapshot)?.chunks
  if (total === undefined || transfer.total <= 0) return null
  return { done: Math.min(total, Math.floor((transfer.done / transfer.total) * total)), total }
}

/** From these widths on a file's line has its publisher, its id. */
const PUBLISHER_FROM = 52
const ID_FROM = 72

function fileLine(file: FileView, snapshot: Snapshot, width: number, look: Look): Line {
  const mark = file.complete ? styled('good', look.glyphs.good) : styled('dim', look.glyphs.down)
  const holders = plural(file.holders, 'holder').padStart(10)
  const publisher: Line = ['  ', styled('dim', column(nameOf(file.publisher, snapshot), 12, look))]
  const id: Line = ['  ', styled('dim', shortId(file.id, look))]
  const more = [...(width >= PUBLISHER_FROM ? publisher : []), ...(width >= ID_FROM ? id : [])]
  const name = column(file.name, Math.max(6, width - 2 - 7 - 11 - lineWidth(more, look)), look)
  return [mark, ' ', name, ' ', size(file.size), ' ', file.holders === 0 ? styled('bad', holders) : holders, ...more]
}
