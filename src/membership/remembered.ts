/**
 * Peers that were linked in earlier runs, as places to look for the network after a restart, and our own last entry, so
 * that a start after the clock was set back still counts as later.
 */
import { decodeCanonical, encodeCanonical } from '../../wire/canonical.js'
import { OperationalError, ProtocolError } from '../../wire/errors.js'
import { struct, u53, type Value } from '../../wire/field.js'
import { type PeerEntry, peerEntry } from '../../wire/messages/membership.js'
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { idOf } from './entry.js'

const MAX_REMEMBERED = 64

const remembered = struct('remembered peer', { entry: peerEntry, seenAt: u53 })
type RememberedPeer = Value<typeof remembered>

export class Remembered {
  readonly #env: Pick<Env, 'store' | 'wallTime' | 'identity'>
  readonly #peers = new Map<PeerId, RememberedPeer>() // at most MAX_REMEMBERED and ourselves

  constructor(env: Pick<Env, 'store' | 'wallTime' | 'identity'>) {
    this.#env = env
    for (const [key, value] of env.store.entries('peers')) {
      const stored = read(key, value)
      this.#peers.set(idOf(stored.entry.publicKey), stored)
    }
  }

  /** The start time of this run: later than all before. */
  startTime(): number {
    const { id, startTime } = this.#env.identity
    return Math.max(startTime, (this.#peers.get(id)?.entry.startTime ?? -1) + 1)
  }

  /** All but ourselves. */
  others(): Iterable<readonly [PeerId, PeerEntry]> {
    return [...this.#peers]
      .filter(([peer]) => peer !== this.#env.identity.id)
      .map(([peer, { entry }]) => [peer, entry] as const)
  }

  keep(peer: PeerId, entry: PeerEntry): void {
    const value = { entry, seenAt: this.#env.wallTime() }
    this.#peers.delete(peer)
    this.#peers.set(peer, value)
    this.#env.store.write([
      { put: 'peers', key: peer, value: encodeCanonical(remembered, value) },
      ...this.#overflow().map((old) => ({ remove: 'peers', key: old }) as const),
    ])
  }

  #overflow(): readonly PeerId[] {
    const { id } = this.#env.identity
    const others = [...this.#peers].filter(([peer]) => peer !== id).sort(([, a], [, b]) => a.seenAt - b.seenAt)
    const old = others.slice(0, Math.max(0, others.length - MAX_REMEMBERED)).map(([peer]) => peer)
    for (const peer of old) this.#peers.delete(peer)
    return old
  }
}

function read(key: string, value: Uint8Array): RememberedPeer {
  try {
    return decodeCanonical(remembered, value)
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    throw new OperationalError(`the stored peer ${key.slice(0, 8)} is unreadable: the data directory is damaged`)
  }
}
