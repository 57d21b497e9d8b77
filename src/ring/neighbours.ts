/** What users see of the ring: the lists with states and round trips, and the log lines of who is next to us. */
import type { PeerId } from '../../wire/types.js'
import type { RingNeighbour, RingView, WatchedNeighbour } from '../api.js'
import type { Liveness } from './liveness.js'
import type { MemberList } from './member-list.js'
import type { Calls, RingEnv } from './rpc.js'
import type { RingState } from './state.js'

type Side = 'successor' | 'predecessor'

/** Somebody else may have found a death first, so that its lists came before our own verdict. */
const LATELY_MS = 10_000
const MAX_LATE = 32

export interface NeighboursParts {
  readonly env: Pick<RingEnv, 'log' | 'now'>
  readonly state: RingState
  readonly calls: Calls
  readonly liveness: Liveness
  readonly members: MemberList
}

export class Neighbours {
  readonly #parts: NeighboursParts
  #firstTwo: Readonly<Record<Side, readonly PeerId[]>> = { successor: [], predecessor: [] }

  /** Who is in the lists, and when those went who were. */
  #listed = new Set<PeerId>() // as long as both lists
  readonly #went = new Map<PeerId, number>() // at most MAX_LATE

  constructor(parts: NeighboursParts) {
    this.#parts = parts
  }

  view(keys: number): RingView {
    const { state, calls, liveness, members } = this.#parts
    const neighbour = (id: PeerId): RingNeighbour => ({ id, name: members.nameOf(id) })
    const watched = (id: PeerId): WatchedNeighbour => ({
      ...neighbour(id),
      state: liveness.isSuspect(id) ? 'suspect' : 'alive',
      rttMs: liveness.smoothedMs(id) ?? calls.roundTrips.smoothedMs(id),
    })
    return {
      id: state.self,
      successors: state.successors.entries.map(watched),
      predecessors: state.predecessors.entries.map(watched),
      fingers: [...state.fingers.peers()].map(neighbour),
      keys,
    }
  }

  /** Whether it is in our lists, or was until a moment ago. */
  has(peer: PeerId): boolean {
    const { state, env } = this.#parts
    if (state.successors.has(peer) || state.predecessors.has(peer)) return true
    return env.now() - (this.#went.get(peer) ?? Number.NEGATIVE_INFINITY) < LATELY_MS
  }

  /** It departed, and that was said. */
  forget(peer: PeerId): void {
    this.#listed.delete(peer)
    this.#went.delete(peer)
  }

  /** The lists changed: logs who is new among the first two of each. */
  changed(): void {
    const { successors, predecessors } = this.#parts.state
    const listed = new Set([...successors.entries, ...predecessors.entries])
    for (const peer of this.#listed) if (!listed.has(peer)) this.#went.set(peer, this.#parts.env.now())
    for (const peer of listed) this.#went.delete(peer)
    for (const peer of this.#went.keys()) if (this.#went.size > MAX_LATE) this.#went.delete(peer)
    this.#listed = listed
    this.#log('successor', successors.entries)
    this.#log('predecessor', predecessors.entries)
  }

  #log(side: Side, [...peers]: readonly PeerId[]): void {
    const { env, members } = this.#parts
    const old = this.#firstTwo[side]
    this.#firstTwo = { ...this.#firstTwo, [side]: peers.slice(0, 2) }
    for (const [place, word] of ['first', 'second'].entries()) {
      const peer = peers[place]
      if (peer !== undefined && peer !== old[place])
        env.log('info', `My new ${word} ${side} is ${members.nameOf(peer)}`)
    }
  }
}
