/**
 * Datagrams between the peers of a world, sealed and opened by the wire's own code: lost like messages, overtaken, doubled,
 * damaged and forged, and nobody learns of it. One that was changed on the way and is let in ends the play.
 */
import assert from 'node:assert'
import { createSecretKey, type KeyObject } from 'node:crypto'
import type { PeerId } from '../../wire/types.js'
import { type Datagram, decodeDatagram, encodeDatagram, isAuthentic, TAG_BYTES } from '../../wire/udp-datagram.js'
import type { Node } from './node.js'
import type { World } from './world.js'

/** Shares of all datagrams, beside the loss that messages have, too. */
export interface DatagramFaults {
  readonly late: number
  readonly doubled: number
  readonly forged: number
  /** Followed by a copy with a bit turned. */
  readonly damaged: number
}

interface Flung {
  readonly from: Node
  readonly target: Node
  readonly bytes: Uint8Array
}

export const NO_DATAGRAM_FAULTS: DatagramFaults = { late: 0, doubled: 0, forged: 0, damaged: 0 }

const MOST_LATE_MS = 800
const KEPT = 64
/** Links are told apart by who sends to whom. */
const TAG = new Uint8Array(TAG_BYTES)

export class Flings {
  faults = NO_DATAGRAM_FAULTS
  /** How many of what. */
  readonly counts = {
    datagrams: 0,
    'datagrams lost': 0,
    'datagrams doubled': 0,
    'datagrams late': 0,
    'datagrams repeated': 0,
    'datagrams damaged': 0,
    'acks by others': 0,
  }
  /** Whose datagrams do not reach whom, as `from to`. */
  readonly deaf = new Set<string>()
  /** Called with each datagram that is sent. */
  onFling: (from: Node, to: PeerId, datagram: Datagram) => void = () => {}
  readonly #world: World
  /** What each sender shares with each receiver. */
  readonly #keys = new Map<Node, Map<Node, KeyObject>>()
  readonly #old: Flung[] = [] // at most KEPT

  constructor(world: World) {
    this.#world = world
  }

  /** A datagram: may be lost, overtaken, doubled or followed by a forged one, and nobody learns of it. */
  fling(from: Node, to: PeerId, datagram: Datagram, sequence: number): void {
    this.onFling(from, to, datagram)
    const target = this.#world.node(to)
    if (!this.#world.udp || target === undefined || from.links.get(to) !== target) return
    const { doubled, late, forged, damaged } = this.faults
    const flung = this.#sealed(from, target, datagram, sequence)
    this.counts.datagrams++
    if (this.#chance(forged)) this.#forge(flung, datagram, sequence)
    if (this.#chance(damaged)) this.#damage(flung)
    if (this.#chance(this.#world.loss) || this.deaf.has(`${from.id} ${to}`)) {
      this.counts['datagrams lost']++
      return
    }
    const copies = this.#chance(doubled) ? 2 : 1
    this.counts['datagrams doubled'] += copies - 1
    for (let copy = 0; copy < copies; copy++) {
      const isLate = this.#chance(late)
      if (isLate) this.counts['datagrams late']++
      this.#drift(flung, isLate ? this.#world.random() * MOST_LATE_MS : 0)
    }
    this.#old.push(flung)
    if (this.#old.length > KEPT) this.#old.shift()
  }

  #drift({ from, target, bytes }: Flung, heldMs = 0): void {
    const arrive = () => {
      if (!this.#world.connected(from, target) || from.links.get(target.id) !== target) return
      if (target.links.get(from.id) !== from) return
      const opened = this.#opened(from, target, bytes)
      if (opened !== null && target.isFresh(from, opened.sequence))
        target.datagrams.onDatagram(from.id, opened.datagram, opened.sequence)
    }
    this.#world.after(this.#world.latency() + heldMs, () => target.happen('message', arrive), target)
  }

  /** An old one again, sent by whoever saw it pass; and the ack of the one asked, from a member that was not. */
  #forge({ from, target }: Flung, datagram: Datagram, sequence: number): void {
    const old = this.#old[Math.floor(this.#world.random() * this.#old.length)]
    if (old !== undefined) {
      this.counts['datagrams repeated']++
      this.#drift(old)
    }
    const liar = this.#world.any()
    if (datagram.type !== 'ping' || liar === from || liar === target) return
    const ack: Datagram = { type: 'ack', answers: sequence, digest: datagram.digest }
    if (!liar.awake || liar.links.get(from.id) !== from) return
    this.counts['acks by others']++
    this.#drift(this.#sealed(liar, from, ack, liar.nextDatagram()))
  }

  #damage({ from, target, bytes }: Flung): void {
    this.counts['datagrams damaged']++
    const turned = Uint8Array.from(bytes)
    const bit = Math.floor(this.#world.random() * 8 * turned.length)
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const arrive = () => assert(this.#opened(from, target, turned) === null, `let in with bit ${bit} turned`)
    this.#world.after(this.#world.latency(), () => target.happen('message', arrive), target)
  }

  // ---- the wire

  #sealed(from: Node, target: Node, datagram: Datagram, sequence: number): Flung {
    return { from, target, bytes: encodeDatagram(TAG, this.#key(from, target), sequence, datagram) }
  }

  #opened(from: Node, target: Node, bytes: Uint8Array): ReturnType<typeof decodeDatagram> {
    return isAuthentic(this.#key(from, target), bytes) ? decodeDatagram(bytes) : null
  }

  #key(from: Node, target: Node): KeyObject {
    const keys = this.#keys.get(from) ?? new Map<Node, KeyObject>()
    this.#keys.set(from, keys)
    const key = keys.get(target) ?? createSecretKey(Buffer.from(`${from.id} ${target.id}`))
    keys.set(target, key)
    return key
  }

  /** Draws nothing where it cannot happen. */
  #chance(share: number): boolean {
    return share > 0 && this.#world.random() < share
  }
}
