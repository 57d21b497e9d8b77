/**
 * Eight bytes that change whenever a peer's neighbours change: pings and acks carry them in place of the lists, which are
 * fetched over the link when they differ. A hash of what `ringNeighbours` would say.
 */
import { fromHex, sha256 } from '../../wire/hash.js'
import { STANDINGS } from '../../wire/messages/ring.js'
import type { PeerId } from '../../wire/types.js'
import type { ListDigest } from '../../wire/udp-datagram.js'
import type { RingState } from './state.js'

const DIGEST_DIGITS = 16

export interface Lists {
  readonly standing: (typeof STANDINGS)[number]
  readonly successors: readonly PeerId[]
  readonly predecessors: readonly PeerId[]
}

/** Standing and number of successors as bytes, then successors and predecessors as in the message. */
export function digestOf({ standing, successors, predecessors }: Lists): ListDigest {
  const head = Uint8Array.of(STANDINGS.indexOf(standing), successors.length)
  return sha256(head, ...successors.map(fromHex), ...predecessors.map(fromHex)).slice(0, DIGEST_DIGITS)
}

/** The digest of our own lists, hashed anew only when they changed. */
export class OwnDigest {
  readonly #state: RingState
  #of: readonly unknown[] = []
  #digest: ListDigest = '0'.repeat(DIGEST_DIGITS)

  constructor(state: RingState) {
    this.#state = state
  }

  get value(): ListDigest {
    const { standing, successors, predecessors, shared } = this.#state
    const now = [standing, successors.entries, predecessors.entries]
    if (now.every((part, place) => part === this.#of[place])) return this.#digest
    this.#of = now
    const told = standing === 'member' || standing === 'isolated' ? standing : 'alone'
    this.#digest = digestOf({ standing: told, ...shared })
    return this.#digest
  }
}
