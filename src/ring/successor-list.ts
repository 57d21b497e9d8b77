/**
 * The next r peers in one direction: clockwise for successors, counter-clockwise for predecessors.
 * Invariant: ordered from the nearest on, no repetition, never ourselves. A list is taken over whole from one live
 * neighbour (Zave, "Reasoning about identifier spaces: how to make Chord correct", 2017), not stitched from several.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { between } from './id.js'

export type Direction = 'clockwise' | 'counter-clockwise'

/** `between`, in the direction of the list. */
function inside(direction: Direction, from: Hash, point: Hash, to: Hash): boolean {
  return direction === 'clockwise' ? between(from, point, to) : between(to, point, from)
}

/** Would `owner` be allowed to hold these as its list? */
export function isOrdered(direction: Direction, owner: PeerId, list: readonly PeerId[]): boolean {
  let last = owner
  for (const peer of list) {
    if (peer === owner || !inside(direction, last, peer, owner)) return false
    last = peer
  }
  return true
}

export class NeighbourList {
  #entries: readonly PeerId[] = []

  constructor(
    readonly self: PeerId,
    readonly direction: Direction,
    /** r: the most entries kept. */
    readonly limit: number,
  ) {}

  get entries(): readonly PeerId[] {
    return this.#entries
  }

  get first(): PeerId | undefined {
    return this.#entries[0]
  }

  get size(): number {
    return this.#entries.length
  }

  has(peer: PeerId): boolean {
    return this.#entries.includes(peer)
  }

  /** Shorter than r means that the list runs once around: nobody is left out. */
  get wholeRing(): boolean {
    return this.#entries.length < this.limit
  }

  /** Is this peer nearer than our first, so that it should be our first? */
  precedes(peer: PeerId): boolean {
    const first = this.#entries[0]
    return peer !== this.self && (first === undefined || inside(this.direction, this.self, peer, first))
  }

  /** Takes `head` and its list, as far as it does not pass ourselves. Returns whether anything changed. */
  adopt(head: PeerId, following: readonly PeerId[], trusted: (peer: PeerId) => boolean): boolean {
    const next = [head]
    let last = head
    for (const peer of following) {
      if (peer === this.self || next.length === this.limit) break
      if (!inside(this.direction, last, peer, this.self)) break
      last = peer
      if (trusted(peer)) next.push(peer)
    }
    return this.replace(next)
  }

  /** Sets the whole list; the caller vouches for its order. */
  replace(entries: readonly PeerId[]): boolean {
    const next = entries.slice(0, this.limit)
    const same = next.length === this.#entries.length && next.every((peer, place) => peer === this.#entries[place])
    this.#entries = next
    return !same
  }

  remove(peer: PeerId): boolean {
    return this.replace(this.#entries.filter((entry) => entry !== peer))
  }
}
