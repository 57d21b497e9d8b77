/**
 * A small deterministic network of rings: virtual clock, seeded chance, latency, loss, partitions, deaths. Every message
 * goes through the wire codec; a link delivers in order, like TCP. The same seed gives the same `hash`.
 */
import assert from 'node:assert'
import type { LookupView, Result } from '../../src/api.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { sha256 } from '../../wire/hash.js'
import type { Role } from '../../wire/messages/membership.js'
import type { Message, RingMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Datagram } from '../../wire/udp-datagram.js'
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
  /** False: no datagram ever arrives. */
  readonly udp?: boolean
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

const LOST_AFTER_MS = 2_000

export class World {
  now = 0
  hash = 0x811c9dc5
  events = 0
  latencyMs: readonly [number, number]
  loss: number
  readonly gossip: boolean
  readonly udp: boolean
  /** Whose datagrams do not reach whom, as `from to`. */
  readonly deaf = new Set<string>()
  /** Called with each datagram that is sent. */
  onFling: (from: Node, to: PeerId, datagram: Datagram) => void = () => {}
  /** Their links stand, but nothing comes or goes: stopped processes. */
  readonly frozen = new Set<PeerId>()
  readonly nodes: Node[] = []
  readonly random: () => number
  readonly #heap: Event[] = []
  #order = 0
  #sides: Map<PeerId, number> | undefined
  readonly #lastArrival = new Map<string, number>()

  constructor({ seed, latencyMs = [1, 20], loss = 0, gossip = true, udp = true }: WorldOptions) {
    this.latencyMs = latencyMs
    this.loss = loss
    this.gossip = gossip
    this.udp = udp
    this.random = mulberry(seed)
  }

  // ---- what happens to peers

  /** A new peer, or one that was killed started again with its old id. */
  add(id?: PeerId, role: Role = 'peer'): Node {
    const again = this.nodes.findIndex((node) => node.id === id)
    const seed = Math.floor(this.random() * 2 ** 32)
    const node = new Node(this, id ?? (sha256(Buffer.from(`${seed}`)) as PeerId), role, mulberry(seed))
    const others = this.alive()
    if (again >= 0) this.nodes[again] = node
    else this.nodes.push(node)
    node.ring.start()
    for (const other of others) this.after(this.latency(), () => this.meet(node, other))
    return node
  }

  alive(): Node[] {
    return this.nodes.filter((node) => node.alive)
  }

  any(): Node {
    const alive = this.alive()
    return alive[Math.floor(this.random() * alive.length)]!
  }

  /** kill -9: the others' links close at once. */
  kill(node: Node): void {
    node.alive = false
    for (const other of this.alive())
      if (other.links.get(node.id) === node) this.after(this.latency(), () => this.#cutLink(other, node))
  }

  leave(node: Node): void {
    node.ring.leave(() => {
      if (!node.alive) return
      node.alive = false
      for (const other of this.alive()) {
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
    for (const one of this.alive())
      for (const other of this.alive())
        if (sides.get(one.id) !== sides.get(other.id))
          this.after(500 + this.random() * 1_000, () => {
            if (this.#sides === sides) this.#cutLink(one, other)
          })
  }

  heal(): void {
    this.#sides = undefined
    if (!this.gossip) return
    const alive = this.alive()
    for (const one of alive)
      for (const other of alive)
        if (one.id < other.id && (one.links.get(other.id) !== other || other.links.get(one.id) !== one))
          this.after(this.random() * 3_000, () => this.meet(one, other))
  }

  meet(one: Node, other: Node): void {
    if (!one.alive || !other.alive || !this.connected(one, other)) return
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const) {
      if (!here.known.has(there.id)) {
        here.known.set(there.id, there.info)
        here.ring.memberJoined(there.info)
      }
      if (here.links.get(there.id) !== there) {
        here.links.set(there.id, there)
        here.ring.linkUp(there.id)
      }
    }
  }

  connected(one: Node, other: Node): boolean {
    return this.#sides === undefined || this.#sides.get(one.id) === this.#sides.get(other.id)
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

  after(delayMs: number, run: () => void): void {
    this.#push({ at: this.now + Math.max(0, delayMs), order: this.#order++, run })
  }

  latency(): number {
    return this.latencyMs[0] + this.random() * (this.latencyMs[1] - this.latencyMs[0])
  }

  run(ms: number): void {
    const end = this.now + ms
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      this.now = next.at
      this.events++
      next.run()
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
    const frame = encodeMessage(message)
    this.note(frame)
    const target = this.nodes.find((node) => node.id === to)
    if (target === undefined || this.random() < this.loss) return
    if (this.frozen.has(from.id) || this.frozen.has(to)) return
    this.#deliverAt(from, target, () => {
      if (from.links.get(to) !== target || target.links.get(from.id) !== from || !this.connected(from, target)) return
      target.ring.receive(from.id, decodeMessage(frame.subarray(LENGTH_BYTES)) as RingMessage)
    })
  }

  /** A datagram: may be lost or overtaken, and nobody learns of it. */
  fling(from: Node, to: PeerId, datagram: Datagram, sequence: number): void {
    this.onFling(from, to, datagram)
    const target = this.nodes.find((node) => node.id === to)
    if (!this.udp || target === undefined || this.random() < this.loss) return
    if (this.frozen.has(from.id) || this.deaf.has(`${from.id} ${to}`)) return
    this.after(this.latency(), () => {
      if (!target.alive || this.frozen.has(to) || !this.connected(from, target)) return
      if (target.links.get(from.id) === from) target.datagrams.onDatagram(from.id, datagram, sequence)
    })
  }

  #deliverAt(from: Node, to: Node, run: () => void): void {
    const key = `${from.id}${to.id}`
    const at = Math.max(this.now + this.latency(), (this.#lastArrival.get(key) ?? 0) + 0.001)
    this.#lastArrival.set(key, at)
    this.after(at - this.now, () => {
      if (to.alive) run()
    })
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

  #push(event: Event): void {
    const heap = this.#heap
    let place = heap.push(event) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (earlier(heap[parent]!, event)) break
      heap[place] = heap[parent]!
      place = parent
    }
    heap[place] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++
      if (earlier(last, heap[child]!)) break
      heap[place] = heap[child]!
      place = child
    }
    heap[place] = last
  }
}

function earlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Mulberry32: small, seeded, good enough to shuffle with. */
export function mulberry(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
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
