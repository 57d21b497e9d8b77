/**
 * Brings a ring of one into the ring of the others: find the future predecessor, take its whole list.
 * Of several that are all alone the lowest id waits and the others come to it, so that peers started together make one
 * ring and not several that must merge.
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel } from '../env.js'
import type { Lookups } from './lookup.js'
import type { Calls, Named, RingEnv } from './rpc.js'
import type { RingState } from './state.js'

const MAX_ASKED = 4
/** Peers that came at once are heard of at once. */
const GATHER_MS = 20
const AGAIN_MS = 200
/** So often the lowest waits for the others to come. */
const PATIENCE = 5

export class Joiner {
  onJoined: () => void = () => {}
  readonly #env: RingEnv
  readonly #state: RingState
  readonly #calls: Calls
  readonly #lookups: Lookups
  readonly #candidates: () => readonly PeerId[]
  #running = false
  #scheduled: Cancel | undefined
  #waits = 0

  /** `candidates` lists the known members, those with a link first. */
  constructor(env: RingEnv, state: RingState, calls: Calls, lookups: Lookups, candidates: () => readonly PeerId[]) {
    this.#env = env
    this.#state = state
    this.#calls = calls
    this.#lookups = lookups
    this.#candidates = candidates
  }

  /** There is somebody to join, or may be. Does nothing where we are in a ring already. */
  wanted(delayMs = GATHER_MS): void {
    if (this.#running || this.#state.standing !== 'alone') return
    this.#scheduled ??= this.#env.after(delayMs, () => {
      this.#scheduled = undefined
      this.#begin()
    })
  }

  stop(): void {
    this.#scheduled?.()
    this.#scheduled = undefined
  }

  #begin(): void {
    if (this.#running || this.#state.standing !== 'alone') return
    const candidates = this.#candidates().slice(0, MAX_ASKED)
    if (candidates.length === 0) return
    this.#running = true
    this.#ask(candidates, undefined)
  }

  #ask(candidates: readonly PeerId[], lowestAlone: PeerId | undefined): void {
    const [candidate, ...others] = candidates
    if (candidate === undefined) {
      this.#allAlone(lowestAlone)
      return
    }
    this.#lookups.find(this.#state.self, candidate, (found) => {
      if (this.#state.standing !== 'alone') return this.#end()
      if (found === null) return this.#ask(others, lowestAlone)
      if (!found.alone) return this.#enter(found.by)
      const lowest = lowestAlone === undefined || found.by < lowestAlone ? found.by : lowestAlone
      this.#ask(others, lowest)
    })
  }

  #allAlone(lowest: PeerId | undefined): void {
    const theyComeToUs = lowest !== undefined && lowest > this.#state.self && ++this.#waits < PATIENCE
    if (lowest === undefined || theyComeToUs) this.#again()
    else this.#enter(lowest)
  }

  #enter(predecessor: PeerId): void {
    this.#calls.join(predecessor, (welcome) => {
      if (this.#state.standing !== 'alone') return this.#end()
      if (welcome?.accepted !== true) return this.#again()
      this.#joined(predecessor, welcome)
    })
  }

  #joined(predecessor: PeerId, welcome: Named<'ringWelcome'>): void {
    this.#waits = 0
    const others = welcome.successors.filter((peer) => peer !== this.#state.self && this.#state.trusted(peer))
    const [head, ...following] = others
    this.#state.adoptPredecessors(predecessor, welcome.predecessors)
    if (head === undefined) this.#state.adoptSuccessors(predecessor, [])
    else this.#state.adoptSuccessors(head, following)
    this.#end()
    this.onJoined()
  }

  #again(): void {
    this.#end()
    this.wanted(AGAIN_MS)
  }

  #end(): void {
    this.#running = false
  }
}
