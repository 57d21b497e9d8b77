/**
 * A small deterministic world for the swarm's tests: virtual time, a full mesh with delays, disks that lose what was
 * not synced, and chunk bytes that are only indices and sizes. Every message goes through the codec.
 */
import { createPrivateKey } from 'node:crypto'
import type { Done, Result } from '../../src/api.js'
import type {
  Cancel,
  ChunkFetch,
  Chunks,
  Env,
  FileStamp,
  Layout,
  Link,
  LinkHandler,
  SignedText,
  Store,
  StoreOperation,
  Table,
} from '../../src/env.js'
import type { Mesh, PeerInfo } from '../../src/mesh.js'
import { Swarm } from '../../src/swarm/swarm.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { rawPublicKey, sign, verify } from '../../wire/ed25519.js'
import { sha256, sha256Bytes } from '../../wire/hash.js'
import type { Message, SwarmMessage } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'

export const CHAIN = sha256(Buffer.from('a test network'))
const KEY_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const MIB = 1024 * 1024

/** A file of a user: what it contains is only a word, from which its chunk hashes follow. */
interface UserFile {
  content: string
  size: number
  mtimeMs: number
}

interface Blob {
  layout: Layout
  target: string | null
  verified: Set<number>
  durable: Set<number>
  finished: boolean
}

/** What survives a kill. */
export class Disk {
  readonly tables = new Map<Table, Map<string, Uint8Array>>()
  readonly files = new Map<string, UserFile>()
  /** Being written, by id; and whole ones in the blob folder. */
  readonly parts = new Map<Hash, Blob>()
  readonly blobs = new Map<Hash, Layout>()

