/**
 * Datagrams between the peers of a world: lost like messages, overtaken, doubled and forged, and nobody learns of it.
 * What the wire's keys and replay windows keep out does not arrive; `test/sim` plays those, too.
 */
import type { PeerId } from '../../wire/types.js'
import type { Datagram } from '../../wire/udp-datagram.js'
import type { Node } from './node.js'
import type { World } from './world.js'

/** Shares of all datagrams, beside the loss that messages have, too. */
export interface DatagramFaults {
  readonly late: number
  readonly doubled: number
  readonly forged: number
}

interface Flung {
  readonly from: Node
  readonly target: Node
  readonly datagram: Datagram
  readonly sequence: number
}

export const NO_DATAGRAM_FAULTS: DatagramFaults = { late: 0, doubled: 0, forged: 0 }

const MOST_LATE_MS = 800
const KEPT = 64

export class Flings {
  faults = NO_DATAGRAM_FAULTS
  /** How many of what. */
  readonly counts = { sent: 0, lost: 0, doubled: 0, forged: 0 }
  /** Whose datagrams do not reach whom, as `from to`. */
  readonly deaf = new Set<string>()
  /** Called with each datagram that is sent. */
  onFling: (from: Node, to: PeerId, datagram: Datagram) => void = () => {}
  readonly #world: World
  readonly #old: Flung[] = [] // at most KEPT

  constructor(world: World) {
    this.#world = world
  }

  /** A datagram: may be lost, overtaken, doubled or followed by a forged one, and nobody learns of it. */
  fling(from: Node, to: PeerId, datagram: Datagram, sequence: number): void {
    this.onFling(from, to, datagram)
    const target = this.#world.node(to)
    if (!this.#world.udp || target === undefined || from.links.get(to) !== target) return
    const { doubled, late, forged } = this.faults
    const flung = { from, target, datagram, sequence }
    this.counts.sent++
    if (this.#chance(forged)) this.#forge(flung)
    if (this.#chance(this.#world.loss) || this.deaf.has(`${from.id} ${to}`)) {
      this.counts.lost++
      return
    }
    const copies = this.#chance(doubled) ? 2 : 1
    this.counts.doubled += copies - 1
    for (let copy = 0; copy < copies; copy++)
      this.#drift(flung, this.#chance(late) ? this.#world.random() * MOST_LATE_MS : 0)
    this.#old.push(flung)
    if (this.#old.length > KEPT) this.#old.shift()
  }

  #drift({ from, target, datagram, sequence }: Flung, heldMs = 0): void {
    const arrive = () => {
      if (!this.#world.connected(from, target) || from.links.get(target.id) !== target) return
      if (target.links.get(from.id) !== from || !target.isFresh(from, sequence)) return
      target.datagrams.onDatagram(from.id, datagram, sequence)
    }
    this.#world.after(this.#world.latency() + heldMs, () => target.happen('message', arrive), target)
  }

  /** An old one again, sent by whoever saw it pass; and the ack of the one asked, from a member that was not. */
  #forge({ from, target, datagram, sequence }: Flung): void {
    this.counts.forged++
    const old = this.#old[Math.floor(this.#world.random() * this.#old.length)]
    if (old !== undefined) this.#drift(old)
    const liar = this.#world.any()
    if (datagram.type !== 'ping' || liar === from || liar === target) return
    const ack: Datagram = { type: 'ack', answers: sequence, digest: datagram.digest }
    if (liar.awake && liar.links.get(from.id) === from)
      this.#drift({ from: liar, target: from, datagram: ack, sequence: liar.nextDatagram() })
  }

  /** Draws nothing where it cannot happen. */
  #chance(share: number): boolean {
    return share > 0 && this.#world.random() < share
  }
}
