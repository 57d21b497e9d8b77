/** Library peers of one user in temporary homes: over real TLS on loopback, closed and removed at the end. */
import { join } from 'node:path'
import { homes } from '../../src/host/directories.js'
import { type Homes, Peer, type PeerOptions } from '../../src/index.js'
import { temporary, until } from '../host/support.js'

export { temporary, until }

export class TestNetwork {
  readonly root = temporary()
  readonly environment = {
    P2P_CONFIG_HOME: join(this.root, 'config'),
    P2P_DATA_HOME: join(this.root, 'data'),
    P2P_RUNTIME_HOME: join(this.root, 'run'),
  }
  readonly homes: Homes = homes(this.environment)
  readonly #peers: Peer[] = []

  async open(name: string, options: PeerOptions = {}): Promise<Peer> {
    const peer = await Peer.open({ name, homes: this.homes, ...options })
    this.#peers.push(peer)
    return peer
  }

  async close(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.close()))
  }
}

/** Every peer has a link to every other. */
export function linked(...peers: readonly Peer[]): Promise<true> {
  return until(`links between ${peers.map(({ name }) => name).join(', ')}`, () =>
    peers.every((peer) =>
      peers.every(({ id }) => id === peer.id || peer.peers().some((other) => other.id === id && other.state === 'up')),
    ),
  )
}