  copy(): Disk {
    const disk = new Disk()
    for (const [table, entries] of this.tables) disk.tables.set(table, new Map(entries))
    for (const [path, file] of this.files) disk.files.set(path, { ...file })
    for (const [id, blob] of this.blobs) disk.blobs.set(id, blob)
    for (const [id, part] of this.parts) {
      disk.parts.set(id, { ...part, verified: new Set(part.durable), durable: new Set(part.durable) })
    }
    return disk
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class World {
  nowMs = 1_000
  readonly peers: TestPeer[] = []
  readonly logs: string[] = []
  #events: Event[] = []
  #order = 0
  #seed: number

  constructor(seed: number) {
    this.#seed = seed
  }

  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** Nobody's timer: of the world itself. */
  at(delayMs: number, run: () => void): Cancel {
    let live = true
    const event = { at: this.nowMs + Math.max(0, delayMs), order: this.#order++, run: () => live && run() }
    this.#push(event)
    return () => {
      live = false
    }
  }

  add(name: string): TestPeer {
    const peer = new TestPeer(this, name, this.peers.length)
    this.peers.push(peer)
    peer.start()
    return peer
  }

  addPeers(count: number): TestPeer[] {
    return Array.from({ length: count }, (_, at) => this.add(`p${at}`))
  }

  alive(): TestPeer[] {
    return this.peers.filter((peer) => peer.up)
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    this.#until(end, () => false)
    this.nowMs = end
  }

  /** Runs until the condition holds; throws when virtual time runs out first. */
  until(what: string, limitMs: number, condition: () => boolean): void {
    if (!this.#until(this.nowMs + limitMs, condition)) {
      throw new Error(`waited ${limitMs} ms in vain for: ${what}\n${this.logs.slice(-20).join('\n')}`)
    }
  }

  /** Runs until a call with a `done` was answered. */
  wait<T>(what: string, limitMs: number, call: (done: Done<T>) => void): Result<T> {
    const answers: Result<T>[] = []
    call((result) => answers.push(result))
    this.until(what, limitMs, () => answers.length > 0)
    return answers[0]!
  }

  #until(end: number, condition: () => boolean): boolean {
    for (;;) {
      if (condition()) return true
      const event = this.#events[0]
      if (event === undefined || event.at > end) return false
      this.#pop()
      this.nowMs = event.at
      event.run()
    }
  }

  #push(event: Event): void {
    const heap = this.#events
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!before(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#events
    const last = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function before(a: Event, b: Event): boolean {
  return a.at !== b.at ? a.at < b.at : a.order < b.order
}

/** One end of a data link. */
class TestLink implements Link {
  static last = 0
  readonly serial = ++TestLink.last
  readonly remote = 'test:1' as Address
  readonly local = 'test:2' as Address
  readonly publicKey = new Uint8Array(32)
  bytesSent = 0
  bytesReceived = 0
  closed = false
  other: TestLink | null = null
  handler: LinkHandler | null = null
  readonly fetches = new Map<number, { fetch: ChunkFetch; over: boolean }>()
  nextRequest = 0

  constructor(
    readonly owner: TestPeer,
    readonly peer: PeerId,
    readonly dialed: boolean,
  ) {}

  send(message: Message): 'sent' {
    const { other } = this
    if (this.closed || other === null) return 'sent'
    const copy = decodeMessage(encodeMessage(message).subarray(LENGTH_BYTES))
    this.owner.later(2, () => {
      if (other.closed || !other.owner.up) return
      if (copy.type === 'chunkRefused') other.settle(copy.request, 'refused')
      else other.handler?.message(other, copy)
    })
    return 'sent'
  }

  settle(request: number, outcome: 'ok' | 'bad' | 'lost' | 'refused' | 'timeout'): void {
    const open = this.fetches.get(request)
    this.fetches.delete(request)
    if (open !== undefined && !open.over) open.fetch.done(outcome)
  }

  promote(): void {}

  close(): void {
    this.break()
    this.other?.break()
  }

  break(): void {
    if (this.closed) return
    this.closed = true
    this.owner.later(1, () => {
      for (const request of [...this.fetches.keys()]) this.settle(request, 'lost')
      this.handler?.closed(this, 'normal', '', 'them')
    })
  }
}

export class TestPeer {
  readonly world: World
  readonly name: string
  readonly id: PeerId
  readonly publicKey: Uint8Array
  swarm!: Swarm
  disk = new Disk()
  up = false
  /** Bytes a second that it can send over all its links. */
  uploadRate = 40 * MIB
  /** Sends chunks with a wrong hash. */
  corrupt = false
  /** Sends nothing at all when asked for chunks. */
  mute = false
  replicas = 4
  quotaBytes: number | undefined
  /** Chunks served, by everybody who asked. */
  served = 0
  readonly blamed: string[] = []
  readonly #key
  readonly #links = new Set<TestLink>()
  /** Raised at every start: calls of an earlier life come to nothing. */
  #life = 0
  #busyUntil = 0
  #known = new Map<PeerId, TestPeer>()
  #pending: (() => void)[] = []

  constructor(world: World, name: string, seed: number) {
    this.world = world
    this.name = name
    this.#key = createPrivateKey({
      key: Buffer.concat([KEY_PREFIX, sha256Bytes(Buffer.from(`${name} ${seed}`))]),
      format: 'der',
      type: 'pkcs8',
    })
    this.publicKey = rawPublicKey(this.#key)
    this.id = sha256(this.publicKey) as PeerId
  }

  /** Begins, or begins again with what its disk kept. */
  start(): void {
    this.up = true
    this.#life++
    this.#links.clear()
    this.#known = new Map()
    this.#pending = []
    const options = { chain: CHAIN, replicas: this.replicas, changed: () => {} }
    const quota = this.quotaBytes === undefined ? {} : { quotaBytes: this.quotaBytes }
    this.swarm = new Swarm(
      this.#env(),
      this.#mesh(),
      { owners: (key, count) => this.owners(key, count) },
      { ...options, ...quota },
    )
    for (const other of this.world.alive()) {
      if (other === this) continue
      this.#meet(other)
      other.#meet(this)
    }
  }

  /** kill -9: what was not durable is gone; others notice after two seconds. */
  kill(): void {
    this.up = false
    this.#life++
    this.disk = this.disk.copy()
    for (const link of this.#links) link.other?.break()
    for (const other of this.world.alive()) {
      other.later(5, () => other.swarm.linkDown(this.id))
      other.later(2_000, () => other.#part(this))
    }
  }

  /** Leaves politely. */
  leave(): void {
    this.kill()
  }

  later(delayMs: number, run: () => void): Cancel {
    const life = this.#life
    return this.world.at(delayMs, () => {
      if (this.#life === life) run()
    })
  }

  owners(key: Hash, count: number): readonly PeerId[] {
    const ids = [this.id, ...this.#known.keys()].sort()
    const from = Math.max(
      0,
      ids.findIndex((id) => id >= key),
    )
    return [...ids.slice(from), ...ids.slice(0, from)].slice(0, count)
  }

  /** Puts a file of the user on its disk. */
  write(path: string, content: string, size: number): void {
    this.disk.files.set(path, { content, size, mtimeMs: this.world.nowMs })
  }

  /** Says something that the real code would not. */
  say(to: TestPeer, message: SwarmMessage): void {
    this.#send(to, message)
  }

  #meet(other: TestPeer): void {
    this.later(5 + this.world.random() * 5, () => {
      if (!other.up || this.#known.has(other.id)) return
      this.#known.set(other.id, other)
      this.swarm.memberJoined(infoOf(other))
      this.swarm.linkUp(other.id)
      this.swarm.ownersChanged()
    })
  }

  #part(other: TestPeer): void {
    if (other.up || !this.#known.delete(other.id)) return
    this.swarm.memberLeft(other.id, 'lost')
    this.swarm.ownersChanged()
  }

  #send(to: TestPeer, message: Message): void {
    const bytes = encodeMessage(message)
    this.later(2 + this.world.random() * 0.001, () => {
      if (!to.up || !to.#known.has(this.id)) return
      to.swarm.receive(this.id, decodeMessage(bytes.subarray(LENGTH_BYTES)) as SwarmMessage)
    })
  }

  #mesh(): Mesh {
    const reachable = (peer: PeerId) => this.#known.get(peer)?.up === true
    return {
      linked: () => [...this.#known.keys()].filter(reachable),
      isLinked: reachable,
      members: () => [...this.#known.values()].map(infoOf),
      member: (peer) => {
        const known = this.#known.get(peer)
        return known === undefined ? undefined : infoOf(known)
      },
      send: (peer, message) => {
        const to = this.#known.get(peer)
        if (!to?.up) return 'none'
        this.#send(to, message)
        return 'sent'
      },
      reach: (peer, done) => {
        this.later(100, () => done(reachable(peer)))
      },
      openData: (peer, opened) => this.#openData(peer, opened),
      blame: (peer, code, reason) => {
        this.blamed.push(`${peer} ${code} ${reason}`)
      },
      claim: () => undefined,
    }
  }

  #openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel {
    return this.later(10 + this.world.random() * 40, () => {
      const to = this.#known.get(peer)
      if (!to?.up) {
        opened(null, 'refused')
        return
      }
      const ours = new TestLink(this, peer, true)
      const theirs = new TestLink(to, this.id, false)
      ours.other = theirs
      theirs.other = ours
      theirs.handler = to.swarm.dataLink(theirs)
      this.#links.add(ours)
      to.#links.add(theirs)
      opened(ours, '')
    })
  }

  #env(): Env {
    const { world } = this
    const seedless = sha256(this.publicKey)
    return {
      identity: {
        id: this.id,
        publicKey: this.publicKey,
        name: this.name,
        bootNonce: new Uint8Array(8),
        startTime: world.nowMs,
      },
      network: { name: 'test', tag: seedless, genesisSeed: new Uint8Array(32) },
      now: () => world.nowMs,
      wallTime: () => 1_700_000_000_000 + Math.floor(world.nowMs),
      after: (delayMs, fn) => this.later(delayMs, fn),
      random: () => world.random(),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(world.random() * 256)),
      sign: (text) => sign(this.#key, text),
      links: {
        dial: () => () => {},
        listen: () => {},
      },
      store: this.#store(),
      chunks: this.#chunks(),
      workers: {
        mine: () => () => {},
        hashRate: () => 0,
        verify: (batch, done) => {
          const valid = batch.map(({ publicKey, text, signature }: SignedText) => verify(publicKey, text, signature))
          this.later(1, () => done(valid))
        },
      },
      localPeers: () => {},
      log: (level, text) => {
        world.logs.push(`${Math.round(world.nowMs)} ${this.name} ${level} ${text}`)
      },
      fatal: (reason) => {
        throw new Error(reason)
      },
    }
  }

  #store(): Store {
    const memory = new Map([...this.disk.tables].map(([table, entries]) => [table, new Map(entries)]))
    const tableOf = (tables: Map<Table, Map<string, Uint8Array>>, table: Table) => {
      const found = tables.get(table) ?? new Map<string, Uint8Array>()
      tables.set(table, found)
      return found
    }
    const apply = (tables: Map<Table, Map<string, Uint8Array>>, operations: readonly StoreOperation[]) => {
      for (const operation of operations) {
        if ('put' in operation) tableOf(tables, operation.put).set(operation.key, operation.value.slice())
        else tableOf(tables, operation.remove).delete(operation.key)
      }
    }
    return {
      get: (table, key) => memory.get(table)?.get(key),
      entries: (table) => [...(memory.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)),
      write: (operations, done) => {
        apply(memory, operations)
        this.#pending.push(() => {
          apply(this.disk.tables, operations)
          done?.()
        })
        // one FIFO: the first to come due carries out the oldest
        this.later(3 + this.world.random() * 5, () => this.#pending.shift()?.())
      },
    }
  }

  #chunks(): Chunks {
    const served = new Map<Hash, { layout: Layout; stamp: FileStamp }>()
    const whole = new Map<Hash, Layout>()
    const { disk } = this
    const fits = ({ path, size, mtimeMs }: FileStamp) => {
      const file = disk.files.get(path)
      return file !== undefined && file.size === size && file.mtimeMs === mtimeMs
    }
    const bitmap = (count: number, set: ReadonlySet<number>) => {
      const bits = new Uint8Array(Math.ceil(count / 8))
      for (const index of set) bits[index >> 3]! |= 1 << (index & 7)
      return bits
    }
    const countOf = ({ size, chunkSize }: Layout) => Math.ceil(size / chunkSize)
    const full = (layout: Layout) => new Set(Array.from({ length: countOf(layout) }, (_, index) => index))
    const sizeOf = ({ size, chunkSize }: Layout, index: number) => Math.min(chunkSize, size - index * chunkSize)
    const chunks: Chunks = {
      onLost: () => {},
      hash: (path, chunkSizeOf, _progress, done) =>
        this.later(10, () => {
          const file = disk.files.get(path)
          if (file === undefined) {
            done({ error: `${path}: no such file` })
            return
          }
          done({ layout: layoutOf(file, chunkSizeOf(file.size)), stamp: stampOf(path, file) })
        }),
      adopt: (blob, layout, stamp) => {
        served.set(blob, { layout, stamp })
      },
      open: (blob, layout, target, done) => {
        this.later(3, () => {
          if (target === null && disk.blobs.has(blob)) {
            whole.set(blob, layout)
            done({ have: bitmap(countOf(layout), full(layout)) })
            return
          }
          const old = disk.parts.get(blob)
          if (old !== undefined && old.target !== target) disk.parts.delete(blob)
          const part = disk.parts.get(blob) ?? {
            layout,
            target,
            verified: new Set<number>(),
            durable: new Set<number>(),
            finished: false,
          }
          disk.parts.set(blob, part)
          done({ have: bitmap(countOf(layout), part.durable) })
        })
      },
      copyLocal: (blob, progress, done) => {
        this.later(20, () => {
          const part = disk.parts.get(blob)
          const from = served.get(blob)
          const there = whole.has(blob) || (from !== undefined && fits(from.stamp))
          if (part === undefined || !there) {
            done('no other copy')
            return
          }
          part.verified = full(part.layout)
          progress(part.layout.size)
          done(null)
        })
      },
      fetch: (link, fetch) => this.#fetch(link as TestLink, fetch),
      serve: (link, request, blob, index) => {
        const theirs = link as TestLink
        const file = served.get(blob)
        if (!whole.has(blob) && file !== undefined && !fits(file.stamp)) {
          served.delete(blob)
          theirs.send({ type: 'chunkRefused', request, reason: 'changed' })
          this.later(0, () => chunks.onLost(blob, 'the file changed'))
          return
        }
        const layout = whole.get(blob) ?? file?.layout ?? disk.parts.get(blob)?.layout
        if (layout === undefined || this.mute) return
        const has = whole.has(blob) || file !== undefined || disk.parts.get(blob)?.verified.has(index)
        if (!has) throw new Error('the core served a chunk that it does not have')
        this.#serve(theirs, request, blob, index, sizeOf(layout, index))
      },
      sync: (blob, done) => {
        this.later(5, () => {
          const part = disk.parts.get(blob)
          if (part !== undefined) part.durable = new Set(part.verified)
          done(part === undefined ? new Uint8Array(0) : bitmap(countOf(part.layout), part.durable))
        })
      },
      finish: (blob, done) => {
        this.later(5, () => {
          const part = disk.parts.get(blob)
          if (part === undefined) {
            done({ path: `blobs/${blob}`, stamp: { path: `blobs/${blob}`, size: 0, mtimeMs: 0, inode: 1 } })
            return
          }
          if (part.verified.size !== countOf(part.layout)) throw new Error('finished before it was whole')
          disk.parts.delete(blob)
          const path = part.target ?? `blobs/${blob}`
          if (part.target === null) {
            disk.blobs.set(blob, part.layout)
            whole.set(blob, part.layout)
            done({ path, stamp: { path, size: part.layout.size, mtimeMs: 0, inode: 1 } })
            return
          }
          const file = { content: hashOf(part.layout), size: part.layout.size, mtimeMs: this.world.nowMs }
          disk.files.set(path, file)
          served.set(blob, { layout: part.layout, stamp: stampOf(path, file) })
          done({ path, stamp: stampOf(path, file) })
        })
      },
      drop: (blob, done) => {
        this.later(2, () => {
          served.delete(blob)
          whole.delete(blob)
          disk.blobs.delete(blob)
          disk.parts.delete(blob)
          done()
        })
      },
    }
    return chunks
  }

  #fetch(link: TestLink, fetch: ChunkFetch): Cancel {
    const request = link.nextRequest++
    const open = { fetch, over: false }
    link.fetches.set(request, open)
    if (link.closed) this.later(0, () => link.settle(request, 'lost'))
    else link.send({ type: 'chunkGet', request, blob: fetch.blob, index: fetch.index })
    this.later(fetch.stallMs, () => link.settle(request, 'timeout'))
    return () => {
      open.over = true
    }
  }

  /** The wire and the disk at the other end: bytes take their time, then they are checked. */
  #serve(theirs: TestLink, request: number, blob: Hash, index: number, size: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.world.nowMs) + (size * 1000) / this.uploadRate
    this.served++
    const wrong = this.corrupt
    this.later(this.#busyUntil - this.world.nowMs, () => {
      const ours = theirs.other
      if (ours === null || ours.closed || !ours.owner.up) return
      ours.owner.later(1, () => {
        ours.fetches.get(request)?.fetch.progress(size)
        const part = ours.owner.disk.parts.get(blob)
        if (!wrong) part?.verified.add(index)
        ours.settle(request, wrong ? 'bad' : 'ok')
      })
    })
  }

  /** Chunks of its unfinished downloads that it has. */
  partBits(blob: Hash): number {
    return this.disk.parts.get(blob)?.verified.size ?? 0
  }
}

function infoOf(peer: TestPeer): PeerInfo {
  return { id: peer.id, name: peer.name, role: 'peer', addresses: ['127.0.0.1:1' as Address], startTime: 1 }
}

/** Hashes follow from what a file contains; a downloaded file contains what its hashes say. */
function layoutOf({ content, size }: UserFile, chunkSize: number): Layout {
  const count = Math.ceil(size / chunkSize)
  const hashes = new Uint8Array(count * 32)
  for (let index = 0; index < count; index++) hashes.set(sha256Bytes(Buffer.from(`${content} ${index}`)), index * 32)
  return { size, chunkSize, hashes }
}

export function hashOf(layout: Pick<Layout, 'hashes'>): string {
  return sha256(layout.hashes)
}

function stampOf(path: string, { size, mtimeMs }: UserFile): FileStamp {
  return { path, size, mtimeMs, inode: 1 }
}
