import { createServer, type Socket } from 'node:net'
import { TcpTransport } from '../../wire/transport-tcp.js'
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

acceptTransport('TCP and TLS', () => ({
  transport: (psk, identity) => new TcpTransport({ psk, identity }),
  silence,
}))
