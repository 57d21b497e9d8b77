/**
 * Counts the cycles in which a peer pings its watched neighbours, from the datagrams that it sends and gets.
 * A cycle begins with the first ping after a sign of life; intervals that a ping of the neighbour ended before ours was
 * due are not counted. Each further ping of a cycle is a miss, and so is the silence that makes a suspect.
 */
import type { Datagrams } from '../../../src/env.js'
import type { PeerId } from '../../../wire/types.js'

export interface Cycles {
  readonly cycles: number
  readonly misses: number
  readonly suspects: number
}

/** What passed between us and one neighbour. */
interface Seen {
  /** Numbers of this cycle's pings; none where the next ping begins a cycle. */
  readonly pings: Set<number>
  suspect: boolean
}

export class CountedDatagrams {
  /** Whose datagrams answered ours since they were next to us. */
  readonly answered = new Set<PeerId>()
  readonly #seen = new Map<PeerId, Seen>()
  #cycles = { cycles: 0, misses: 0, suspects: 0 }
  /** A ping that is sent now is a favour, asked for by another peer. */
  #isFavour = false

  /** After the ring took its place as the one who hears of datagrams. */
  constructor(datagrams: Datagrams) {
    const send = datagrams.send.bind(datagrams)
    datagrams.send = (peer, datagram) => {
      const sequence = send(peer, datagram)
      if (sequence === null || this.#isFavour) return sequence
      if (datagram.type === 'ping') this.#pinged(peer, sequence)
      if (datagram.type === 'askPing') this.#suspected(datagram.target)
      return sequence
    }
    const receive = datagrams.onDatagram
    datagrams.onDatagram = (from, datagram, sequence) => {
      const seen = this.#of(from)
      if (datagram.type === 'ack' && seen.pings.has(datagram.answers)) {
        seen.pings.clear()
        this.answered.add(from)
      }
      if (datagram.type === 'ping' && seen.pings.size > 1) seen.pings.clear()
      this.#isFavour = datagram.type === 'askPing'
      receive(from, datagram, sequence)
      this.#isFavour = false
    }
  }

  get counts(): Cycles {
    return this.#cycles
  }

  #of(peer: PeerId): Seen {
    let seen = this.#seen.get(peer)
    if (seen === undefined) this.#seen.set(peer, (seen = { pings: new Set(), suspect: false }))
    return seen
  }

  #pinged(peer: PeerId, sequence: number): void {
    const seen = this.#of(peer)
    if (seen.suspect) seen.pings.clear()
    seen.suspect = false
    if (seen.pings.size === 0) this.#cycles.cycles++
    else this.#cycles.misses++
    seen.pings.add(sequence)
  }

  /** Three others are asked for each suspect. */
  #suspected(peer: PeerId): void {
    const seen = this.#of(peer)
    if (seen.suspect) return
    seen.suspect = true
    this.#cycles.suspects++
    this.#cycles.misses++
  }
}
