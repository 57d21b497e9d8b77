/** One bound UDP socket. Losing a datagram is no error; only who could not bind or was refused is told. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { splitAddress } from '../../wire/address.js'
import type { Address } from '../../wire/types.js'

export interface UdpSocketHooks {
  bound(socket: UdpSocket): void
  failed(inUse: boolean): void
  received(socket: UdpSocket, bytes: Uint8Array, from: RemoteInfo): void
}

export class UdpSocket {
  readonly host: string
  readonly port: number
  readonly #socket: Socket
  #open = true

  /** IPv6 sockets take no IPv4: each family has its own, as for TCP. */
  constructor(address: Address, hooks: UdpSocketHooks) {
    const { host, port } = splitAddress(address)
    this.host = host
    this.port = port
    this.#socket = createSocket({ type: this.isIPv6 ? 'udp6' : 'udp4', ipv6Only: this.isIPv6 })
    let isBound = false
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isBound) return // about a datagram: it is lost, as any may be
      this.close()
      hooks.failed(error.code === 'EADDRINUSE')
    })
    this.#socket.on('message', (bytes, from) => hooks.received(this, bytes, from))
    this.#socket.bind({ address: host, port, exclusive: true }, () => {
      isBound = true
      hooks.bound(this)
    })
  }

  get isIPv6(): boolean {
    return this.host.includes(':')
  }

  get isWildcard(): boolean {
    return this.host === '0.0.0.0' || this.host === '::'
  }

  /** `refused`: the system says that nobody listens there. Unconnected sockets hear of it on few systems. */
  send(bytes: Uint8Array, to: { readonly host: string; readonly port: number }, refused: () => void): void {
    if (!this.#open) return
    this.#socket.send(bytes, to.port, to.host, (error) => {
      if (error !== null && 'code' in error && error.code === 'ECONNREFUSED' && this.#open) refused()
    })
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#socket.close()
  }
}
