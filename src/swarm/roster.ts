/**
 * Which peers keep a name, or a chunk of a spread file: the k ring owners of its key, where one without room is replaced
 * by the next successor. Dedicated anchors keep the registers and manifests of all names besides.
 * Everybody computes this from the same peer list; only who has no room must be heard from the peer itself.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { FullMarks } from './full-marks.js'
import { keyOf } from './manifest.js'

const FIRST_KEY = '0'.repeat(64) as Hash

/** What the ring knows: the owner of a key first, then the next members clockwise, ourselves included where due. */
export interface Duty {
  owners(key: Hash, count: number): readonly PeerId[]
  /** Dedicated anchors that can be asked now; for one of its tasks, itself. */
  anchors(): readonly PeerId[]
}

export class Roster {
  readonly #duty: Duty
  /** No room for a copy of the whole file. */
  readonly #full: FullMarks
  /** No room for chunks of the spread file. */
  readonly #crowded: FullMarks
  /** Copies of everything stored, where there are as many members. */
  readonly replicas: number

  constructor(env: Pick<Env, 'now'>, duty: Duty, replicas: number) {
    this.#duty = duty
    this.#full = new FullMarks(env)
    this.#crowded = new FullMarks(env)
    this.replicas = replicas
  }

  /** The peers that shall keep this name now, owner first; where nobody has room, its owners; anchors where the ring has nobody. */
  keepers(name: string, without?: PeerId): readonly PeerId[] {
    const reach = this.#duty.owners(keyOf(name), this.#reach + (without === undefined ? 0 : 1))
    const others = reach.filter((peer) => peer !== without)
    return others.length === 0 ? this.#duty.anchors() : this.#choose(name, others, this.#full)
  }

  /**
   * The same for many chunks of a spread file of this name, whose keys ascend; keys between the same two members share
   * a list.
   */
  chunkKeepers(name: string, keys: readonly Hash[], without?: PeerId): readonly (readonly PeerId[])[] {
    const members = this.#members
    const reach = this.#reach + 1
    const lists = new Map<number, readonly PeerId[]>() // by place of the successor
    let place = 0
    return keys.map((key) => {
      while (place < members.length && (members[place] ?? '') < key) place++
      const start = place % Math.max(1, members.length)
      const known = lists.get(start)
      if (known !== undefined) return known
      const following = members.slice(start, start + reach)
      const owners = [...following, ...members.slice(0, Math.min(start, reach - following.length))]
      const others = owners.filter((peer) => peer !== without)
      const chosen = this.#choose(name, others, this.#crowded)
      lists.set(start, chosen)
      return chosen
    })
  }

  anchors(): readonly PeerId[] {
    return this.#duty.anchors()
  }

  /** Whoever can be asked about this name: its keepers, and dedicated anchors. */
  listers(name: string): readonly PeerId[] {
    return [...new Set([...this.keepers(name), ...this.#duty.anchors()])]
  }

  /** Whether a peer may be asked to keep this name: the owners, and as many after them in case some are full or leave. */
  inReach(name: string, peer: PeerId): boolean {
    return this.#duty.anchors().includes(peer) || this.#duty.owners(keyOf(name), this.#reach).includes(peer)
  }

  /** Whether this peer owns any keys: nobody can dial some, and dedicated anchors have other work. */
  inRing(peer: PeerId): boolean {
    return this.#members.includes(peer)
  }

  /** Copies after which a store is acknowledged: two, or one where this peer is alone. */
  enough(name: string): number {
    return Math.min(2, this.replicas, Math.max(1, this.#duty.owners(keyOf(name), this.#reach).length))
  }

  /** How many peers may have room for this name, as far as one has heard; null while nobody is known to own it. */
  withRoom(name: string): number | null {
    const reach = this.#duty.owners(keyOf(name), this.#reach)
    return reach.length === 0 ? null : reach.filter((peer) => !this.isFull(name, peer)).length
  }

  /** A peer has no room for this name: others take its place for a minute. */
  full(name: string, peer: PeerId): void {
    if (this.inReach(name, peer)) this.#full.set(name, peer)
  }

  /** A peer has no room for chunks of this spread file: others take its place, for a minute where nothing else is said. */
  crowded(name: string, peer: PeerId, forMs?: number): void {
    this.#crowded.set(name, peer, forMs)
  }

  isCrowded(name: string, peer: PeerId): boolean {
    return this.#crowded.has(name, peer)
  }

  isFull(name: string, peer: PeerId): boolean {
    return this.#full.has(name, peer)
  }

  /** A peer keeps this name, or has room for it again. */
  notFull(name: string, peer: PeerId): void {
    this.#full.delete(name, peer)
  }

  /** A peer has more room than before: it may be asked for everything again. */
  roomier(peer: PeerId): void {
    this.#full.forget(peer)
    this.#crowded.forget(peer)
  }

  /** In ascending order. */
  get #members(): readonly PeerId[] {
    return this.#duty.owners(FIRST_KEY, Number.MAX_SAFE_INTEGER)
  }

  /** How many members from the owner on may be asked. */
  get #reach(): number {
    return this.replicas * 2
  }

  #choose(name: string, reach: readonly PeerId[], marks: FullMarks): readonly PeerId[] {
    const roomy = reach.filter((peer) => !marks.has(name, peer))
    return (roomy.length > 0 ? roomy : reach).slice(0, this.replicas)
  }
}
