/**
 * What the protocols see of the network: peers, not sockets. Implemented by membership/, which owns hello,
 * the one-link-per-pair rule, heartbeats and reconnection.
 */
import type { CloseCode } from '../wire/errors.js'
import type { Role, TaskAddress } from '../wire/messages/membership.js'
import type { Message } from '../wire/messages.js'
import type { Address, Hash, PeerId } from '../wire/types.js'
import type { Cancel, Link } from './env.js'

export interface PeerInfo {
  readonly id: PeerId
  readonly name: string
  readonly role: Role
  readonly addresses: readonly Address[]
  readonly startTime: number
  /** An anchor with processes for its tasks: not in the ring. */
  readonly dedicated: boolean
  /** Where those are; empty of everybody else, and while only its hello is known. */
  readonly tasks: readonly TaskAddress[]
}

export interface Claim {
  readonly tip: Hash
  readonly height: number
  /** Cumulative work the peer said it has, in its hello or later. */
  readonly work: bigint
}

export interface Mesh {
  /** Peers with an open control link, in no order. */
  linked(): Iterable<PeerId>
  isLinked(peer: PeerId): boolean
  /** Everybody known to be a member now, linked or not, without ourselves. */
  members(): Iterable<PeerInfo>
  member(peer: PeerId): PeerInfo | undefined
  /** 'none': no open control link to that peer (see `reach`). */
  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none'
  /** Opens a control link where there is none; `done` tells whether there is one now. At most one dial a peer at once. */
  reach(peer: PeerId, done: (linked: boolean) => void): void
  /** Opens a data link to a peer's best address; downloads own it from then on. */
  openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel
  /** Cuts the peer off with a reason: it broke a rule. */
  blame(peer: PeerId, code: CloseCode, reason: string): void
  claim(peer: PeerId): Claim | undefined
}

/** How mesh tells protocols what happens; every protocol gets every call, in the order of peer.ts. */
export interface Protocol {
  /** A control link to this peer is open (first link or replacement). */
  linkUp(peer: PeerId): void
  /** The last control link to this peer closed. It may come back: see `memberLeft`. */
  linkDown(peer: PeerId): void
  linkDrained(peer: PeerId): void
  memberJoined(peer: PeerInfo): void
  /** Left by FIN, or no link for 2 s, or found dead by the ring. */
  memberLeft(peer: PeerId, how: 'left' | 'lost'): void
}

/** All members that may mine; dedicated anchors never do. */
export function* minerIds(mesh: Mesh): Generator<PeerId> {
  for (const { id, dedicated } of mesh.members()) if (!dedicated) yield id
}
