import { createServer, type Server, type Socket } from 'node:net'
import type { Cancel, DialOptions, ListenOptions } from '../../src/env.js'
import { joinAddress, splitAddress } from '../../wire/address.js'
import type { Transport, TransportOptions } from '../../wire/transport.js'
import { listenFailure, TcpTransport } from '../../wire/transport-tcp.js'
import type { Address } from '../../wire/types.js'
import { acceptTransport } from './transport-acceptance.js'

/** Takes connections and says nothing. */
function silence(): Promise<{ readonly address: Address; close(): void }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.on('error', () => {})))
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address()
      const port = typeof bound === 'object' && bound !== null ? bound.port : 0
      const close = (): void => {
        for (const socket of sockets) socket.destroy()
        server.close()
      }
      resolve({ address: `127.0.0.1:${port}` as Address, close })
    })
  })
}

/** Has its connections accepted by servers that know nothing of it, as the tasks of an anchor have. */
class TakingTransport implements Transport {
  readonly #handed = new Set<string>()
  readonly #inner: TcpTransport
  readonly #servers = new Set<Server>()
  #closed = false

  constructor(options: TransportOptions) {
    this.#inner = new TcpTransport({ ...options, handed: this.#handed })
  }

  dial(address: Address, options: DialOptions): Cancel {
    return this.#inner.dial(address, options)
  }

  listen(wanted: Address | `${string}:0`, options: ListenOptions): void {
    const { host, port } = splitAddress(wanted)
    const server = createServer({ pauseOnConnect: true })
    this.#servers.add(server)
    server.on('error', (error: NodeJS.ErrnoException) => options.failed(listenFailure(error.code), error.message))
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => {
      if (this.#closed) return void server.close()
      const bound = server.address()
      const address = joinAddress(host, typeof bound === 'object' && bound !== null ? bound.port : 0)
      this.#handed.add(address)
      server.on('connection', (socket) => this.#inner.take(socket, address))
      this.#inner.listen(address, {
        ...options,
        listening: (listener) =>
          options.listening({
            address,
            close: () => {
              listener.close()
              server.close()
            },
          }),
      })
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const server of this.#servers) server.close()
    await this.#inner.close()
  }
}

acceptTransport('TCP and TLS', () => ({
  transport: (psk, identity) => new TcpTransport({ psk, identity }),
  silence,
}))

acceptTransport('TCP and TLS, connections accepted elsewhere', () => ({
  transport: (psk, identity) => new TakingTransport({ psk, identity }),
  silence,
}))
