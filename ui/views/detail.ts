/** One thing in full: a peer, a block, a ring neighbour, a file or a transfer. Live, as long as it is open. */
import type { ChunkMapView, FileView, PeerView, Snapshot, TransferView } from '../../src/api.js'
import type { Look } from '../look.js'
import { FOLDER_KEY, type Model, type PaneId } from '../state.js'
import { type Line, styled } from '../text/line.js'
import { linkOf } from '../text/link.js'
import { age, duration, percent, plural, rate, size } from '../text/units.js'
import { blockLines, nameOf } from './block.js'
import { fieldLines as chunkLines, keyLine, sourceLine } from './chunk-map.js'
import { field } from './field.js'
import { folderPage } from './folder.js'
import { holdersLines } from './holders.js'
import type { Page } from './overlay.js'
import { scoreWords, taskMark, tasksOf } from './peers.js'
import { neighbourLines, neighbourOf, ourPlaceLines } from './ring-detail.js'

const GONE: Page = { title: 'Gone', lines: [[styled('dim', ' it is not there any more (Esc closes)')]] }
/** Lines of a download's chunks: beyond, a cell stands for several. */
const MAP_LINES = 24

export function detailOf(pane: PaneId, key: string, model: Model, width: number): Page {
  const { snapshot } = model
  if (snapshot === null) return GONE
  switch (pane) {
    case 'peers':
      return peerPage(
        snapshot.peers.find(({ id }) => id === key),
        snapshot,
        model,
      )
    case 'chain':
      return chainPage(key, snapshot, model, width)
    case 'ring':
      return ringPage(key, snapshot, model, width)
    case 'files':
      return filePage(key, snapshot, model, width)
  }
}

function peerPage(peer: PeerView | undefined, snapshot: Snapshot, model: Model): Page {
  return peer === undefined ? GONE : { title: `Peer ${peer.name}`, lines: peerLines(peer, snapshot, model) }
}

function peerLines(peer: PeerView, snapshot: Snapshot, { look, now }: Model): readonly Line[] {
  const { since } = peer
  const up = since === null ? 'not up' : `${age(now - since).trim()}, since ${new Date(since).toISOString()}`
  return [
    field('state', peer.detail === '' ? peer.state : `${peer.state}, ${peer.detail}`, look),
    field('up for', up, look),
    field('id', peer.id, look),
    field('address', peer.address, look),
    field('software', peer.software === '' ? 'not told yet' : peer.software, look),
    field('role', roleWords(peer), look),
    ...anchorFields(peer, snapshot, look),
    field('score', `${Math.round(peer.score)} of 100: ${scoreWords(peer.score)}`, look),
    field('round trip', peer.rttMs === null ? 'not measured yet' : `${peer.rttMs.toFixed(1)} ms`, look),
    field('received', `${size(peer.received).trim()}, now ${rate(peer.down).trim()}`, look),
    field('sent', `${size(peer.sent).trim()}, now ${rate(peer.up).trim()}`, look),
    ...sourceOf(peer, snapshot).map((text, index) => field(index === 0 ? 'gives us' : '', text, look)),
  ]
}

function roleWords({ role, tasks }: PeerView): string {
  if (tasks.length > 0) return 'dedicated anchor: in no ring, lists every name, keeps copies'
  if (role === 'anchor') return 'anchor: holds a rendezvous port, through which others find the network'
  return role === 'dial-out' ? 'dial-out: nobody can dial it, it dials others; in no ring' : 'peer'
}

/** Of a dedicated anchor: where each task is, and what it is known to have. */
function anchorFields(peer: PeerView, { files }: Snapshot, look: Look): readonly Line[] {
  if (peer.tasks.length === 0) return []
  const has = {
    manifests: `${plural(files.length, 'name')} listed`,
    files: `${plural(peer.copies ?? 0, 'copy', 'copies')} known here`,
  }
  const admission: Line = [...field('admission', '', look), taskMark(peer.rttMs !== null, look), ` ${peer.address}`]
  return [
    admission,
    ...tasksOf(peer).map(({ service, address, up }): Line => {
      const words = up ? `  ${has[service]}` : '  no link, asked for again'
      return [...field(service, '', look), taskMark(up, look), ` ${address}`, styled(up ? 'dim' : 'busy', words)]
    }),
  ]
}

/** The downloads that this peer is a source of right now. */
function sourceOf({ id }: PeerView, { chunkMaps, transfers }: Snapshot): readonly string[] {
  return chunkMaps.flatMap((map) => {
    const source = map.sources.find((one) => one.id === id)
    if (source === undefined) return []
    const name = transfers.find(({ n }) => n === map.n)?.name ?? `transfer ${map.n}`
    const coming = map.coming.filter(({ from }) => from === id).length
    return [
      `${name}: ${size(source.bytes).trim()} so far, ${rate(source.rate).trim()}, ${plural(coming, 'chunk')} coming`,
    ]
  })
}

