/** Who is here: state, name, round trip, traffic; for the others why they are not. */
import type { PeerState, PeerView } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, type Line, type Style, styled } from '../text/line.js'
import { compact, latency, shortId } from '../text/units.js'
import type { Content } from './rows.js'

const ORDER: Readonly<Record<PeerState, number>> = { up: 0, suspect: 1, dialing: 2, down: 3 }

export function peersContent({ snapshot, look }: Model, width: number): Content {
  const peers = [...(snapshot?.peers ?? [])].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
  )
  return {
    rows: peers.map((peer) => ({ key: peer.id, lines: [peerLine(peer, width, look)] })),
    footer: [],
    empty: 'no peers yet: run p2p-tui in a second terminal, or :invite for another machine',
  }
}

/** Below this a role would be cut off; the header has ours, the detail has theirs. */
const ROLE_FROM = 44

/** Columns that come and go with the width: id, role, address. */
function peerLine(peer: PeerView, width: number, look: Look): Line {
  const { glyphs } = look
  const mark = peerMark(peer.state, look)
  const wide = width >= 62
  const rest = 2 + 7 + (wide ? 8 : 0) + (width >= 84 ? 22 : 0)
  if (peer.state !== 'up') {
    const name = column(peer.name, Math.max(8, Math.min(16, width - 24)), look)
    const detail = peer.detail === '' ? peer.state : `${peer.state}, ${peer.detail}`
    return [mark, ' ', name, ' ', styled('dim', detail)]
  }
  const traffic = 15
  const name = column(peer.name, Math.max(6, Math.min(28, width - rest - traffic)), look)
  return [
    mark,
    ' ',
    name,
    ' ',
    ...(wide ? [styled('dim', column(shortId(peer.id, look), 8, look))] : []),
    ...(width >= 84 ? [styled('dim', column(peer.address, 22, look))] : []),
    latency(peer.rttMs),
    '  ',
    styled('in', glyphs.incoming),
    compact(peer.received),
    ' ',
    styled('out', glyphs.outgoing),
    compact(peer.sent),
    ...(peer.role === 'peer' || width < ROLE_FROM ? [] : [' ', styled('accent', peer.role)]),
  ]
}

export function peerMark(state: PeerState, { glyphs }: Look): { readonly text: string; readonly style: Style } {
  if (state === 'up') return styled('good', glyphs.up)
  return state === 'down' ? styled('dim', glyphs.down) : styled('busy', glyphs.busy)
}
