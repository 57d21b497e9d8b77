/** Our place on the ring: predecessors above, ourselves, successors below; under them the way of the newest lookup. */
import type { LookupProgress, RingNeighbour, RingView, Snapshot } from '../../src/api.js'
import { placeOf, wayOf } from '../charts/ring.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { clean, widthOf } from '../text/cells.js'
import { column, type Line, type Span, styled, wrap } from '../text/line.js'
import { latency, plural, shortId } from '../text/units.js'
import { nameOf } from './block.js'
import type { Content, Row } from './rows.js'

/** The nearest ones say whether the ring is closed; the rest is in the detail. */
const PREDECESSORS_SHOWN = 3
const ALONE = 'alone on the ring: every name is yours until another peer comes (:invite)'
/** From these widths on a line says how far away, and what else a peer is to us. */
const DISTANCE_FROM = 42
const FINGER_FROM = 52

export function ringContent({ snapshot, look }: Model, width: number): Content {
  const empty = 'the ring is not there yet'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const { ring } = snapshot
  const before = ring.predecessors.slice(0, PREDECESSORS_SHOWN).reverse()
  const rowOf = (kind: string, peer: RingNeighbour, mark: Span, state: Span): Row => ({
    key: `${kind}:${peer.id}`,
    lines: [neighbourLine(peer, mark, state, ring, width, look)],
  })
  const rows: Row[] = [
    ...before.map((peer) => rowOf('p', peer, styled('dim', look.glyphs.before), latency(rttOf(peer, snapshot)))),
    rowOf(
      's',
      { id: ring.id, name: snapshot.status.name },
      styled('accent', look.glyphs.self),
      plural(ring.keys, 'key'),
    ),
    ...ring.successors.map((peer) => rowOf('n', peer, styled('dim', look.glyphs.after), successorState(peer))),
  ]
  return { rows, footer: footer(snapshot, width, look), empty }
}

function neighbourLine(peer: RingNeighbour, mark: Span, state: Span, ring: RingView, width: number, look: Look): Line {
  const wide = width >= DISTANCE_FROM
  const name = column(peer.name, Math.max(6, Math.min(24, width - (wide ? 28 : 20))), look)
  const line: Span[] = [mark, ' ', name, ' ', styled('dim', shortId(peer.id, look)), '  ']
  if (!wide) return [...line, state]
  const finger = width >= FINGER_FROM && ring.fingers.some(({ id }) => id === peer.id)
  const distance = peer.id === ring.id ? '' : `${(distanceTo(peer.id, ring.id) * 100).toFixed(1).padStart(5)} %`
  const role = finger ? [' ', styled('dim', 'finger')] : []
  return peer.id === ring.id ? [...line, state] : [...line, state, ' ', styled('dim', distance), ...role]
}

/** Share of the circle from us on, in the direction of the ring. */
export function distanceTo(id: string, from: string): number {
  const turns = placeOf(id) - placeOf(from)
  return turns < 0 ? turns + 1 : turns
}

function successorState(peer: RingView['successors'][number]): Span {
  return peer.state === 'suspect' ? styled('busy', 'suspect') : latency(peer.rttMs)
}

function rttOf(peer: RingNeighbour, snapshot: Snapshot): number | null {
  return snapshot.peers.find(({ id }) => id === peer.id)?.rttMs ?? null
}

function footer(snapshot: Snapshot, width: number, look: Look): readonly Line[] {
  const { ring, lookup } = snapshot
  const words = (text: string) => wrap(text, Math.max(1, width), look)
  const found =
    lookup === null
      ? []
      : words(lookupWords(lookup, snapshot, width, look)).map((text): Line => [lookupSpan(lookup, text)])
  if (ring.successors.length === 0) return [...found, ...words(ALONE).map((text): Line => [styled('dim', text)])]
  const counts = `${plural(ring.successors.length, 'successor')}, ${plural(ring.fingers.length, 'finger')}`
  return [...found, [styled('dim', counts)]]
}

const lookupSpan = ({ state }: LookupProgress, text: string): Span =>
  state === 'done' ? text : styled(state === 'failed' ? 'bad' : 'busy', text)

/** `lookup music.txt: otter → finch → wren owns it, 2 hops`; whole names where they fit. */
export function lookupWords(lookup: LookupProgress, snapshot: Snapshot, width: number, look: Look): string {
  const { ring, status } = snapshot
  const known = [{ id: ring.id, name: status.name }, ...ring.fingers, ...ring.predecessors, ...ring.successors]
  const nameFor = (id: string) => known.find((peer) => peer.id === id)?.name ?? nameOf(id, snapshot)
  const names = wayOf(lookup).map(nameFor)
  const whole = lookupText(lookup, names, look)
  if (widthOf(clean(whole, look)) <= width) return whole
  const short = names.map((name) => name.split('-')[0] ?? name)
  return new Set(short).size === names.length ? lookupText(lookup, short, look) : whole
}

function lookupText({ name, state }: LookupProgress, names: readonly string[], { glyphs }: Look): string {
  const way = `lookup ${name}: ${names.join(` ${glyphs.after} `)}`
  const hops = plural(Math.max(0, names.length - 1), 'hop')
  switch (state) {
    case 'done':
      return `${way} owns it, ${hops}`
    case 'running':
      return `${way} ${glyphs.after} ${glyphs.more}`
    case 'failed':
      return `${way} ${glyphs.after} ${glyphs.bad} no answer, ${hops}`
  }
}
