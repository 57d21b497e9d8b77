/**
 * Which peers keep a name: the k ring owners of its key, where a full one is replaced by the next successor. Dedicated
 * anchors keep the registers and manifests of all names besides.
 * Everybody computes this from the same peer list; nobody has to be asked.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { keyOf } from './manifest.js'

const FULL_MS = 60_000
const MAX_FULL = 256

/** What the ring knows: the owner of a key first, then the next members clockwise, ourselves included where due. */
export interface Duty {
  owners(key: Hash, count: number): readonly PeerId[]
  /** Dedicated anchors that can be asked now; for one of its tasks, itself. */
  anchors(): readonly PeerId[]
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

  /** The peers that shall keep this name now, owner first; dedicated anchors where the ring has nobody. */
  keepers(name: string, without?: PeerId): readonly PeerId[] {
    this.#expire()
    const spare = this.#full.size + (without === undefined ? 0 : 1)
    const owners = this.#duty.owners(keyOf(name), this.replicas + spare).filter((peer) => peer !== without)
    if (owners.length === 0) return this.#duty.anchors()
    const roomy = owners.filter((peer) => !this.#full.has(peer))
    return (roomy.length > 0 ? roomy : owners).slice(0, this.replicas)
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
    return this.#duty.anchors().includes(peer) || this.#duty.owners(keyOf(name), this.replicas * 2).includes(peer)
  }

  /** Copies after which a store is acknowledged: two, or one where this peer is alone. */
  enough(name: string): number {
    return Math.min(2, this.replicas, Math.max(1, this.keepers(name).length))
  }

  /** A peer said that it is full: asked again in a minute. */
  full(peer: PeerId): void {
    if (this.#full.size < MAX_FULL) this.#full.set(peer, this.#env.now() + FULL_MS)
  }

  #expire(): void {
    for (const [peer, until] of this.#full) if (until <= this.#env.now()) this.#full.delete(peer)
  }
}
