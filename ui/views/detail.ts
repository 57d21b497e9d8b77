/** One thing in full: a peer, a block, a ring neighbour, a file or a transfer. Live, as long as it is open. */
import type { BlockView, FileView, PeerView, Snapshot } from '../../src/api.js'
import type { Model, PaneId } from '../state.js'
import { column, type Line, styled } from '../text/line.js'
import { age, duration, percent, plural, rate, size } from '../text/units.js'
import { nameOf, recordText } from './chain.js'
import type { Page } from './overlay.js'

const GONE: Page = { title: 'Gone', lines: [[styled('dim', ' it is not there any more (Esc closes)')]] }

export function detailOf(pane: PaneId, key: string, model: Model): Page {
  const { snapshot } = model
  if (snapshot === null) return GONE
  switch (pane) {
    case 'peers':
      return peerPage(
        snapshot.peers.find(({ id }) => id === key),
        model,
      )
    case 'chain':
      return chainPage(key, snapshot, model)
    case 'ring':
      return ringPage(key, snapshot, model)
    case 'files':
      return filePage(key, snapshot, model)
  }
}

function field(name: string, value: string, { look }: Model): Line {
  return [' ', styled('dim', column(name, 12, look)), ' ', value]
}

function peerPage(peer: PeerView | undefined, model: Model): Page {
  if (peer === undefined) return GONE
  const lines = [
    field('state', peer.detail === '' ? peer.state : `${peer.state}, ${peer.detail}`, model),
    field('id', peer.id, model),
    field('address', peer.address, model),
    field('role', peer.role, model),
    field('round trip', peer.rttMs === null ? 'not measured yet' : `${peer.rttMs.toFixed(1)} ms`, model),
    field('received', size(peer.received).trim(), model),
    field('sent', size(peer.sent).trim(), model),
  ]
  return { title: `Peer ${peer.name}`, lines }
}

function chainPage(hash: string, snapshot: Snapshot, model: Model): Page {
  const block = snapshot.chain.blocks.find((one) => one.hash === hash)
  if (block !== undefined) return blockPage(block, snapshot, model)
  const fork = snapshot.mining.forks.find((one) => one.hash === hash)
  if (fork === undefined) return GONE
  const lines = [
    field('tip', fork.hash, model),
    field('height', String(fork.height), model),
    field('behind', `${plural(fork.behind, 'block')} of the work of ours`, model),
  ]
  return { title: `Fork at #${fork.height}`, lines }
}

function blockPage(block: BlockView, snapshot: Snapshot, model: Model): Page {
  const { now } = model
  const lines = [
    field('hash', block.hash, model),
    field('previous', block.previous, model),
    field('time', `${new Date(block.time * 1000).toISOString()} (${age(now - block.time * 1000).trim()} ago)`, model),
    field('bits', `0x${block.bits.toString(16).padStart(8, '0')}`, model),
    field('nonce', String(block.nonce), model),
    [],
    [' ', styled('bold', plural(block.records.length, 'record'))],
    ...block.records.map(
      (record): Line => [
        '  ',
        styled(
          'dim',
          `${record.kind}  ${record.id.slice(0, 12)}  ${column(nameOf(record.author, snapshot), 12, model.look)} `,
        ),
        record.kind === 'ballot' ? `${recordText(record)}  (poll ${record.data.poll ?? ''})` : recordText(record),
      ],
    ),
  ]
  return { title: `Block #${block.height}`, lines }
}

function ringPage(key: string, snapshot: Snapshot, model: Model): Page {
  const id = key.slice(2)
  const { ring, status } = snapshot
  if (id !== ring.id)
    return peerPage(
      snapshot.peers.find((peer) => peer.id === id),
      model,
    )
  const list = (name: string, peers: readonly { readonly id: string; readonly name: string }[]): Line[] =>
    peers.map((peer, index) => field(index === 0 ? name : '', `${column(peer.name, 20, model.look)} ${peer.id}`, model))
  const lines = [
    field('id', ring.id, model),
    field('keys', String(ring.keys), model),
    [],
    ...list('successors', ring.successors),
    [],
    ...list('before us', ring.predecessors),
    [],
    ...list('fingers', ring.fingers),
  ]
  return { title: `Ring: ${status.name}`, lines }
}

function filePage(key: string, snapshot: Snapshot, model: Model): Page {
  const transfer = snapshot.transfers.find(({ n }) => `t:${n}` === key)
  const file = snapshot.files.find((one) =>
    transfer === undefined ? `f:${one.id}` === key : one.name === transfer.name,
  )
  if (transfer === undefined && file === undefined) return GONE
  const lines: Line[] = []
  if (transfer !== undefined) {
    lines.push(
      field('transfer', `${transfer.n}, ${transfer.direction}, ${transfer.state}`, model),
      field(
        'done',
        `${size(transfer.done).trim()} of ${size(transfer.total).trim()}, ${percent(transfer.done, transfer.total).trim()}`,
        model,
      ),
      field('rate', rate(transfer.rate).trim(), model),
      field('time left', transfer.etaSeconds === null ? '-' : duration(transfer.etaSeconds).trim(), model),
      field('with', plural(transfer.peers, 'peer'), model),
      ...(transfer.reason === '' ? [] : [field('because', transfer.reason, model)]),
      [],
    )
  }
  if (file !== undefined) lines.push(...fileLines(file, snapshot, model))
  return { title: transfer?.name ?? file?.name ?? '', lines }
}

function fileLines(file: FileView, snapshot: Snapshot, model: Model): Line[] {
  return [
    field('name', file.name, model),
    field('size', `${size(file.size).trim()}, ${plural(file.chunks, 'chunk')}`, model),
    field('holders', `${file.holders}${file.complete ? ', this peer among them' : ''}`, model),
    field('publisher', `${nameOf(file.publisher, snapshot)} ${file.publisher}`, model),
    field('id', file.id, model),
    field('link', `p2p:${file.id}?name=${encodeURIComponent(file.name.replace(/\p{Cs}/gu, '?'))}`, model),
  ]
}