function chainPage(hash: string, snapshot: Snapshot, model: Model, width: number): Page {
  const { look } = model
  const block = snapshot.chain.blocks.find((one) => one.hash === hash)
  if (block !== undefined) {
    return { title: `Block #${block.height}`, lines: blockLines(block, snapshot, model, width, 'whole ids') }
  }
  const fork = snapshot.mining.forks.find((one) => one.hash === hash)
  if (fork === undefined) return GONE
  const lines = [
    field('tip', fork.hash, look),
    field('height', String(fork.height), look),
    field('behind', `${plural(fork.behind, 'block')} of the work of ours`, look),
  ]
  return { title: `Fork at #${fork.height}`, lines }
}

function ringPage(key: string, snapshot: Snapshot, model: Model, width: number): Page {
  const id = key.slice(2)
  const { ring, status } = snapshot
  if (id === ring.id) return { title: `Ring: ${status.name}`, lines: ourPlaceLines(snapshot, model, width) }
  const peer = snapshot.peers.find((one) => one.id === id)
  const name = neighbourOf(id, ring)?.name ?? peer?.name
  if (name === undefined) return GONE
  const rest = peer === undefined ? [field('id', id, model.look)] : peerLines(peer, snapshot, model)
  return { title: `Ring: ${name}`, lines: [...neighbourLines(id, snapshot, model, width), ...rest] }
}

/** The file whose detail is open. */
export function openFile({ ui, snapshot }: Pick<Model, 'ui' | 'snapshot'>): FileView | null {
  const { overlay } = ui
  if (snapshot === null || overlay?.kind !== 'detail' || overlay.pane !== 'files') return null
  return fileAt(overlay.key, snapshot) ?? null
}

function fileAt(key: string, { files, transfers }: Snapshot): FileView | undefined {
  const transfer = transfers.find(({ n }) => `t:${n}` === key)
  return files.find((one) =>
    transfer === undefined ? `f:${one.id}` === key : one.name === transfer.name && one.size === transfer.total,
  )
}

function filePage(key: string, snapshot: Snapshot, model: Model, width: number): Page {
  if (key === FOLDER_KEY) return folderPage(snapshot.folder, width, model)
  const transfer = snapshot.transfers.find(({ n }) => `t:${n}` === key)
  const file = fileAt(key, snapshot)
  if (transfer === undefined && file === undefined) return GONE
  const map = snapshot.chunkMaps.find(({ n }) => n === transfer?.n)
  const lines: Line[] = []
  if (transfer !== undefined) lines.push(...transferFields(transfer, model))
  if (map !== undefined) lines.push(...mapLines(map, width, model))
  if (file !== undefined) {
    lines.push(...fileFields(file, snapshot, model))
    if (model.holders?.id === file.id) lines.push(...holdersLines(model.holders, width, model.look))
  }
  return { title: transfer?.name ?? file?.name ?? '', lines }
}

function transferFields(transfer: TransferView, { look }: Model): readonly Line[] {
  const { done, total, etaSeconds, reason } = transfer
  return [
    field('transfer', `${transfer.n}, ${transfer.direction}, ${transfer.state}`, look),
    field('done', `${size(done).trim()} of ${size(total).trim()}, ${percent(done, total).trim()}`, look),
    field('rate', rate(transfer.rate).trim(), look),
    field('time left', etaSeconds === null ? '-' : duration(etaSeconds).trim(), look),
    field('with', plural(transfer.peers, 'peer'), look),
    ...(reason === '' ? [] : [field('because', reason, look)]),
    [],
  ]
}

/** Every chunk, and every source with its share. */
function mapLines(map: ChunkMapView, width: number, { look }: Model): readonly Line[] {
  const inner = Math.max(1, width - 2)
  const indented = (line: Line): Line => [' ', ...line]
  const title: Line = [' ', styled('bold', plural(map.chunks, 'chunk')), styled('dim', `, ${map.coming.length} coming`)]
  const sources = map.sources.map((_, index) => indented(sourceLine(map, index, inner, look)))
  return [
    title,
    ...chunkLines(map, inner, MAP_LINES, look).map(indented),
    indented(keyLine(map, inner, MAP_LINES, look)),
    [],
    [' ', styled('bold', plural(map.sources.length, 'source'))],
    ...sources,
    [],
  ]
}

function fileFields(file: FileView, snapshot: Snapshot, { look }: Model): readonly Line[] {
  return [
    field('name', file.name, look),
    field('size', `${size(file.size).trim()}, ${plural(file.chunks, 'chunk')}`, look),
    field('holders', `${file.holders}${file.complete ? ', this peer among them' : ''}`, look),
    field('publisher', `${nameOf(file.publisher, snapshot)} ${file.publisher}`, look),
    field('id', file.id, look),
    field('link', linkOf(file), look),
  ]
}
