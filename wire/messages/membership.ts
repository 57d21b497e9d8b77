/** Numbers 10-19: the tracker (SYN, FIN) and the peer list. */
import { address, bytes, hash, list, oneOf, peerId, struct, text, u32, u53, type Value } from '../field.js'
import { declare } from '../message.js'

export const ROLES = ['peer', 'anchor', 'dial-out'] as const
export type Role = (typeof ROLES)[number]

/** Tasks of a dedicated anchor that have processes, ports and links of their own beside `admission`, the control link. */
export const TASK_SERVICES = ['manifests', 'files'] as const
export type TaskService = (typeof TASK_SERVICES)[number]

export const MAX_TASK_ADDRESSES = 8
export const taskAddress = struct('task address', { service: oneOf(TASK_SERVICES), address })
export type TaskAddress = Value<typeof taskAddress>

/** What a peer says of itself. */
const body = {
  publicKey: bytes(32),
  name: text(64),
  startTime: u53,
  /** Raised with each change; per id the highest (startTime, sequence) wins. */
  sequence: u32,
  role: oneOf(ROLES),
  state: oneOf(['up', 'left'] as const),
  addresses: list(address, 8),
  /** Of a dedicated anchor where its tasks are dialed, best first; empty of everybody else. */
  tasks: list(taskAddress, MAX_TASK_ADDRESSES),
} as const

/** The part of a peer entry that is signed, in canonical form, under the domain `peer`. */
export const peerBody = struct('peer body', body)
export type PeerBody = Value<typeof peerBody>

/** One peer as itself describes it: signed by its own key, so that relays cannot alter it. */
export const peerEntry = struct('peer entry', { ...body, signature: bytes(64) })
export type PeerEntry = Value<typeof peerEntry>

/** Entries in one `peers` message: the largest ones together stay under its limit. */
export const MAX_ENTRIES = 200

export const membershipMessages = {
  syn: declare(
    10,
    'control',
    'registers the sender with an anchor; the first message of each side',
    { entry: peerEntry },
    { limit: 8192 },
  ),
  peers: declare(
    11,
    'control',
    'the versioned peer list: whole at first meeting, then what changed since the last one on this link',
    {
      /** Rises with each message on a link. */
      version: u53,
      complete: oneOf(['delta', 'whole'] as const),
      entries: list(peerEntry, MAX_ENTRIES),
      /** Peers that the sender lost without a fin: a hint to look for oneself. */
      lost: list(peerId, MAX_ENTRIES),
    },
    { limit: 1 << 20 },
  ),
  fin: declare(12, 'control', 'the sender leaves for good', { entry: peerEntry }, { limit: 8192 }),
  finAck: declare(13, 'control', 'the answer to a fin: the sender may exit', {}, { limit: 16 }),
  observed: declare(14, 'control', 'where an anchor sees the receiver, and which of its addresses it could dial', {
    address,
    reachable: list(address, 9),
  }),
  digest: declare(
    15,
    'control',
    'now and then, to one peer: a hash of the entries of all members; whoever has others answers with the whole list',
    { digest: hash },
    { limit: 64 },
  ),
  dialMe: declare(
    16,
    'control',
    'the sender cannot dial the receiver: open a data link to me, where this link led or where my entry says',
    {
      /** Chosen by the sender; comes back in `dialed` or `notDialed`. */
      token: u32,
    },
    { limit: 16 },
  ),
  dialed: declare(
    17,
    'data',
    'this link answers that dialMe: it belongs to whoever asked; the first message after the hellos',
    { token: u32 },
    { sender: 'dialer', limit: 16 },
  ),
  notDialed: declare(
    18,
    'control',
    'no link follows that dialMe, and why',
    { token: u32, reason: text(256) },
    { limit: 280 },
  ),
} as const
