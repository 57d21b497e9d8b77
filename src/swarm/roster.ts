/**
 * Which peers keep a name: the k ring owners of its key, where one without room is replaced by the next successor.
 * Everybody computes this from the same peer list; only who has no room must be heard from the peer itself.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { keyOf } from './manifest.js'

/** Then it is asked again. */
const FULL_MS = 60_000
const MAX_FULL_NAMES = 20_480

/** What the ring knows: the owner of a key first, then the next members clockwise, ourselves included where due. */
export interface Duty {
  owners(key: Hash, count: number): readonly PeerId[]
}

export class Roster {
  readonly #env: Pick<Env, 'now'>
  readonly #duty: Duty
  /** Who has no room for a name, until when; at most MAX_FULL_NAMES, each with those in reach. */
  readonly #full = new Map<string, Map<PeerId, number>>()
  /** Copies of everything stored, where there are as many members. */
  readonly replicas: number

  constructor(env: Pick<Env, 'now'>, duty: Duty, replicas: number) {
    this.#env = env
    this.#duty = duty
    this.replicas = replicas
  }

  /** The peers that shall keep this name now, owner first; where nobody has room, its owners. */
  keepers(name: string, without?: PeerId): readonly PeerId[] {
    const reach = this.#reach(name, without === undefined ? 0 : 1).filter((peer) => peer !== without)
    const roomy = reach.filter((peer) => !this.isFull(name, peer))
    return (roomy.length > 0 ? roomy : reach).slice(0, this.replicas)
  }

  /** Whether a peer may be asked to keep this name: the owners, and as many after them in case some are full or leave. */
  inReach(name: string, peer: PeerId): boolean {
    return this.#reach(name).includes(peer)
  }

  /** Copies after which a store is acknowledged: two, or one where this peer is alone. */
  enough(name: string): number {
    return Math.min(2, this.replicas, Math.max(1, this.#reach(name).length))
  }

  /** How many peers may have room for this name, as far as one has heard; null while nobody is known to own it. */
  withRoom(name: string): number | null {
    const reach = this.#reach(name)
    return reach.length === 0 ? null : reach.filter((peer) => !this.isFull(name, peer)).length
  }

  /** A peer has no room for this name: others take its place for a minute. */
  full(name: string, peer: PeerId): void {
    const marks = this.#full.get(name) ?? new Map<PeerId, number>()
    for (const [marked, until] of marks) if (until <= this.#env.now()) marks.delete(marked)
    const [oldest] = this.#full.keys()
    if (!this.#full.has(name) && this.#full.size >= MAX_FULL_NAMES && oldest !== undefined) this.#full.delete(oldest)
    if (this.inReach(name, peer)) this.#full.set(name, marks.set(peer, this.#env.now() + FULL_MS))
  }

  isFull(name: string, peer: PeerId): boolean {
    return (this.#full.get(name)?.get(peer) ?? 0) > this.#env.now()
  }

  /** A peer keeps this name, or has room for it again. */
  notFull(name: string, peer: PeerId): void {
    const marks = this.#full.get(name)
    if (marks?.delete(peer) && marks.size === 0) this.#full.delete(name)
  }

  /** A peer has more room than before: it may be asked for everything again. */
  roomier(peer: PeerId): void {
    for (const name of [...this.#full.keys()]) this.notFull(name, peer)
  }

  #reach(name: string, more = 0): readonly PeerId[] {
    return this.#duty.owners(keyOf(name), this.replicas * 2 + more)
  }
}
