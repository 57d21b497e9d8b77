/** Numbers 10-19: the tracker (SYN, FIN) and the peer list. */
import { address, bytes, list, oneOf, struct, text, u32, u53 } from '../field.js'
import { declare } from '../message.js'

export const ROLES = ['peer', 'anchor', 'dial-out'] as const
export type Role = (typeof ROLES)[number]

/** One peer as itself describes it: signed by its own key, so that relays cannot alter it. */
export const peerEntry = struct('peer entry', {
  publicKey: bytes(32),
  name: text(64),
  startTime: u53,
  /** Raised with each change; per id the highest (startTime, sequence) wins. */
  sequence: u32,
  role: oneOf(ROLES),
  state: oneOf(['up', 'left'] as const),
  addresses: list(address, 8),
  signature: bytes(64),
})

export const membershipMessages = {
  syn: declare(10, 'control', 'registers the sender with an anchor', { entry: peerEntry }, { limit: 8192 }),
  peers: declare(
    11,
    'control',
    'the versioned peer list, whole or what changed since the last one sent on this link',
    { version: u53, complete: oneOf(['delta', 'whole'] as const), entries: list(peerEntry, 1000) },
    { limit: 1 << 20 },
  ),
  fin: declare(12, 'control', 'the sender leaves for good', { entry: peerEntry }, { limit: 8192 }),
  finAck: declare(13, 'control', 'the answer to a fin: the sender may exit', {}),
} as const
