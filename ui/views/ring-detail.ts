/** The ring in full: what one neighbour is to us, our own place with all who are around it, and the newest lookup. */
import type { RingView, Snapshot, WatchedNeighbour } from '../../src/api.js'
import { wayOf } from '../charts/ring.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { clockwise, partOfCircle } from '../text/circle.js'
import { column, type Line, type Span, styled } from '../text/line.js'
import { plural, shortId } from '../text/units.js'
import { field, fieldLines, hashLines } from './field.js'
import { isFinger, lookupSpan, neighbourFigures, ringName, type Side } from './ring.js'

const NAME_CELLS = 16
/** From this width on a list has room for whole ids. */
const WHOLE_ID_FROM = 120

/** A neighbour as the ring's lists have it, null where it is in none. */
export function neighbourOf(id: string, { successors, predecessors }: RingView): WatchedNeighbour | null {
  return [...successors, ...predecessors].find((one) => one.id === id) ?? null
}

/** What another peer is to us. */
export function neighbourLines(id: string, snapshot: Snapshot, { look }: Model, width: number): readonly Line[] {
  const { ring, lookup, peers } = snapshot
  const neighbour = neighbourOf(id, ring)
  const rttMs = neighbour === null ? peers.find((one) => one.id === id)?.rttMs : neighbour.rttMs
  const hop = wayOf(lookup).indexOf(id)
  const distance = `${circle(clockwise(ring.id, id))} after us, ${circle(clockwise(id, ring.id))} before us`
  const keys = keysOf(id, snapshot)
  return [
    field('place', placesOf(id, ring).join(', '), look),
    field('on ring', stateWords(neighbour), look),
    field('round trip', rttMs === null || rttMs === undefined ? 'not measured yet' : `${rttMs.toFixed(1)} ms`, look),
    ...fieldLines('distance', distance, width, look),
    ...(keys === null ? [] : fieldLines('keys', keys, width, look)),
    ...(hop < 0 ? [] : [field('lookup', `hop ${hop} on the way to ${lookup?.name ?? ''}`, look)]),
    [],
  ]
}

/** Ourselves, everybody around us, and the newest lookup. */
export function ourPlaceLines(snapshot: Snapshot, model: Model, width: number): readonly Line[] {
  const { ring } = snapshot
  const { look } = model
  const keys = [plural(ring.keys, 'name'), keysOf(ring.id, snapshot)].filter((one) => one !== null).join(', ')
  const around = (side: Side, peers: readonly WatchedNeighbour[]): readonly Line[] =>
    listed(side === 'before' ? 'before us' : 'after us', peers, width, look, (peer) =>
      neighbourFigures(side, peer, ring),
    )
  const fingers = listed('fingers', ring.fingers, width, look, ({ id }) => [
    styled('dim', ` +${partOfCircle(clockwise(ring.id, id))}`),
  ])
  return [
    ...hashLines('id', ring.id, width, look),
    ...fieldLines('keys', keys, width, look),
    [],
    ...lookupLines(snapshot, look, width),
    ...around('after', ring.successors),
    ...around('before', ring.predecessors),
    ...fingers,
  ]
}

/** A list of peers, the nearest first, and a blank line. */
function listed<T extends { readonly id: string; readonly name: string }>(
  title: string,
  peers: readonly T[],
  width: number,
  look: Look,
  figures: (peer: T) => Line,
): readonly Line[] {
  if (peers.length === 0) return [field(title, 'nobody', look), []]
  const lines = peers.map((peer, index): Line => {
    const id = width >= WHOLE_ID_FROM ? peer.id : shortId(peer.id, look)
    const named = field(index === 0 ? title : '', column(peer.name, NAME_CELLS, look), look)
    return [...named, ...figures(peer), ' ', styled('dim', id)]
  })
  return [...lines, []]
}

/** Hop by hop as it runs; each peer stands nearer before the key than the last, and the owner is the first after it. */
function lookupLines(snapshot: Snapshot, look: Look, width: number): readonly Line[] {
  const { lookup } = snapshot
  if (lookup === null) return []
  const hops = wayOf(lookup).map((id, hop, way): Line => {
    const owns = id === lookup.owner && hop === way.length - 1
    const left = owns ? 'owns the key' : `${circle(clockwise(id, lookup.key))} before the key`
    const mark: Span = owns ? styled('good', look.glyphs.good) : styled('dim', look.glyphs.after)
    return [...field(`hop ${hop}`, '', look), mark, ' ', column(ringName(id, snapshot), NAME_CELLS, look), ' ', left]
  })
  const words = { running: `asking on ${look.glyphs.more}`, done: 'found', failed: `${look.glyphs.bad} no answer` }
  const state = lookupSpan(lookup, words[lookup.state])
  return [
    [...field('lookup', lookup.name, look), ' ', state],
    ...hashLines('key', lookup.key, width, look),
    ...hops,
    [],
  ]
}

const circle = (turns: number): string => `${partOfCircle(turns).trim()} of the circle`

function stateWords(neighbour: WatchedNeighbour | null): string {
  if (neighbour === null) return 'no neighbour of ours'
  return neighbour.state === 'alive' ? 'alive' : 'suspect: it does not answer us, others are asked for it'
}

/** `successor 2 of 5`, `predecessor 1 of 5`, `finger`. */
function placesOf(id: string, ring: RingView): readonly string[] {
  const after = ring.successors.findIndex((one) => one.id === id)
  const before = ring.predecessors.findIndex((one) => one.id === id)
  return [
    ...(after < 0 ? [] : [`successor ${after + 1} of ${ring.successors.length}`]),
    ...(before < 0 ? [] : [`predecessor ${before + 1} of ${ring.predecessors.length}`]),
    ...(isFinger(id, ring) ? ['finger'] : []),
  ]
}

/** The keys of a peer are those between the one before it, as far as we know, and itself. */
function keysOf(id: string, { ring }: Snapshot): string | null {
  const line = [...[...ring.predecessors].reverse(), { id: ring.id, name: 'us' }, ...ring.successors]
  const before = line[line.findIndex((one) => one.id === id) - 1]
  return before === undefined ? null : `those after ${before.name}: ${circle(clockwise(before.id, id))}`
}
