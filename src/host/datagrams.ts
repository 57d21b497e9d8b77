/**
 * Datagrams over UDP: a socket beside each TCP listener, on its port number; keys and first address from the link, later
 * addresses from authenticated datagrams, so that whoever dialed us is found where it sends from.
 * Invariant: nothing leaves as an answer to what is not authenticated, and nothing goes to a peer without a standing link.
 */
import { splitAddress } from '../../wire/address.js'
import type { LinkCore } from '../../wire/link-core.js'
import type { Address, PeerId } from '../../wire/types.js'
import { DatagramChannels, type Dropped } from '../../wire/udp-channels.js'
import type { Datagram } from '../../wire/udp-datagram.js'
import type { Datagrams } from '../env.js'
import { UdpSocket } from './udp-socket.js'

/** Of one link in a second; more are dropped before they cost a hash. */
const DATAGRAMS_PER_SECOND = 500
/** As many as there are listeners: see membership/listening.ts. */
const MAX_SOCKETS = 32

export type Binding = 'bound' | 'in-use' | 'failed'

interface Route {
  readonly socket: UdpSocket
  readonly host: string
  readonly port: number
}

interface LinkState {
  /** The newest datagram says better than the link. */
  route: Route | undefined
  secondBegan: number
  countThisSecond: number
}

export class HostDatagrams implements Datagrams {
  onDatagram: (from: PeerId, datagram: Datagram, sequence: number) => void = () => {}
  onRefused: (peer: PeerId) => void = () => {}
  readonly #channels = new DatagramChannels()
  readonly #sockets = new Map<Address, UdpSocket>() // at most MAX_SOCKETS
  readonly #links = new Map<number, LinkState>() // by serial, one for each settled link
  readonly #enabled: boolean
  #flooded = 0
  #closed = false

  /** `enabled` false: there is no UDP here, and everybody does without. */
  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** What was dropped without a word, and why. */
  get dropped(): Dropped & { readonly flooded: number } {
    return { ...this.#channels.dropped, flooded: this.#flooded }
  }

  /** Opens a socket beside a TCP listener. `done` is called later. */
  bind(address: Address, done: (binding: Binding) => void): void {
    if (!this.#enabled || this.#closed || this.#sockets.size >= MAX_SOCKETS) {
      setImmediate(() => done('failed'))
      return
    }
    const socket = new UdpSocket(address, {
      bound: () => done('bound'),
      failed: (inUse) => {
        this.#sockets.delete(address)
        done(inUse ? 'in-use' : 'failed')
      },
      received: (by, bytes, from) => this.#received(by, bytes, from),
    })
    this.#sockets.set(address, socket)
  }

  /** Links outlive the listener that they came in by: their datagrams leave by another socket, and peers answer there. */
  unbind(address: Address): void {
    const closing = this.#sockets.get(address)
    if (closing === undefined) return
    closing.close()
    this.#sockets.delete(address)
    const socket = this.#socketFor(closing.host)
    for (const state of this.#links.values()) {
      if (state.route?.socket === closing) state.route = socket === undefined ? undefined : { ...state.route, socket }
    }
  }

  /** This is the control link with its peer from now on, which says that it listens at those addresses. */
  linked(link: LinkCore, listen: readonly Address[]): void {
    if (this.#closed || link.closed) return
    this.#channels.open(link)
    this.#links.set(link.serial, { route: this.#firstRoute(link, listen), secondBegan: 0, countThisSecond: 0 })
  }

  unlinked(link: Pick<LinkCore, 'serial' | 'peer'>): void {
    this.#channels.close(link)
    this.#links.delete(link.serial)
  }

  send(peer: PeerId, datagram: Datagram): number | null {
    const link = this.#channels.linkTo(peer)
    const route = link === undefined ? undefined : this.#links.get(link.serial)?.route
    if (route === undefined) return null
    const sealed = this.#channels.seal(peer, datagram)
    if (sealed === null) return null
    route.socket.send(sealed.bytes, route, () => this.onRefused(peer))
    return sealed.sequence
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
    this.#links.clear()
  }

  #received(socket: UdpSocket, bytes: Uint8Array, from: { readonly address: string; readonly port: number }): void {
    const claimed = this.#channels.claimedLink(bytes)
    const state = claimed === undefined ? undefined : this.#links.get(claimed.serial)
    if (this.#closed || (state !== undefined && this.#isFlood(state))) return
    const opened = this.#channels.receive(bytes)
    if (opened === null || state === undefined) return
    if (opened.newest) state.route = { socket, host: from.address, port: from.port }
    this.onDatagram(opened.peer, opened.datagram, opened.sequence)
  }

  #isFlood(state: LinkState): boolean {
    const now = performance.now()
    if (now - state.secondBegan >= 1000) {
      state.secondBegan = now
      state.countThisSecond = 0
    }
    const isFlood = ++state.countThisSecond > DATAGRAMS_PER_SECOND
    if (isFlood) this.#flooded++
    return isFlood
  }

  /**
   * Where we dialed, the peer's UDP port is the one that we dialed. Whoever dialed us has one where it listens on the
   * host that it dialed from; sent from there it may learn that the port which it dialed was closed since.
   */
  #firstRoute(link: LinkCore, listen: readonly Address[]): Route | undefined {
    const socket = this.#socketFor(splitAddress(link.local).host)
    const remote = splitAddress(link.remote)
    const port = link.dialed ? remote.port : listen.map(splitAddress).find(({ host }) => host === remote.host)?.port
    return socket === undefined || port === undefined ? undefined : { socket, host: remote.host, port }
  }

  /** Bound to that host of ours, or to all of its family. */
  #socketFor(near: string): UdpSocket | undefined {
    const sockets = [...this.#sockets.values()]
    return (
      sockets.find(({ host }) => host === near) ??
      sockets.find(({ isWildcard, isIPv6 }) => isWildcard && isIPv6 === near.includes(':'))
    )
  }
}
