/**
 * With whom to keep a link. Everybody while the network is small; beyond that the neighbours on the ring, fingers across
 * it and a few at random, so that floods still reach all in a few steps while no peer keeps more than a bounded number.
 */
import { sha256 } from '../../wire/hash.js'
import type { PeerId } from '../../wire/types.js'

/** Up to this many peers, ourselves included, all link with all. */
export const FULL_MESH = 32
/** Links of one peer beyond which it lets in only those it wants itself; anchors are exempt. */
export const MAX_LINKS = 64
export const MAX_ANCHOR_LINKS = 10_000

const NEIGHBOURS = 8 // each way
const FINGERS = 10
const AT_RANDOM = 6
const RING_BITS = 256n

/** The peers among `others` that `self` should be linked with; anchors always. */
export function wantedLinks(
  self: PeerId,
  others: readonly PeerId[],
  isAnchor: (peer: PeerId) => boolean,
): ReadonlySet<PeerId> {
  if (others.length < FULL_MESH) return new Set(others)
  const ring = [...others].sort()
  const after = ring.findIndex((peer) => peer > self)
  const start = after === -1 ? 0 : after
  const wanted = new Set<PeerId>(others.filter(isAnchor))
  for (let step = 0; step < NEIGHBOURS; step++) {
    add(wanted, ring[(start + step) % ring.length])
    add(wanted, ring[(start - 1 - step + 2 * ring.length) % ring.length])
  }
  for (let finger = 1; finger <= FINGERS; finger++) add(wanted, successorOf(ring, target(self, BigInt(finger))))
  // A random choice that stays the same while peers come and go.
  const shuffled = ring.map((peer) => ({ peer, draw: sha256(Buffer.from(self + peer)) }))
  shuffled.sort((a, b) => (a.draw < b.draw ? -1 : 1))
  for (const { peer } of shuffled.slice(0, AT_RANDOM)) wanted.add(peer)
  return wanted
}

function add(wanted: Set<PeerId>, peer: PeerId | undefined): void {
  if (peer !== undefined) wanted.add(peer)
}

/** The place 2^-finger of the ring away from `self`. */
function target(self: PeerId, finger: bigint): string {
  const place = (BigInt(`0x${self}`) + (1n << (RING_BITS - finger))) % (1n << RING_BITS)
  return place.toString(16).padStart(64, '0')
}

function successorOf(ring: readonly PeerId[], place: string): PeerId | undefined {
  return ring.find((peer) => peer >= place) ?? ring[0]
}
