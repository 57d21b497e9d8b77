/** What users see of the ring: the lists with states and round trips, and the log lines of who is next to us. */
import type { PeerId } from '../../wire/types.js'
import type { RingNeighbour, RingView, WatchedNeighbour } from '../api.js'
import type { Liveness } from './liveness.js'
import type { MemberList } from './member-list.js'
import type { Calls, RingEnv } from './rpc.js'
import type { RingState } from './state.js'

type Side = 'successor' | 'predecessor'

export interface NeighboursParts {
  readonly env: Pick<RingEnv, 'log'>
  readonly state: RingState
  readonly calls: Calls
  readonly liveness: Liveness
  readonly members: MemberList
}

export class Neighbours {
  readonly #parts: NeighboursParts
  #firstTwo: Readonly<Record<Side, readonly PeerId[]>> = { successor: [], predecessor: [] }

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

  /** The lists changed: logs who is new among the first two of each. */
  changed(): void {
    const { successors, predecessors } = this.#parts.state
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
