/**
 * A small deterministic network of rings: virtual clock, seeded chance, latency, loss, partitions, freezes, deaths. Every
 * message goes through the wire codec; a link delivers in order, like TCP, unless `reorder` is harsher than that. The
 * same seed gives the same `hash`.
 */
import assert from 'node:assert'
import type { LookupView, Result } from '../../src/api.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { sha256 } from '../../wire/hash.js'
import type { Role } from '../../wire/messages/membership.js'
import type { Message, RingMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Heap, type Timed } from '../sim/heap.js'
import { speaksForCircle } from './circle.js'
import { Flings } from './flings.js'
import { mulberry } from './mulberry.js'
import { Node } from './node.js'

export interface WorldOptions {
  readonly seed: number
  readonly latencyMs?: readonly [number, number]
  /** Share of messages that vanish. */
  readonly loss?: number
  /**
   * False: membership tells of a newcomer only, never of those that went or came back, and nobody dials but the ring.
   */
  readonly gossip?: boolean
  /** Everybody can dial everybody, met or not: a network whose peers know more addresses than they have links. */
  readonly addressBook?: boolean
  /** False: no datagram ever arrives. */
  readonly udp?: boolean
}

interface Event extends Timed {
  readonly run: () => void
  /** Whom it happened to. */
  readonly node: Node | undefined
}

const LOST_AFTER_MS = 2_000
/** A link without a sign of life is closed by its heartbeat. */
const SILENCE_MS = 3_000
const KNOCK_MS = 3_000
const MOST_LATE_MS = 800

export class World {
  now = 0
  hash = 0x811c9dc5
  events = 0
  latencyMs: readonly [number, number]
  loss: number
  /** Share of messages that come late, without holding up those behind them. */
  reorder = 0
  readonly gossip: boolean
  readonly addressBook: boolean
  readonly udp: boolean
  readonly flings = new Flings(this)
  readonly nodes: Node[] = []
  readonly random: () => number
  /** Called after every event with whom it happened to. */
  afterEvent: (node: Node | undefined) => void = () => {}
  /** Called for every message that a peer sends, lost or not. */
  onSend: (from: Node, to: PeerId, message: RingMessage) => void = () => {}
  /** Answers in place of whom a question is for: how a ring is set up as it should be. */
  oracle: ((from: Node, to: PeerId, question: RingMessage) => RingMessage | null) | null = null
  readonly #heap = new Heap<Event>()
  readonly #byId = new Map<PeerId, Node>()
  /** Messages that were lost, and those that arrived before an older one. */
  lost = 0
  overtaking = 0
  /** How often it changed who can talk to whom, but for frozen peers. */
  cuts = 0
  #order = 0
  #sides: Map<PeerId, number> | undefined
  readonly #lastArrival = new Map<string, { inOrder: number; late: number }>()

  constructor({ seed, latencyMs = [1, 20], loss = 0, gossip = true, addressBook = false, udp = true }: WorldOptions) {
    this.latencyMs = latencyMs
    this.loss = loss
    this.gossip = gossip
    this.addressBook = addressBook
    this.udp = udp
    this.random = mulberry(seed)
  }

  // ---- what happens to peers

  /** A new peer, or one that was killed started again with its old id. */
  add(id?: PeerId, role: Role = 'peer'): Node {
    const others = this.alive()
    const node = this.place(id, role)
    node.ring.start()
    for (const other of others) this.after(this.latency(), () => this.meet(node, other))
    return node
  }

