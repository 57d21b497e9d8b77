import assert from 'node:assert'
import type { Datagrams, LogLevel } from '../../src/env.js'
import type { Claim, Mesh, PeerInfo } from '../../src/mesh.js'
import { distance } from '../../src/ring/id.js'
import { Ring } from '../../src/ring/ring.js'
import type { Role } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { World } from './world.js'

/** One peer: its ring, and the mesh and environment that the ring sees. */
export class Node implements Mesh {
  alive = true
  readonly ring: Ring
  info: PeerInfo
  /** To this incarnation of the other peer. */
  readonly links = new Map<PeerId, Node>()
  readonly known = new Map<PeerId, PeerInfo>()
  readonly log: string[] = []
  readonly blamed: string[] = []
  ownersChanged = 0
  #datagramsSent = 0
  readonly datagrams: Datagrams = {
    send: (peer, datagram) => {
      if (!this.links.has(peer)) return null
      this.world.fling(this, peer, datagram, ++this.#datagramsSent)
      return this.#datagramsSent
    },
    onDatagram: () => {},
    onRefused: () => {},
  }

  constructor(
    readonly world: World,
    readonly id: PeerId,
    role: Role,
    random: () => number,
  ) {
    this.info = { id, name: `peer-${id.slice(0, 4)}`, role, addresses: [], startTime: 0 }
    const env = {
      identity: { id, publicKey: new Uint8Array(32), name: this.info.name, bootNonce: new Uint8Array(8), startTime: 0 },
      now: () => world.now,
      after: (delayMs: number, fn: () => void) => {
        let active = true
        world.after(delayMs, () => {
          if (!active || !this.alive) return
          fn()
        })
        return () => {
          active = false
        }
      },
      random,
      log: (_level: LogLevel, text: string) => this.log.push(text),
      datagrams: this.datagrams,
    }
    this.ring = new Ring(env, this, {
      keys: () => 0,
      inRing: () => this.info.role !== 'dial-out',
      changed: () => this.check(),
    })
    this.ring.onOwnersChanged = () => this.ownersChanged++
  }

  /** Others learn of the new role as they learn of any change: without an event. */
  setRole(role: Role): void {
    this.info = { ...this.info, role }
    for (const other of this.world.nodes) if (other.known.has(this.id)) other.known.set(this.id, this.info)
  }

  linked(): Iterable<PeerId> {
    return [...this.links.keys()]
  }

  isLinked(peer: PeerId): boolean {
    return this.links.has(peer)
  }

  members(): Iterable<PeerInfo> {
    return [...this.known.values()]
  }

  member(peer: PeerId): PeerInfo | undefined {
    return this.known.get(peer)
  }

  send(peer: PeerId, message: Message): 'sent' | 'none' {
    if (!this.links.has(peer)) return 'none'
    this.world.transmit(this, peer, message)
    return 'sent'
  }

  reach(peer: PeerId, done: (linked: boolean) => void): void {
    const { world } = this
    const target = world.nodes.find((node) => node.id === peer)
    const blocked = target !== undefined && !world.connected(this, target)
    world.after(blocked ? 5_000 : 2 * world.latency(), () => {
      if (!this.alive) return
      if (target?.alive === true && world.connected(this, target) && this.known.has(peer)) world.meet(this, target)
      done(this.links.has(peer))
    })
  }

  openData(): () => void {
    throw new Error('the ring opens no data links')
  }

  blame(peer: PeerId, _code: string, reason: string): void {
    this.blamed.push(`${peer}: ${reason}`)
  }

  claim(): Claim | undefined {
    return undefined
  }

  /** Lists are ordered, without repetition, without ourselves: after every change. */
  check(): void {
    const { successors, predecessors } = this.ring.view()
    assertOrdered(successors.map((peer) => distance(this.id, peer.id)))
    assertOrdered(predecessors.map((peer) => distance(peer.id, this.id)))
  }
}

function assertOrdered(distances: readonly bigint[]): void {
  let last = 0n
  for (const steps of distances) {
    assert(steps > last, 'a list is out of order, repeats itself or holds its owner')
    last = steps
  }
}
