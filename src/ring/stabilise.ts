/**
 * Keeps the first successor and predecessor right, and the lists behind them.
 * Rules after Zave ("How to make Chord correct", 2017): ask the successor; if its predecessor stands between, ask that
 * one before adopting it; take lists whole; replace a predecessor only by a nearer one or when the old one is dead.
 * Beyond her rules, news is acted upon at once, and changed lists are pushed to both sides (see push.ts). Where datagrams
 * tell that nothing changed, the successor is asked only now and then.
 */
import type { PeerId } from '../../wire/types.js'
import type { ListDigest } from '../../wire/udp-datagram.js'
import type { Liveness } from './liveness.js'
import { digestOf, type Lists } from './liveness-digest.js'
import { type Calls, FEW_TRIES, type Named } from './rpc.js'
import { DEADLY_TRIES } from './rtt.js'
import type { RingState } from './state.js'

const MAX_CANDIDATES = 32
/** Isolated peers that find nobody but isolated peers are the ring, all of it. */
const ISOLATED_ROUNDS = 3
/** Rounds for which an unchanged digest stands in for the answer. */
const QUIET_ROUNDS = 20

/** What a neighbour last told over the link, and the digest by which datagrams say that it still holds. */
interface Told {
  readonly by: PeerId
  readonly lists: Lists
  readonly digest: ListDigest
}

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
  /** Of the first successor, whose lists ours are made of. */
  #ahead: Told | undefined
  /** Of the first predecessor. */
  #behind: Told | undefined
  #running = false
  #fetching = false
  #quietRounds = 0
  #isolatedRounds = 0

  constructor(state: RingState, calls: Calls, liveness: Liveness) {
    this.#state = state
    this.#calls = calls
    this.#liveness = liveness
  }

  /** Once a period: asks the first successor, unless datagrams say that it is alive and its lists are those we know. */
  tick(): void {
    const { self, standing, successors } = this.#state
    const head = successors.first
    const lists = this.#unchanged(head, this.#ahead)
    const isSettled = standing === 'member' && lists?.standing === 'member' && lists.predecessors[0] === self
    // the same answer again, without asking: whom we trust may have changed meanwhile
    if (head !== undefined && isSettled && ++this.#quietRounds < QUIET_ROUNDS) this.#heardSuccessor(head, lists)
    else this.round()
    this.#tickBehind()
  }

  /** Asks the first successor for its neighbours; this is its ping, too. */
  round(): void {
    const { successors, predecessors } = this.#state
    const head = successors.first
    if (head === undefined || this.#running) return
    this.#running = true
    this.#quietRounds = 0
    this.#calls.stabilise(head, predecessors.entries, DEADLY_TRIES, (answer) => {
      this.#running = false
      if (!this.#state.connected) return
      if (answer === null) return this.#silent(head)
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
    else if (old !== undefined) this.#liveness.check(old)
  }

  /** A member pushed its lists to us. */
  updated(peer: PeerId, { successors: after, predecessors: before }: Named<'ringUpdate'>): void {
    const { standing, successors, predecessors, self } = this.#state
    // alone, we listen only to whom we just let in: it knows nobody but us
    if (standing === 'alone' && !(after.length === 1 && after[0] === self)) return
    if (standing !== 'alone' && !this.#state.connected) return
    const told = remember(peer, { standing: 'member', successors: after, predecessors: before })
    if (successors.first === peer || successors.precedes(peer)) {
      this.#ahead = told
      this.#state.adoptSuccessors(peer, after)
    }
    if (predecessors.first === peer || predecessors.precedes(peer)) {
      this.#behind = told
      this.#state.adoptPredecessors(peer, before)
    }
  }

  /** Five questions without an answer: dead, unless datagrams know better. */
  #silent(head: PeerId): void {
    if (this.#liveness.decides(head)) this.#liveness.suspect(head)
    else this.onDead(head)
  }

  /** The predecessor asks us and pushes its lists; asked itself only where its datagrams tell that a push was lost. */
  #tickBehind(): void {
    const before = this.#state.predecessors.first
    if (before === undefined || !this.#liveness.isVouched(before)) return
    const lists = this.#unchanged(before, this.#behind)
    if (lists === undefined) this.#fetch(before)
    else this.#heardPredecessor(before, lists)
  }

  /** The first predecessor's lists are others than those it pushed: its message was lost. */
  #fetch(peer: PeerId): void {
    if (this.#fetching) return
    this.#fetching = true
    const { predecessors } = this.#state
    this.#calls.stabilise(peer, predecessors.entries, FEW_TRIES, (answer) => {
      this.#fetching = false
      if (!this.#state.connected) return
      if (answer === null) this.#liveness.suspect(peer)
      else this.#heardPredecessor(peer, answer)
    })
  }

  #heardPredecessor(peer: PeerId, lists: Lists): void {
    if (this.#state.predecessors.first !== peer) return
    this.#behind = remember(peer, lists)
    if (lists.standing === 'member') this.#state.adoptPredecessors(peer, lists.predecessors)
  }

  /** What this neighbour told, where its datagrams say that it lives and tells the same today. */
  #unchanged(peer: PeerId | undefined, told: Told | undefined): Lists | undefined {
    if (peer === undefined || told?.by !== peer || !this.#liveness.isVouched(peer)) return undefined
    return this.#liveness.digestOf(peer) === told.digest ? told.lists : undefined
  }

  #heardSuccessor(head: PeerId, answer: Lists): void {
    this.onHeard()
    this.#ahead = remember(head, answer)
    this.#heardPredecessor(head, answer)
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

function remember(by: PeerId, { standing, successors, predecessors }: Lists): Told {
  const lists = { standing, successors, predecessors }
  return { by, lists, digest: digestOf(lists) }
}
