/**
 * Datagrams of the simulated network: sealed and opened by the wire's own code with the keys of the link that they stand
 * beside, and between the two lost (singly and in bursts), delayed, overtaken, doubled, damaged and forged. What happens
 * to one is keyed by (direction, number), so taking one fault away leaves the others as they were.
 */
import { createHash } from 'node:crypto'
import type { Datagrams } from '../../src/env.js'
import type { PeerId } from '../../wire/types.js'
import { DATAGRAM_SECRET_BYTES, DatagramChannels, type Dropped } from '../../wire/udp-channels.js'
import type { Datagram } from '../../wire/udp-datagram.js'
import type { SimLink } from './link.js'
import type { SimNetwork } from './network.js'
import type { SimProcess } from './process.js'
import { mix, unit, wordOf } from './random.js'

export interface DatagramFaults {
  /** Share that is lost, beside the network's own loss. */
  readonly loss: number
  /** Share of the time in which everything is lost. */
  readonly bursts: number
  /** Share that is held back, so that later ones overtake it. */
  readonly late: number
  /** Share that comes twice or more. */
  readonly doubled: number
  /** Share that is followed by one that nobody sent: a copy with one bit turned, or an old one again. */
  readonly forged: number
}

export const NO_FAULTS: DatagramFaults = { loss: 0, bursts: 0, late: 0, doubled: 0, forged: 0 }

const BURST_MS = 40
const LATE_MS = 120
const KEPT = 32
const REASONS = ['unknown', 'malformed', 'forged', 'replayed'] as const

/** The keys that both ends of a link have, a function of its number. */
export function secretOf(key: number): Uint8Array {
  const parts = Array.from({ length: Math.ceil(DATAGRAM_SECRET_BYTES / 32) }, (_, part) =>
    createHash('sha256').update(`datagrams ${key} ${part}`).digest(),
  )
  return new Uint8Array(Buffer.concat(parts).subarray(0, DATAGRAM_SECRET_BYTES))
}

export class SimDatagrams implements Datagrams {
  onDatagram: (from: PeerId, datagram: Datagram, sequence: number) => void = () => {}
  onRefused: (peer: PeerId) => void = () => {}
  onDropped: (why: keyof Dropped) => void = () => {}
  readonly channels = new DatagramChannels()
  readonly #network: SimNetwork
  readonly #process: SimProcess
  readonly #links = new Map<number, SimLink>() // those with keys
  /** The last KEPT that went out, for whoever wants to send them again. */
  readonly #old: Uint8Array[] = []
  #sent = 0

  constructor(network: SimNetwork, process: SimProcess) {
    this.#network = network
    this.#process = process
  }

  /** What a thief on the way has of us. */
  get stolen(): readonly Uint8Array[] {
    return this.#old
  }

  linked(link: SimLink): void {
    this.#links.set(link.serial, link)
    this.channels.open(link)
  }

  unlinked(link: SimLink): void {
    this.#links.delete(link.serial)
    this.channels.close(link)
  }

  send(peer: PeerId, datagram: Datagram): number | null {
    const sealed = this.channels.seal(peer, datagram)
    const link = sealed === null ? undefined : this.#links.get(sealed.link)
    if (sealed === null || link === undefined) return null
    this.#fling(link.partner.process, sealed.bytes)
    return sealed.sequence
  }

  /** Something came to our port. */
  receive(bytes: Uint8Array): void {
    const before = { ...this.channels.dropped }
    const opened = this.channels.receive(bytes)
    for (const why of REASONS) if (this.channels.dropped[why] > before[why]) this.onDropped(why)
    if (opened !== null) this.onDatagram(opened.peer, opened.datagram, opened.sequence)
  }

  #fling(to: SimProcess, bytes: Uint8Array): void {
    const { seed, datagramFaults: faults } = this.#network
    const key = mix(this.#process.index, this.#process.life, to.index, wordOf('datagram'))
    const number = this.#sent++
    const chance = (purpose: number): number => unit(seed, key, number, purpose)
    const { flung } = this.#network
    flung.datagrams++
    this.#old.push(bytes)
    if (this.#old.length > KEPT) this.#old.shift()
    if (chance(1) < faults.forged) this.#deliver(to, this.#forgery(bytes, chance(2)), mix(key, number, 3))
    if (chance(4) < this.#network.lossNow() || chance(5) < faults.loss || this.#inBurst(to, faults.bursts)) {
      flung['datagrams lost']++
      return
    }
    const copies = chance(6) < faults.doubled ? 2 : 1
    flung['datagrams doubled'] += copies - 1
    for (let copy = 0; copy < copies; copy++) {
      const held = chance(7 + copy) < faults.late ? LATE_MS * chance(9 + copy) : 0
      if (held > 0) flung['datagrams held back']++
      this.#deliver(to, bytes, mix(key, number, 11 + copy), held)
    }
  }

  #deliver(to: SimProcess, bytes: Uint8Array, key: number, heldMs = 0): void {
    const network = this.#network
    const at = network.schedule.now + network.latency(this.#process, to, key) + heldMs
    to.at(
      at,
      'datagram',
      () => {
        if (!network.severed(this.#process, to)) network.datagramsOf(to)?.receive(bytes)
      },
      wordOf(Buffer.from(bytes).toString('latin1')),
    )
  }

  /** What somebody on the way could send: an old one again, or this one with a bit turned. */
  #forgery(bytes: Uint8Array, draw: number): Uint8Array {
    const old = this.#old[Math.floor(draw * 2 * this.#old.length)]
    if (old !== undefined) return old
    const turned = Uint8Array.from(bytes)
    const bit = Math.floor(draw * 8 * bytes.length)
    turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return turned
  }

  /** Time is cut into slices; in some of them nothing gets from here to there. */
  #inBurst(to: SimProcess, share: number): boolean {
    const slice = Math.floor(this.#network.schedule.now / BURST_MS)
    return share > 0 && unit(this.#network.seed, this.#process.index, to.index, slice, 12) < share
  }
}