  /** A new peer that nobody has met and that was not started yet. */
  place(id?: PeerId, role: Role = 'peer'): Node {
    const seed = Math.floor(this.random() * 2 ** 32)
    const node = new Node(this, id ?? (sha256(Buffer.from(`${seed}`)) as PeerId), role, mulberry(seed))
    const again = this.nodes.findIndex((old) => old.id === id)
    if (again >= 0) this.nodes[again] = node
    else this.nodes.push(node)
    this.#byId.set(node.id, node)
    // a newcomer knocks at somebody's door, and is on that side of a cut
    if (this.#sides !== undefined) this.#sides.set(node.id, this.#sides.get(this.any().id) ?? 0)
    return node
  }

  node(id: PeerId): Node | undefined {
    return this.#byId.get(id)
  }

  alive(): Node[] {
    return this.nodes.filter((node) => node.alive)
  }

  any(): Node {
    const alive = this.alive()
    return alive[Math.floor(this.random() * alive.length)]!
  }

  /** kill -9: the others' links close at once. With `silent` the machine is gone, and only silence tells. */
  kill(node: Node, silent = false): void {
    node.alive = false
    node.silent = silent
    for (const other of this.alive()) {
      if (other.links.get(node.id) !== node) continue
      const cut = () => this.#cutLink(other, node)
      if (!silent && this.connected(other, node)) this.after(this.latency(), cut)
      this.after(SILENCE_MS + this.random() * 1_000, cut)
    }
  }

  /** SIGSTOP: nothing runs, what comes in waits; the others' heartbeats close the links after a while. */
  freeze(node: Node): void {
    if (node.frozen) return
    const freeze = node.freeze()
    this.after(SILENCE_MS + this.random() * 1_000, () => {
      if (!node.isIn(freeze)) return
      for (const other of this.alive()) if (other !== node) this.#cutLink(other, node)
    })
  }

  /** SIGCONT: late timers fire first, then what waited is read. */
  thaw(node: Node): void {
    for (const run of node.thaw()) this.after(0, run, node)
    if (!node.alive) return
    for (const other of this.alive()) {
      if (other === node || other.links.get(node.id) === node) continue
      this.after(this.latency(), () => this.#cutLink(node, other))
      if (this.gossip) this.after(this.random() * 3_000, () => this.meet(node, other))
    }
  }

  leave(node: Node): void {
    node.left = true
    node.ring.leave(() => {
      if (!node.alive) return
      node.alive = false
      for (const other of this.alive()) {
        if (other.links.get(node.id) === node) this.after(SILENCE_MS, () => this.#cutLink(other, node))
        this.#deliverAt(node, other, () => {
          if (other.links.get(node.id) !== node) return
          other.links.delete(node.id)
          other.ring.linkDown(node.id)
          other.known.delete(node.id)
          other.ring.memberLeft(node.id, 'left')
        })
      }
    })
  }

  /** Nothing passes between the two sides until `heal`; links close when their heartbeats stay away. */
  partition(side: (node: Node) => number): void {
    const sides = new Map(this.nodes.map((node) => [node.id, side(node)]))
    this.#sides = sides
    this.cuts++
    for (const one of this.alive())
      for (const other of this.alive())
        if (sides.get(one.id) !== sides.get(other.id))
          this.after(500 + this.random() * 1_000, () => {
            if (this.#sides === sides) this.#cutLink(one, other)
          })
  }

  heal(): void {
    this.#sides = undefined
    this.cuts++
    const alive = this.alive()
    if (!this.gossip) {
      for (const one of alive) this.#knock(one)
      return
    }
    for (const one of alive)
      for (const other of alive)
        if (one.id < other.id && (one.links.get(other.id) !== other || other.links.get(one.id) !== one))
          this.after(this.random() * 3_000, () => this.meet(one, other))
  }

  /** Peers of which nobody ever met one of the others have only their tickets, and one of them knocks again. */
  #knock(node: Node): void {
    const knowsSomebody = [...node.known.keys()].some((id) => this.#byId.get(id)?.alive)
    if (!node.alive || (knowsSomebody && !speaksForCircle(node, this.alive()))) return
    const door = this.any()
    if (door !== node) this.meet(node, door)
    this.after(KNOCK_MS, () => this.#knock(node))
  }

  meet(one: Node, other: Node): void {
    if (!one.awake || !other.awake || !this.connected(one, other)) return
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      const news = !here.known.has(there.id)
      here.known.set(there.id, there.info)
      if (news) here.ring.memberJoined(there.info)
      if (here.links.get(there.id) !== there) {
        here.links.set(there.id, there)
        here.ring.linkUp(there.id)
      }
    }
  }

  connected(one: Node, other: Node): boolean {
    return this.side(one) === this.side(other)
  }

  /** Of the cut that is on, if any. */
  side(node: Node): number | undefined {
    return this.#sides?.get(node.id)
  }

  #cutLink(here: Node, there: Node): void {
    if (!here.alive || here.links.get(there.id) !== there) return
    here.links.delete(there.id)
    here.ring.linkDown(there.id)
    if (!this.gossip) return
    this.after(LOST_AFTER_MS, () => {
      if (!here.alive || here.links.has(there.id) || here.known.get(there.id)?.id !== there.id) return
      here.known.delete(there.id)
      here.ring.memberLeft(there.id, 'lost')
    })
  }

  // ---- time

  after(delayMs: number, run: () => void, node?: Node): void {
    this.#heap.push({ time: this.now + Math.max(0, delayMs), sequence: this.#order++, run, node })
  }

  latency(): number {
    return this.latencyMs[0] + this.random() * (this.latencyMs[1] - this.latencyMs[0])
  }

  run(ms: number): void {
    const end = this.now + ms
    for (let next = this.#heap.peek(); next !== undefined && next.time <= end; next = this.#heap.peek()) {
      this.#heap.pop()
      this.now = next.time
      this.events++
      next.run()
      this.afterEvent(next.node)
    }
    this.now = end
  }

  /** Virtual milliseconds until `good`, looked at every 25 ms. */
  until(what: string, withinMs: number, good: () => boolean): number {
    const start = this.now
    while (!good()) {
      assert(this.now - start < withinMs, `no ${what} within ${withinMs} ms: ${this.describe()}`)
      this.run(25)
    }
    return this.now - start
  }

  note(bytes: Uint8Array): void {
    for (const byte of bytes) this.hash = Math.imul(this.hash ^ byte, 0x01000193) >>> 0
    this.hash = Math.imul(this.hash ^ Math.floor(this.now * 1000), 0x01000193) >>> 0
  }

  // ---- messages

  transmit(from: Node, to: PeerId, message: Message): void {
    this.onSend(from, to, message as RingMessage)
    const told = this.oracle?.(from, to, message as RingMessage) ?? null
    if (told !== null) {
      this.after(this.latency(), () => from.happen('message', () => from.ring.receive(to, told)), from)
      return
    }
    const frame = encodeMessage(message)
    this.note(frame)
    const target = this.#byId.get(to)
    if (this.random() < this.loss) {
      this.lost++
      return
    }
    if (target === undefined) return
    this.#deliverAt(from, target, () => {
      if (from.links.get(to) !== target || target.links.get(from.id) !== from || !this.connected(from, target)) return
      target.ring.receive(from.id, decodeMessage(frame.subarray(LENGTH_BYTES)) as RingMessage)
    })
  }

  #deliverAt(from: Node, to: Node, run: () => void): void {
    const key = `${from.id}${to.id}`
    const last = this.#lastArrival.get(key) ?? { inOrder: 0, late: 0 }
    let at = this.now + this.latency()
    if (this.reorder > 0 && this.random() < this.reorder) {
      at += this.random() * MOST_LATE_MS
      last.late = Math.max(last.late, at)
    } else {
      at = Math.max(at, last.inOrder + 0.001)
      last.inOrder = at
      if (at < last.late) this.overtaking++
    }
    this.#lastArrival.set(key, last)
    this.after(at - this.now, () => to.happen('message', run), to)
  }

  // ---- what should be

  sorted(): Node[] {
    return this.alive()
      .filter((node) => node.info.role !== 'dial-out')
      .sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Every first successor is right. */
  closed = (): boolean => {
    const ring = this.sorted()
    return ring.every((node, place) => {
      const next = ring[(place + 1) % ring.length]!
      return next === node || node.ring.view().successors[0]?.id === next.id
    })
  }

  /** Every list is right from end to end. */
  ideal = (): boolean => {
    const ring = this.sorted()
    const length = Math.min(16, ring.length - 1)
    return ring.every((node, place) => {
      const { successors, predecessors } = node.ring.view()
      if (successors.length !== length || predecessors.length !== length) return false
      const at = (offset: number) => ring[(place + offset + 2 * ring.length) % ring.length]!.id
      return (
        successors.every(({ id }, index) => id === at(index + 1)) &&
        predecessors.every(({ id }, index) => id === at(-index - 1))
      )
    })
  }

  ownerOf(key: Hash): PeerId {
    const ring = this.sorted()
    return (ring.find((node) => node.id >= key) ?? ring[0]!).id
  }

  /** Looks up so many names from random peers and checks every answer; returns the mean length of the paths. */
  checkLookups(count: number): number {
    const results: Result<LookupView>[] = []
    for (let index = 0; index < count; index++)
      this.any().ring.lookup(`name ${index}`, (result) => results.push(result))
    this.until('end of the lookups', 20_000, () => results.length === count)
    let hops = 0
    for (const result of results) {
      assert(result.ok, result.ok ? '' : result.message)
      const { key, owner, replicas, path } = result.value
      const ring = this.sorted().map((node) => node.id)
      const place = ring.indexOf(this.ownerOf(key))
      assert.equal(owner, ring[place])
      const after = ring.map((_, offset) => ring[(place + offset) % ring.length]!).slice(1, 4)
      assert.deepEqual(replicas, after)
      hops += path.length
    }
    return hops / count
  }

  describe(): string {
    return this.sorted()
      .map((node) => {
        const { successors, predecessors } = node.ring.view()
        const names = (list: readonly { readonly id: PeerId }[]) => list.map(({ id }) => id.slice(0, 4)).join(' ')
        return `\n${node.id.slice(0, 4)} -> ${names(successors)} <- ${names(predecessors)}`
      })
      .join('')
  }
}

/** Peers that came one by one and settled into one ring. */
export function settled(world: World, count: number): Node[] {
  for (let index = 0; index < count; index++) {
    world.add()
    world.run(50 + world.random() * 200)
  }
  world.until('ideal ring', 20_000, world.ideal)
  return world.alive()
}
