/** Our place on the ring: predecessors above, ourselves, successors below, each with its state. */
import type { RingNeighbour, RingView, Snapshot } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, type Line, type Span, styled } from '../text/line.js'
import { latency, plural, shortId } from '../text/units.js'
import type { Content, Row } from './rows.js'

/** The nearest ones say whether the ring is closed; the rest is in the detail. */
const PREDECESSORS_SHOWN = 3

export function ringContent({ snapshot, look }: Model, width: number): Content {
  const empty = 'the ring is not there yet'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const { ring } = snapshot
  const before = ring.predecessors.slice(0, PREDECESSORS_SHOWN).reverse()
  const rows: Row[] = [
    ...before.map((peer) =>
      row('p', peer, [styled('dim', look.glyphs.before)], [latency(rttOf(peer, snapshot))], width, look),
    ),
    row(
      's',
      { id: ring.id, name: snapshot.status.name },
      [styled('accent', look.glyphs.self)],
      [plural(ring.keys, 'key')],
      width,
      look,
    ),
    ...ring.successors.map((peer) =>
      row('n', peer, [styled('dim', look.glyphs.after)], successorState(peer), width, look),
    ),
  ]
  return { rows, footer: [footer(ring)], empty }
}

function row(kind: string, peer: RingNeighbour, mark: Span[], state: Span[], width: number, look: Look): Row {
  const name = column(peer.name, Math.max(6, Math.min(24, width - 20)), look)
  const id = styled('dim', shortId(peer.id, look))
  return { key: `${kind}:${peer.id}`, lines: [[...mark, ' ', name, ' ', id, '  ', ...state]] }
}

function successorState(peer: RingView['successors'][number]): Span[] {
  return peer.state === 'suspect' ? [styled('busy', 'suspect')] : [latency(peer.rttMs)]
}

function rttOf(peer: RingNeighbour, snapshot: Snapshot): number | null {
  return snapshot.peers.find(({ id }) => id === peer.id)?.rttMs ?? null
}

function footer(ring: RingView): Line {
  if (ring.successors.length === 0) return [styled('dim', 'alone on the ring')]
  return [styled('dim', `${plural(ring.successors.length, 'successor')}, ${plural(ring.fingers.length, 'finger')}`)]
}
