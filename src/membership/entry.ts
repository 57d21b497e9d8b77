/**
 * A peer's signed description of itself: who relays it can neither alter it nor bring an older one back.
 * Order per id: (startTime, sequence), then the signature's bytes, so that all peers keep the same one of two equals.
 */
import { encodeCanonical, signedText } from '../../wire/canonical.js'
import { sha256 } from '../../wire/hash.js'
import { type PeerBody, type PeerEntry, peerBody } from '../../wire/messages/membership.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env, SignedText } from '../env.js'

const DOMAIN = 'peer'

/** The id that a public key stands for. */
export function idOf(publicKey: Uint8Array): PeerId {
  return sha256(publicKey) as PeerId
}

/** Signs what this peer says of itself. */
export function signEntry(env: Pick<Env, 'sign'>, chain: Hash, body: PeerBody): PeerEntry {
  return { ...body, signature: env.sign(entryText(chain, body)) }
}

/** What a worker has to verify of an entry. */
export function signedEntry(chain: Hash, entry: PeerEntry): SignedText {
  const { signature, ...body } = entry
  return { publicKey: entry.publicKey, text: entryText(chain, body), signature }
}

/** Whether `a` replaces `b` of the same peer. */
export function supersedes(a: PeerEntry, b: PeerEntry): boolean {
  if (a.startTime !== b.startTime) return a.startTime > b.startTime
  if (a.sequence !== b.sequence) return a.sequence > b.sequence
  return Buffer.compare(a.signature, b.signature) > 0
}

function entryText(chain: Hash, body: PeerBody): Uint8Array {
  return signedText(DOMAIN, chain, encodeCanonical(peerBody, body))
}
