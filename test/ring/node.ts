import assert from 'node:assert'
import type { Datagrams, LogLevel } from '../../src/env.js'
import type { Claim, Mesh, PeerInfo } from '../../src/mesh.js'
import { Ring } from '../../src/ring/ring.js'
import type { Role } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { ReplayWindow } from '../../wire/udp-replay.js'
import type { World } from './world.js'

const DIAL_TIMEOUT_MS = 5_000

/** One peer: its ring, and the mesh and environment that the ring sees. */
export class Node implements Mesh {
  alive = true
  /** Its machine went with it: nobody refuses a dial. */
  silent = false
  /** It said goodbye. */
  left = false
  readonly ring: Ring
  info: PeerInfo
  /** To this incarnation of the other peer. */
  readonly links = new Map<PeerId, Node>()
  readonly known = new Map<PeerId, PeerInfo>()
  readonly log: string[] = []
  readonly blamed: string[] = []
  ownersChanged = 0
  onChange: () => void = () => {}
  /** The first successor, as of the last check. */
  first: PeerId | undefined
  #roleAtMs = Number.NEGATIVE_INFINITY
  /** One object for each freeze, undefined while awake. */
  #freeze: object | undefined
  #waiting: { readonly kind: 'timer' | 'message'; readonly run: () => void }[] = []
  #datagramsSent = 0
  readonly #windows = new Map<Node, ReplayWindow>()
  readonly datagrams: Datagrams = {
    send: (peer, datagram) => {
      if (!this.links.has(peer)) return null
      const sequence = this.nextDatagram()
      this.world.flings.fling(this, peer, datagram, sequence)
      return sequence
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
    this.info = { id, name: `peer-${id.slice(0, 4)}`, role, addresses: [], startTime: 0, dedicated: false, tasks: [] }
    const env = {
      identity: { id, publicKey: new Uint8Array(32), name: this.info.name, bootNonce: new Uint8Array(8), startTime: 0 },
      now: () => world.now,
      after: (delayMs: number, fn: () => void) => {
        let active = true
        const run = () => {
          if (active) fn()
        }
        world.after(delayMs, () => this.happen('timer', run), this)
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
      changed: () => {
        this.check()
        this.onChange()
      },
    })
    this.ring.onOwnersChanged = () => this.ownersChanged++
  }

  // ---- the process

  get frozen(): boolean {
    return this.#freeze !== undefined
  }

  get awake(): boolean {
    return this.alive && !this.frozen
  }

  /** Something reaches the process: at once, after a freeze, or never. */
  happen(kind: 'timer' | 'message', run: () => void): void {
    if (!this.alive) return
    if (this.frozen) this.#waiting.push({ kind, run })
    else run()
  }

  freeze(): object {
    this.#freeze = {}
    return this.#freeze
  }

  /** Still in this very freeze? */
  isIn(freeze: object): boolean {
    return this.#freeze === freeze
  }

  /** What waited, in the order in which it happens now. */
  thaw(): (() => void)[] {
    this.#freeze = undefined
    const waiting = this.#waiting
    this.#waiting = []
    const of = (wanted: 'timer' | 'message') => waiting.filter(({ kind }) => kind === wanted)
    return [...of('timer'), ...of('message')].map(
      ({ kind, run }) =>
        () =>
          this.happen(kind, run),
    )
  }

  // ---- datagrams

  nextDatagram(): number {
    return ++this.#datagramsSent
  }

  /** Whether this is the first time that this datagram comes, by the wire's own rule. */
  isFresh(from: Node, sequence: number): boolean {
    const window = this.#windows.get(from) ?? new ReplayWindow()
    this.#windows.set(from, window)
    return window.accept(sequence)
  }

  // ---- the mesh that the ring sees

  /** For how long nobody could dial us. */
  get outsideMs(): number {
    return this.info.role === 'dial-out' ? this.world.now - this.#roleAtMs : 0
  }

  /** Others learn of the new role as they learn of any change: without an event. */
  setRole(role: Role): void {
    if (role === this.info.role) return
    this.#roleAtMs = this.world.now
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
    const target = world.node(peer)
    const mute = target !== undefined && (target.frozen || target.silent || !world.connected(this, target))
    world.after(
      mute ? DIAL_TIMEOUT_MS : 2 * world.latency(),
      () =>
        this.happen('message', () => {
          const known = world.addressBook || this.known.has(peer)
          if (target?.awake === true && world.connected(this, target) && known) world.meet(this, target)
          done(this.links.has(peer))
        }),
      this,
    )
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
    this.first = successors[0]?.id
    this.#assertOrdered(successors.map(({ id }) => id))
    this.#assertOrdered(predecessors.map(({ id }) => id).reverse())
  }

  #assertOrdered(clockwise: readonly PeerId[]): void {
    let last = ''
    for (const id of clockwise) {
      const way = (id > this.id ? '0' : '1') + id
      assert(way > last && id !== this.id, 'a list is out of order, repeats itself or holds its owner')
      last = way
    }
  }
}
