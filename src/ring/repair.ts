/**
 * What stabilising alone does not mend: a run of dead successors, a lost list, a badly placed peer, a ring in two parts.
 * Invariant: repair only proposes candidates; whoever is adopted answered the stabiliser as a member.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { ahead, clockwiseFrom } from './id.js'
import type { Liveness } from './liveness.js'
import type { Lookups } from './lookup.js'
import type { MemberList } from './member-list.js'
import { type Calls, FEW_TRIES, type RingEnv } from './rpc.js'
import type { Stabiliser } from './stabilise.js'
import type { RingState } from './state.js'

/** One stranger or buried peer is asked every so many rounds. */
const STRANGER_ROUNDS = 8
/** A peer that is alone asks more often; each time it may dial in vain. */
const LONELY_ROUNDS = 4
/** A member that was not taken is not asked again sooner. */
const SAME_CANDIDATE_MS = 2_000
const MAX_RUN = 8
const MAX_DIGGING = 8

export interface RepairParts {
  readonly env: RingEnv
  readonly state: RingState
  readonly calls: Calls
  readonly lookups: Lookups
  readonly liveness: Liveness
  readonly members: MemberList
  readonly stabiliser: Stabiliser
  /** Peers with an open link. */
  readonly linked: () => Iterable<PeerId>
  readonly isLinked: (peer: PeerId) => boolean
}

export class Repair {
  readonly #parts: RepairParts
  readonly #afterSelf: Hash
  readonly #digging = new Set<PeerId>() // at most MAX_DIGGING
  #rounds = 0
  /** Successors that died in a row without one that answered. */
  #run = 0
  #asked: { readonly peer: PeerId; readonly atMs: number } | undefined

  constructor(parts: RepairParts) {
    this.#parts = parts
    this.#afterSelf = ahead(parts.state.self, 1n)
  }

  /** Once a period. */
  round(): void {
    this.place()
    this.#askBuriedAlive()
    this.#rounds++
    // everybody that we knew is buried: nobody else may remember us
    if (this.#parts.state.standing === 'alone') {
      if (this.#rounds % LONELY_ROUNDS === 0) this.#askBuried()
    } else if (this.#rounds % STRANGER_ROUNDS === 0) this.#askStranger()
    else if (this.#rounds % STRANGER_ROUNDS === STRANGER_ROUNDS / 2) this.#askBuried()
  }

  /** The successor answered: the next death begins a new run. */
  successorHeard(): void {
    this.#run = 0
  }

  /**
   * The first successor is silent. It may be the first of a run: twice as many of those behind it are checked with each
   * further miss, so that all of a run are found dead at nearly the same time.
   */
  successorSilent(misses: number): void {
    const { state, liveness } = this.#parts
    for (const peer of state.successors.entries.slice(1, 1 + 2 ** misses)) liveness.probe(peer)
  }

  /** The first successor died: its followers may have died with it, so 1, 2, 4... of them are checked at once. */
  successorDied(): void {
    const { state, liveness } = this.#parts
    this.#run = Math.min(MAX_RUN, this.#run * 2 + 1)
    for (const peer of state.successors.entries.slice(1, 1 + this.#run)) liveness.suspect(peer)
  }

  /** The whole list died: tries everybody known, nearest first. Returns false where nobody is known. */
  guess(): boolean {
    const { state, members, liveness } = this.#parts
    const known = new Set([...state.fingers.peers(), ...state.predecessors.entries, ...members.others()])
    const guesses = [...known].filter((peer) => state.trusted(peer)).sort(clockwiseFrom(state.self))
    if (guesses.length === 0) return false
    state.adoptGuesses(guesses)
    for (const peer of state.successors.entries) liveness.suspect(peer)
    return true
  }

  /** The complete member list may know somebody nearer than our first successor. */
  place(): void {
    const { state, members, stabiliser, env } = this.#parts
    const peer = members.following()
    if (peer === undefined || !state.connected || !state.successors.precedes(peer)) return
    if (this.#asked?.peer === peer && env.now() - this.#asked.atMs < SAME_CANDIDATE_MS) return
    this.#asked = { peer, atMs: env.now() }
    stabiliser.consider(peer)
  }

  /** Who follows us, seen from elsewhere? Mends a ring that runs around twice, in O(log n) steps instead of O(n). */
  #askStranger(): void {
    const { state, linked } = this.#parts
    const strangers = new Set([...state.fingers.peers(), ...linked()])
    this.#ask(this.#oneOf([...strangers].filter(state.trusted)))
  }

  /** Declared dead, or left, but its link stands: it was frozen or slow or outside, and may be back. */
  #askBuriedAlive(): void {
    const { calls, state, members, isLinked } = this.#parts
    for (const peer of state.graves.buried()) {
      if (this.#digging.size >= MAX_DIGGING) return
      if (this.#digging.has(peer) || !isLinked(peer) || !members.eligible(peer)) continue
      this.#digging.add(peer)
      // its answer raises it
      calls.ping(peer, FEW_TRIES, () => this.#digging.delete(peer))
    }
  }

  /** A buried peer may live in the other part of a ring that was cut in two; its answer raises it. */
  #askBuried(): void {
    const { calls, state } = this.#parts
    const buried = this.#oneOf(state.graves.lost())
    if (buried === undefined) return
    calls.ping(buried, FEW_TRIES, (alive) => {
      if (alive) this.#ask(buried)
    })
  }

  #ask(stranger: PeerId | undefined): void {
    const { lookups, stabiliser, state } = this.#parts
    if (stranger === undefined || !state.connected) return
    lookups.find(this.#afterSelf, stranger, (found) => {
      if (found !== null && !found.alone) stabiliser.consider(found.owners[0])
    })
  }

  #oneOf(peers: readonly PeerId[]): PeerId | undefined {
    return peers[Math.floor(this.#parts.env.random() * peers.length)]
  }
}
