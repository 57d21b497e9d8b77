/** A peer of the test world: the real swarm over a small Env and Mesh; every message goes through the codec. */
import { createPrivateKey } from 'node:crypto'
import type { Cancel, ChunkOutcome, Env, Link, SignedText, Store, StoreOperation, Table } from '../../src/env.js'
import type { Mesh, PeerInfo } from '../../src/mesh.js'
import { Swarm } from '../../src/swarm/swarm.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { rawPublicKey, sign, verify } from '../../wire/ed25519.js'
import { sha256, sha256Bytes } from '../../wire/hash.js'
import type { Message, SwarmMessage } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'

import { makeChunks } from './chunks.js'
import { TestLink } from './data-link.js'
import { Disk } from './disk.js'
import type { World } from './world.js'
export const CHAIN = sha256(Buffer.from('a test network'))
const KEY_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const MIB = 1024 * 1024

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
  /** How long it takes to find again what lies in a folder of chunks. */
  looseOpenMs = 3
  /** How wrong its clock is. */
  clockOffsetMs = 0
  /** Others can dial it, and so it owns keys. */
  inRing = true
  /** How often it went through all members for who owns chunks. */
  ringReads = 0
  /** Chunks served, by everybody who asked. */
  served = 0
  /** Bytes of messages sent over control links, by type. */
  readonly said = new Map<Message['type'], number>()
  /** Loses messages on the way; links never do, so this stands for whatever goes wrong. */
  loses: (message: Message) => boolean = () => false
  /** When all that it sends now will have left. */
  busyUntil = 0
  readonly blamed: string[] = []
  /** How often something visible changed. */
  changes = 0
  /** What became of the chunks that it asked for. */
  readonly answers: { readonly peer: PeerId; readonly outcome: ChunkOutcome }[] = []
  readonly #key
  readonly #links = new Set<TestLink>()
  /** Raised at every start: calls of an earlier life come to nothing. */
  #life = 0
  #known = new Map<PeerId, TestPeer>()
  #pending: (() => void)[] = []
  readonly #unlinked = new Set<PeerId>()

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
    this.#unlinked.clear()
    this.#known = new Map()
    this.#pending = []
    const options = {
      chain: CHAIN,
      replicas: this.replicas,
      changed: () => void this.changes++,
      chunkAnswered: (peer: PeerId, outcome: ChunkOutcome) => void this.answers.push({ peer, outcome }),
    }
    const quota = this.quotaBytes === undefined ? {} : { quotaBytes: this.quotaBytes }
    this.swarm = new Swarm(
      this.env,
      this.#mesh(),
      {
        owners: (key, count) => {
          if (count === Number.MAX_SAFE_INTEGER) this.ringReads++
          return this.owners(key, count)
        },
        anchors: () => [],
      },
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
    const members = [this, ...this.#known.values()].filter((peer) => peer.inRing)
    const ids = members.map(({ id }) => id).sort()
    const from = Math.max(
      0,
      ids.findIndex((id) => id >= key),
    )
    return [...ids.slice(from), ...ids.slice(0, from)].slice(0, count)
  }

  /** From now on it is of the ring, or not, as everybody hears. */
  beInRing(inRing: boolean): void {
    this.inRing = inRing
    for (const peer of this.world.alive()) peer.swarm.ownersChanged()
  }

  /** Puts a file of the user on its disk. */
  write(path: string, content: string, size: number): void {
    this.disk.files.set(path, { content, size, mtimeMs: this.world.nowMs })
  }

  /** All links between the two break and come back after a while. */
  cut(other: TestPeer, forMs: number): void {
    for (const link of this.#links) if (link.peer === other.id) link.close()
    for (const [one, two] of [
      [this, other],
      [other, this],
    ] as const) {
      one.#unlinked.add(two.id)
      one.later(1, () => one.swarm.linkDown(two.id))
      one.later(forMs, () => {
        one.#unlinked.delete(two.id)
        if (two.up && one.#known.has(two.id)) one.swarm.linkUp(two.id)
      })
    }
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
    this.said.set(message.type, (this.said.get(message.type) ?? 0) + bytes.length)
    if (this.loses(message)) return
    this.later(2 + this.world.random() * 0.001, () => {
      if (!to.up || !to.#known.has(this.id) || this.#unlinked.has(to.id)) return
      to.swarm.receive(this.id, decodeMessage(bytes.subarray(LENGTH_BYTES)) as SwarmMessage)
    })
  }

  #mesh(): Mesh {
    const reachable = (peer: PeerId) => this.#known.get(peer)?.up === true && !this.#unlinked.has(peer)
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
        if (to === undefined || !reachable(peer)) return 'none'
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
      if (!to?.up || this.#unlinked.has(peer)) {
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

  /** The world as this peer's core sees it. */
  get env(): Env {
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
      wallTime: () => 1_700_000_000_000 + Math.floor(world.nowMs) + this.clockOffsetMs,
      after: (delayMs, fn) => this.later(delayMs, fn),
      random: () => world.random(),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(world.random() * 256)),
      sign: (text) => sign(this.#key, text),
      links: {
        dial: () => () => {},
        listen: () => {},
      },
      datagrams: { send: () => null, onDatagram: () => {}, onRefused: () => {} },
      store: this.#store(),
      chunks: makeChunks(this),
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

  /** Chunks of its unfinished downloads that it has. */
  partBits(blob: Hash): number {
    return this.disk.parts.get(blob)?.verified.size ?? 0
  }
}

function infoOf(peer: TestPeer): PeerInfo {
  return {
    id: peer.id,
    name: peer.name,
    role: peer.inRing ? 'peer' : 'dial-out',
    addresses: ['127.0.0.1:1' as Address],
    startTime: 1,
    dedicated: false,
    tasks: [],
  }
}
