/** Our place on the ring: predecessors above, ourselves, successors below; under them the way of the newest lookup. */
import type { LookupProgress, RingView, Snapshot, WatchedNeighbour } from '../../src/api.js'
import { wayOf } from '../charts/ring.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { clean, clip, widthOf } from '../text/cells.js'
import { clockwise, partOfCircle } from '../text/circle.js'
import { column, type Line, type Span, styled, wrap } from '../text/line.js'
import { latency, plural, shortId } from '../text/units.js'
import { nameOf } from './block.js'
import type { Content, Row } from './rows.js'

/** The ones that are watched, and say whether the ring is closed; all are in the detail of our own line. */
const PREDECESSORS_SHOWN = 2
const ALONE = 'alone on the ring: every name is yours until another peer comes (:invite)'
/** From these widths on a line has the id, then what else a peer is to us, and there is a line that names the columns. */
const ID_FROM = 44
const FINGER_FROM = 52
const ID_CELLS = 8
const FINGER_CELLS = 7
/** State, round trip and way, a blank before each. */
const FIGURE_CELLS = 23
const STATE_CELLS = 7
/** The mark and a blank. */
const MARK_CELLS = 2
const NAME_CELLS = { least: 6, most: 24 }
/** A pane that is full spares no more for a lookup. */
const LOOKUP_LINES = 2

export type Side = 'before' | 'after'

export function ringContent({ snapshot, look }: Model, width: number): Content {
  const empty = 'the ring is not there yet'
  if (snapshot === null) return { rows: [], footer: [], empty }
  const { ring, status } = snapshot
  const others = (width >= ID_FROM ? ID_CELLS : 0) + (width >= FINGER_FROM ? FINGER_CELLS : 0)
  const room = width - MARK_CELLS - FIGURE_CELLS - others
  const nameCells = Math.max(NAME_CELLS.least, Math.min(NAME_CELLS.most, room))
  const first = (mark: Span, name: string, id: string): Line => [
    mark,
    ' ',
    column(name, nameCells, look),
    ...(width >= ID_FROM ? [' ', styled('dim', shortId(id, look))] : []),
  ]
  const rowOf = (side: Side, peer: WatchedNeighbour): Row => ({
    key: `${side === 'before' ? 'p' : 'n'}:${peer.id}`,
    lines: [
      [
        ...first(styled('dim', look.glyphs[side]), peer.name, peer.id),
        ...neighbourFigures(side, peer, ring),
        ...(width >= FINGER_FROM && isFinger(peer.id, ring) ? [' ', styled('dim', 'finger')] : []),
      ],
    ],
  })
  const self: Row = {
    key: `s:${ring.id}`,
    lines: [[...first(styled('accent', look.glyphs.self), status.name, ring.id), ' ', plural(ring.keys, 'key')]],
  }
  const rows: Row[] = [
    ...ring.predecessors
      .slice(0, PREDECESSORS_SHOWN)
      .reverse()
      .map((peer) => rowOf('before', peer)),
    self,
    ...ring.successors.map((peer) => rowOf('after', peer)),
  ]
  const head: Line = [
    styled('dim', `  ${column('name', nameCells, look)} ${column('id', ID_CELLS - 1, look)} state      rtt    away`),
  ]
  return { ...(width >= FINGER_FROM ? { head } : {}), rows, footer: footer(snapshot, width, look), empty }
}

/** State in words, round trip, and how far it is from us (`-`: against the direction of the ring): as wide for each. */
export function neighbourFigures(side: Side, { id, state, rttMs }: WatchedNeighbour, ring: RingView): Line {
  const away =
    side === 'before' ? `-${partOfCircle(clockwise(id, ring.id))}` : `+${partOfCircle(clockwise(ring.id, id))}`
  const word = state.padEnd(STATE_CELLS)
  return [' ', state === 'suspect' ? styled('busy', word) : word, ' ', latency(rttMs), ' ', styled('dim', away)]
}

export const isFinger = (id: string, { fingers }: RingView): boolean => fingers.some((finger) => finger.id === id)

function footer(snapshot: Snapshot, width: number, look: Look): readonly Line[] {
  const { ring, lookup } = snapshot
  const words = (text: string) => wrap(text, Math.max(1, width), look)
  const found =
    lookup === null
      ? []
      : words(lookupWords(lookup, snapshot, width, look)).map((text): Line => [lookupSpan(lookup, text)])
  if (ring.successors.length === 0) return [...found, ...words(ALONE).map((text): Line => [styled('dim', text)])]
  const counts = `${ring.successors.length} after, ${ring.predecessors.length} before us, ${plural(ring.fingers.length, 'finger')}`
  return [...found, [styled('dim', counts)]]
}

export const lookupSpan = ({ state }: LookupProgress, text: string): Span =>
  state === 'done' ? text : styled(state === 'failed' ? 'bad' : 'busy', text)

/**
 * `lookup music.txt: otter → finch → wren owns it, 2 hops`. Whole names where they fit in one line; else first words, and
 * where two lines are not enough, no more than the last of the hops: the end is what one looks for.
 */
export function lookupWords(lookup: LookupProgress, snapshot: Snapshot, width: number, look: Look): string {
  const names = wayOf(lookup).map((id) => ringName(id, snapshot))
  const name = clip(clean(lookup.name, look), Math.max(12, Math.floor(width / 2)), look.glyphs.more)
  const whole = lookupText(name, lookup, names, names.length, look)
  if (widthOf(clean(whole, look)) <= width) return whole
  const first = names.map((one) => one.split('-')[0] ?? one)
  const short = new Set(first).size === names.length ? first : names
  for (let last = short.length; last > 1; last--) {
    const text = lookupText(name, lookup, short, last, look)
    if (wrap(text, Math.max(1, width), look).length <= LOOKUP_LINES) return text
  }
  return lookupText(name, lookup, short, 1, look)
}

/** A peer's own name, as far as anybody told us. */
export function ringName(id: string, snapshot: Snapshot): string {
  const { ring, status } = snapshot
  const known = [{ id: ring.id, name: status.name }, ...ring.fingers, ...ring.predecessors, ...ring.successors]
  return known.find((peer) => peer.id === id)?.name ?? nameOf(id, snapshot)
}

/** `last`: so many names from the end are told, and the first one. */
function lookupText(
  name: string,
  { state }: LookupProgress,
  names: readonly string[],
  last: number,
  { glyphs }: Look,
): string {
  const shown = last + 1 < names.length ? [...names.slice(0, 1), glyphs.more, ...names.slice(-last)] : names
  const way = `lookup ${name}: ${shown.join(` ${glyphs.after} `)}`
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
