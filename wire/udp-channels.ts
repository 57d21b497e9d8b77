/**
 * The keys of all links that datagrams may belong to: seals what goes out, and lets in only what a peer sent over a link
 * that stands, once. Everything else is dropped without a word and counted, so a stranger learns nothing, not even that
 * somebody is there. Keys live and die with their link.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { assert } from './errors.js'
import { LINKS } from './limits.js'
import type { PeerId } from './types.js'
import {
  type Datagram,
  decodeDatagram,
  encodeDatagram,
  isAuthentic,
  LONGEST_DATAGRAM,
  TAG_BYTES,
} from './udp-datagram.js'
import { ReplayWindow } from './udp-replay.js'

const KEY_BYTES = 32
/** What a link exports: tag and key of what its dialer sends, then of what its listener sends. */
export const DATAGRAM_SECRET_BYTES = 2 * (TAG_BYTES + KEY_BYTES)

/** The link that keys come from. */
export interface KeyedLink {
  readonly serial: number
  readonly peer: PeerId
  readonly dialed: boolean
  /** The same `DATAGRAM_SECRET_BYTES` at both ends. */
  readonly datagramSecret: Uint8Array
}

export interface Sealed {
  readonly bytes: Uint8Array
  readonly sequence: number
  /** Serial of the link whose key was used. */
  readonly link: number
}

export interface Opened {
  readonly peer: PeerId
  readonly datagram: Datagram
  readonly sequence: number
  readonly link: number
  /** No later one has come yet: its sender's address is the present one. */
  readonly newest: boolean
}

/** Why datagrams were dropped, and how many. */
export interface Dropped {
  /** No link has this tag: a stranger, or a link that is gone. */
  unknown: number
  malformed: number
  forged: number
  replayed: number
}

interface Channel {
  readonly link: KeyedLink
  readonly sendTag: Uint8Array
  readonly sendKey: KeyObject
  readonly receiveTag: string
  readonly receiveKey: KeyObject
  readonly window: ReplayWindow
  sent: number
}

export class DatagramChannels {
  readonly dropped: Dropped = { unknown: 0, malformed: 0, forged: 0, replayed: 0 }
  readonly #byTag = new Map<string, Channel>() // at most LINKS
  /** The newest link of each peer. */
  readonly #byPeer = new Map<PeerId, Channel>() // at most LINKS

  /** Datagrams may be exchanged with this link's peer from now on. */
  open(link: KeyedLink): void {
    assert(link.datagramSecret.length === DATAGRAM_SECRET_BYTES, 'a datagram secret of another length')
    if (this.#byTag.size >= LINKS) return
    const [dialer, listener] = directions(link.datagramSecret)
    const [ours, theirs] = link.dialed ? [dialer, listener] : [listener, dialer]
    const channel: Channel = {
      link,
      sendTag: ours.tag,
      sendKey: ours.key,
      receiveTag: nameOf(theirs.tag),
      receiveKey: theirs.key,
      window: new ReplayWindow(),
      sent: 0,
    }
    this.#byTag.set(channel.receiveTag, channel)
    this.#byPeer.set(link.peer, channel)
  }

  /** The link is gone, and its keys with it. */
  close(link: Pick<KeyedLink, 'serial' | 'peer'>): void {
    for (const [tag, channel] of this.#byTag) if (channel.link.serial === link.serial) this.#byTag.delete(tag)
    if (this.#byPeer.get(link.peer)?.link.serial !== link.serial) return
    this.#byPeer.delete(link.peer)
    for (const channel of this.#byTag.values())
      if (channel.link.peer === link.peer) this.#byPeer.set(link.peer, channel)
  }

  /** The link that a datagram to this peer would go by. */
  linkTo(peer: PeerId): KeyedLink | undefined {
    return this.#byPeer.get(peer)?.link
  }

  /** null where no link to that peer stands. */
  seal(peer: PeerId, datagram: Datagram): Sealed | null {
    const channel = this.#byPeer.get(peer)
    if (channel === undefined) return null
    const sequence = ++channel.sent
    const bytes = encodeDatagram(channel.sendTag, channel.sendKey, sequence, datagram)
    return { bytes, sequence, link: channel.link.serial }
  }

  /** Which link's peer claims to have sent this, before anything is proven. */
  claimedLink(bytes: Uint8Array): KeyedLink | undefined {
    return this.#byTag.get(nameOf(bytes.subarray(0, TAG_BYTES)))?.link
  }

  /** What a peer sent, or null: then it was dropped and counted. */
  receive(bytes: Uint8Array): Opened | null {
    const channel = bytes.length > LONGEST_DATAGRAM ? undefined : this.#byTag.get(nameOf(bytes.subarray(0, TAG_BYTES)))
    if (channel === undefined) return this.#drop('unknown')
    const decoded = decodeDatagram(bytes)
    if (decoded === null) return this.#drop('malformed')
    if (!isAuthentic(channel.receiveKey, bytes)) return this.#drop('forged')
    const { sequence, datagram } = decoded
    const newest = sequence > channel.window.highest
    if (!channel.window.accept(sequence)) return this.#drop('replayed')
    return { peer: channel.link.peer, datagram, sequence, link: channel.link.serial, newest }
  }

  #drop(why: keyof Dropped): null {
    this.dropped[why]++
    return null
  }
}

interface Direction {
  readonly tag: Uint8Array
  readonly key: KeyObject
}

function directions(secret: Uint8Array): readonly [dialer: Direction, listener: Direction] {
  const at = (start: number): Direction => ({
    tag: secret.subarray(start, start + TAG_BYTES),
    key: createSecretKey(secret.subarray(start + TAG_BYTES, start + TAG_BYTES + KEY_BYTES)),
  })
  return [at(0), at(TAG_BYTES + KEY_BYTES)]
}

const nameOf = (tag: Uint8Array): string => Buffer.from(tag.buffer, tag.byteOffset, tag.length).toString('latin1')
