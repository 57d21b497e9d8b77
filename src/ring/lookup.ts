/**
 * Finds a key's owner by asking one peer after the other, each nearer to the key than the last.
 * Invariant: no peer is asked twice, at most MAX_HOPS are asked; where one does not answer the alternatives of earlier
 * ones are tried.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import { type Route, route } from './route.js'
import type { Calls, Named, RingEnv } from './rpc.js'
import type { RingState } from './state.js'

export const MAX_HOPS = 64
const MAX_WALKS = 128

export interface Found {
  /** Who named the owner: its predecessor, or the owner itself. */
  readonly by: PeerId
  /** The owner and those after it. */
  readonly owners: readonly [PeerId, ...PeerId[]]
  /** Who was asked and answered, in order. */
  readonly path: readonly PeerId[]
  /** `by` is a ring of one, so its word holds for nobody else. */
  readonly alone: boolean
}

interface Walk {
  readonly key: Hash
  readonly start: PeerId
  readonly seen: Set<PeerId> // at most MAX_HOPS
  /** Next to ask last. */
  readonly stack: PeerId[] // at most MAX_HOPS answers of LIST_LENGTH + 1
  readonly path: PeerId[] // at most MAX_HOPS
  readonly done: (found: Found | null) => void
  readonly stepped: (path: readonly PeerId[]) => void
}

export class Lookups {
  /** A peer did not answer. */
  onSilent: (peer: PeerId) => void = () => {}
  readonly #env: RingEnv
  readonly #state: RingState
  readonly #calls: Calls
  #running = 0 // at most MAX_WALKS

  constructor(env: RingEnv, state: RingState, calls: Calls) {
    this.#env = env
    this.#state = state
    this.#calls = calls
  }

  /** Walks to the owner of `key`, beginning with `start` (ourselves, where we are a member); `stepped` at each answer. */
  find(key: Hash, start: PeerId, done: (found: Found | null) => void, stepped: Walk['stepped'] = () => {}): void {
    if (this.#running >= MAX_WALKS) {
      this.#env.after(0, () => done(null))
      return
    }
    this.#running++
    const walk: Walk = {
      key,
      start,
      seen: new Set(),
      stack: [],
      path: [],
      done: (found) => {
        this.#running--
        done(found)
      },
      stepped,
    }
    if (start !== this.#state.self) {
      walk.stack.push(start)
      // we are not in the ring yet, or ask how it looks from elsewhere: our own word does not count
      walk.seen.add(this.#state.self)
    }
    this.#env.after(0, () => {
      if (start === this.#state.self) this.#answered(walk, start, route(this.#state, key), false)
      else this.#next(walk)
    })
  }

  #next(walk: Walk): void {
    let peer = walk.stack.pop()
    while (peer !== undefined && walk.seen.has(peer)) peer = walk.stack.pop()
    if (peer === undefined || walk.seen.size >= MAX_HOPS) {
      walk.done(null)
      return
    }
    const asked = peer
    walk.seen.add(asked)
    this.#calls.step(asked, walk.key, (answer) => this.#heard(walk, asked, answer))
  }

  #heard(walk: Walk, peer: PeerId, answer: Named<'ringRoute'> | null): void {
    if (answer !== null) {
      this.#answered(walk, peer, answer, answer.standing === 'alone')
      return
    }
    this.onSilent(peer)
    this.#next(walk)
  }

  #answered(walk: Walk, by: PeerId, { kind, peers }: Route, alone: boolean): void {
    walk.seen.add(by)
    walk.path.push(by)
    walk.stepped(walk.path)
    const [owner, ...after] = peers
    // a ring of one that others still have in their tables was just started anew and knows nothing
    if (kind === 'owner' && owner !== undefined && (!alone || by === walk.start)) {
      walk.done({ by, owners: [owner, ...after], path: walk.path, alone })
      return
    }
    if (kind === 'nearer') walk.stack.push(...[...peers].reverse().filter((peer) => !walk.seen.has(peer)))
    this.#next(walk)
  }
}
