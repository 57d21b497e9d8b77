/**
 * Which peers keep a name: the k ring owners of its key, where a full one is replaced by the next successor.
 * Everybody computes this from the same peer list; nobody has to be asked.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { keyOf } from './manifest.js'

const FULL_MS = 60_000
const MAX_FULL = 256
const FIRST_KEY = '0'.repeat(64) as Hash

/** What the ring knows: the owner of a key first, then the next members clockwise, ourselves included where due. */
export interface Duty {
  owners(key: Hash, count: number): readonly PeerId[]
}

export class Roster {
  readonly #env: Pick<Env, 'now'>
  readonly #duty: Duty
  readonly #full = new Map<PeerId, number>() // at most MAX_FULL; until when
  /** Copies of everything stored, where there are as many members. */
  readonly replicas: number

  constructor(env: Pick<Env, 'now'>, duty: Duty, replicas: number) {
    this.#env = env
    this.#duty = duty
    this.replicas = replicas
  }

  /** The peers that shall keep this name now, owner first. */
  keepers(name: string, without?: PeerId): readonly PeerId[] {
    this.#expire()
    return this.#choose(this.#duty.owners(keyOf(name), this.#reach), without)
  }

  /** The same for each of many keys, which ascend; keys between the same two members share a list. */
  keepersOfAll(keys: readonly Hash[], without?: PeerId): readonly (readonly PeerId[])[] {
    this.#expire()
    const members = this.#duty.owners(FIRST_KEY, Number.MAX_SAFE_INTEGER)
    const lists = new Map<number, readonly PeerId[]>() // by place of the successor
    let place = 0
    return keys.map((key) => {
      while (place < members.length && (members[place] ?? '') < key) place++
      const start = place % Math.max(1, members.length)
      const known = lists.get(start)
      if (known !== undefined) return known
      const following = members.slice(start, start + this.#reach)
      const chosen = this.#choose(
        [...following, ...members.slice(0, Math.min(start, this.#reach - following.length))],
        without,
      )
      lists.set(start, chosen)
      return chosen
    })
  }

  /** Whether a peer may be asked to keep this name: the owners, and as many after them in case some are full or leave. */
  inReach(name: string, peer: PeerId): boolean {
    return this.#duty.owners(keyOf(name), this.replicas * 2).includes(peer)
  }

  /** Copies after which a store is acknowledged: two, or one where this peer is alone. */
  enough(name: string): number {
    return Math.min(2, this.replicas, Math.max(1, this.keepers(name).length))
  }

  /** A peer said that it is full: asked again in a minute. */
  full(peer: PeerId): void {
    if (this.#full.size < MAX_FULL) this.#full.set(peer, this.#env.now() + FULL_MS)
  }

  /** How many owners to look at, so that enough are left. */
  get #reach(): number {
    return this.replicas + this.#full.size + 1
  }

  #choose(owners: readonly PeerId[], without: PeerId | undefined): readonly PeerId[] {
    const others = owners.filter((peer) => peer !== without)
    const roomy = others.filter((peer) => !this.#full.has(peer))
    return (roomy.length > 0 ? roomy : others).slice(0, this.replicas)
  }

  #expire(): void {
    for (const [peer, until] of this.#full) if (until <= this.#env.now()) this.#full.delete(peer)
  }
}
