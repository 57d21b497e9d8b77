/**
 * Answers the questions of other peers.
 * Invariant: only members answer (a ring of one is a member of that); an isolated peer shows that it is, and no list.
 */
import type { PeerId } from '../../wire/types.js'
import { between } from './id.js'
import type { MemberList } from './member-list.js'
import { route } from './route.js'
import type { Answer, Question, RingEnv } from './rpc.js'
import type { Stabiliser } from './stabilise.js'
import type { RingState } from './state.js'

export class Answers {
  readonly #env: RingEnv
  readonly #state: RingState
  readonly #members: MemberList
  readonly #stabiliser: Stabiliser

  constructor(env: RingEnv, state: RingState, members: MemberList, stabiliser: Stabiliser) {
    this.#env = env
    this.#state = state
    this.#members = members
    this.#stabiliser = stabiliser
  }

  /** null: we are not in the ring and stay silent. */
  to(from: PeerId, question: Question): Answer | null {
    const { standing, shared } = this.#state
    if (standing === 'outside' || standing === 'left') return null
    const { request } = question
    switch (question.type) {
      case 'ringPing':
        this.#logPing(from)
        return { type: 'ringPong', request }
      case 'ringStabilise':
        this.#logPing(from)
        if (this.#state.connected) this.#stabiliser.rectify(from, question.predecessors)
        return { type: 'ringNeighbours', request, standing, ...this.#state.shared }
      case 'ringStep':
        return { type: 'ringRoute', request, standing, ...route(this.#state, question.key) }
      case 'ringJoin':
        return { type: 'ringWelcome', request, accepted: this.#mayEnter(from), ...shared }
    }
  }

  /** A joiner is let in only where it belongs: between us and our successor. */
  #mayEnter(joiner: PeerId): boolean {
    const { standing, self, successors } = this.#state
    if (!this.#members.eligible(joiner)) return false
    if (standing === 'alone') return true
    const first = successors.first
    return standing === 'member' && first !== undefined && (joiner === first || between(self, joiner, first))
  }

  #logPing(from: PeerId): void {
    this.#env.log('debug', `Ping request received from ${this.#members.nameOf(from)}`)
  }
}
