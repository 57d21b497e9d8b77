/**
 * Keeps the first successor and predecessor right, and the lists behind them.
 * Rules after Zave ("How to make Chord correct", 2017): ask the successor; if its predecessor stands between, ask that
 * one before adopting it; take lists whole; replace a predecessor only by a nearer one or when the old one is dead.
 * Beyond her rules, news is acted upon at once, and changed lists are pushed to both sides (see push.ts).
 */
import type { PeerId } from '../../wire/types.js'
import type { Liveness } from './liveness.js'
import { type Calls, DEADLY_TRIES, FEW_TRIES, type Named } from './rpc.js'
import type { RingState } from './state.js'

const MAX_CANDIDATES = 32
/** Isolated peers that find nobody but isolated peers are the ring, all of it. */
const ISOLATED_ROUNDS = 3

export class Stabiliser {
  /** A peer did not answer although asked often enough. */
  onDead: (peer: PeerId) => void = () => {}
  /** The first successor answered. */
  onHeard: () => void = () => {}
  /** The last successor turned out to be in a ring of its own. */
  onDeserted: () => void = () => {}
  readonly #state: RingState
  readonly #calls: Calls
  readonly #liveness: Liveness
  readonly #candidates = new Set<PeerId>() // at most MAX_CANDIDATES
  readonly #checked = new Set<PeerId>() // at most MAX_CANDIDATES
  #running = false
  #isolatedRounds = 0

  constructor(state: RingState, calls: Calls, liveness: Liveness) {
    this.#state = state
    this.#calls = calls
    this.#liveness = liveness
  }

  /** Asks the first successor for its neighbours; this is its ping, too. */
  round(): void {
    const { successors, predecessors } = this.#state
    const head = successors.first
    if (head === undefined || this.#running) return
    this.#running = true
    this.#calls.stabilise(head, predecessors.entries, DEADLY_TRIES, (answer) => {
      this.#running = false
      if (!this.#state.connected) return
      if (answer === null) return this.onDead(head)
      if (successors.first !== head) return this.round()
      this.#heardSuccessor(head, answer)
    })
  }

  /** This peer may be a better first successor: asks it, and adopts it if it is a member. */
  consider(peer: PeerId): void {
    const { predecessors, successors } = this.#state
    if (!this.#state.connected || !successors.precedes(peer)) return
    if (this.#candidates.has(peer) || this.#candidates.size >= MAX_CANDIDATES) return
    this.#candidates.add(peer)
    this.#calls.stabilise(peer, predecessors.entries, FEW_TRIES, (answer) => {
      this.#candidates.delete(peer)
      if (!this.#state.connected) return
      if (answer === null) return this.#liveness.suspect(peer)
      if (answer.standing !== 'member' || !successors.precedes(peer)) return
      this.#state.adoptSuccessors(peer, answer.successors)
      this.round()
    })
  }

  /** `peer` believes that it is our predecessor. */
  rectify(peer: PeerId, itsPredecessors: readonly PeerId[]): void {
    const { predecessors } = this.#state
    const old = predecessors.first
    if (old === peer || predecessors.precedes(peer)) this.#state.adoptPredecessors(peer, itsPredecessors)
    else if (old !== undefined) this.#check(old)
  }

  /** The second successor takes over when the first dies, so it is kept an eye on. */
  pingSecond(): void {
    const second = this.#state.successors.entries[1]
    if (second !== undefined) this.#check(second)
  }

  /** A member pushed its lists to us. */
  updated(peer: PeerId, { successors: after, predecessors: before }: Named<'ringUpdate'>): void {
    const { standing, successors, predecessors, self } = this.#state
    // alone, we listen only to whom we just let in: it knows nobody but us
    if (standing === 'alone' && !(after.length === 1 && after[0] === self)) return
    if (standing !== 'alone' && !this.#state.connected) return
    if (successors.first === peer || successors.precedes(peer)) this.#state.adoptSuccessors(peer, after)
    if (predecessors.first === peer || predecessors.precedes(peer)) this.#state.adoptPredecessors(peer, before)
  }

  /** A routine ping: nothing speaks against the peer. */
  #check(peer: PeerId): void {
    if (this.#checked.has(peer) || this.#checked.size >= MAX_CANDIDATES) return
    this.#checked.add(peer)
    this.#calls.ping(peer, DEADLY_TRIES, (alive) => {
      this.#checked.delete(peer)
      if (!alive && this.#state.connected) this.onDead(peer)
    })
  }

  #heardSuccessor(head: PeerId, answer: Named<'ringNeighbours'>): void {
    this.onHeard()
    if (answer.standing === 'alone') {
      this.#restarted(head)
      return
    }
    if (answer.standing === 'member') {
      this.#isolatedRounds = 0
      this.#state.adoptSuccessors(head, answer.successors)
    } else if (this.#state.standing === 'isolated' && ++this.#isolatedRounds >= ISOLATED_ROUNDS) {
      this.#isolatedRounds = 0
      this.#state.adoptSuccessors(head, this.#state.successors.entries.slice(1))
    }
    const [between] = answer.predecessors
    if (between !== undefined) this.consider(between)
  }

  /** Our successor lives but is not in our ring: it was started anew and will join again by itself. */
  #restarted(head: PeerId): void {
    this.#state.drop(head)
    if (this.#state.successors.first === undefined) this.onDeserted()
    else this.round()
  }
}
