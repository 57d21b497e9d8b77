/**
 * What one peer knows of the ring, shared by the parts that maintain it.
 * Invariant: a list changes only through here, so every change is announced exactly once; whoever is buried stands in
 * no list.
 */
import { LIST_LENGTH, type STANDINGS } from '../../wire/messages/ring.js'
import type { PeerId } from '../../wire/types.js'
import { FingerTable } from './finger-table.js'
import { Graveyard } from './graveyard.js'
import { NeighbourList } from './successor-list.js'

/**
 * `outside`: not of the ring (unreachable for others). `alone`: a ring of one. `member`: has a successor that was heard.
 * `isolated`: lost all successors at once and tries peers from memory. `left`: said goodbye.
 */
export type Standing = (typeof STANDINGS)[number] | 'outside' | 'left'

export class RingState {
  readonly self: PeerId
  standing: Standing = 'outside'
  readonly successors: NeighbourList
  readonly predecessors: NeighbourList
  readonly fingers: FingerTable
  readonly graves = new Graveyard()
  /** Called after each change of a list. */
  onListsChanged: () => void = () => {}

  readonly #eligible: (peer: PeerId) => boolean

  /** `eligible` says of a peer that it may be in the ring, as far as anybody knows. */
  constructor(self: PeerId, eligible: (peer: PeerId) => boolean) {
    this.self = self
    this.#eligible = eligible
    this.successors = new NeighbourList(self, 'clockwise', LIST_LENGTH)
    this.predecessors = new NeighbourList(self, 'counter-clockwise', LIST_LENGTH)
    this.fingers = new FingerTable(self)
  }

  /** In a ring with others. */
  get connected(): boolean {
    return this.standing === 'member' || this.standing === 'isolated'
  }

  /** The lists that others may see: never the guesses of an isolated peer. */
  get shared(): { readonly successors: readonly PeerId[]; readonly predecessors: readonly PeerId[] } {
    const successors = this.standing === 'member' ? this.successors.entries : []
    return { successors, predecessors: this.predecessors.entries }
  }

  /** May a copied list put this peer into ours? */
  readonly trusted = (peer: PeerId): boolean => !this.graves.has(peer) && this.#eligible(peer)

  /** Takes a live, trusted member and its list as our successors. */
  adoptSuccessors(head: PeerId, following: readonly PeerId[]): void {
    this.standing = 'member'
    this.#announce(this.successors.adopt(head, following, this.trusted))
  }

  adoptPredecessors(head: PeerId, following: readonly PeerId[]): void {
    this.#announce(this.predecessors.adopt(head, following, this.trusted))
  }

  /** All successors are gone: these are guesses, in clockwise order, until one of them answers as a member. */
  adoptGuesses(successors: readonly PeerId[]): void {
    this.standing = 'isolated'
    this.#announce(this.successors.replace(successors))
  }

  /** Takes a peer out of all lists. */
  drop(peer: PeerId): void {
    this.fingers.remove(peer)
    const ahead = this.successors.remove(peer)
    const behind = this.predecessors.remove(peer)
    this.#announce(ahead || behind)
  }

  /** Back to a ring of one, or out of it. */
  reset(standing: 'alone' | 'outside' | 'left'): void {
    this.standing = standing
    this.fingers.clear()
    const ahead = this.successors.replace([])
    const behind = this.predecessors.replace([])
    this.#announce(ahead || behind)
  }

  #announce(changed: boolean): void {
    if (changed) this.onListsChanged()
  }
}
