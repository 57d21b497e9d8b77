/**
 * A small deterministic network of ledgers: virtual time, real signatures, real hashes, every message through the wire
 * codec, links that can be cut, and stores that lose what was not durable when their peer is killed.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { PollDraft, VoteView } from '../../src/api.js'
import type { Env, Store, StoreOperation, Table } from '../../src/env.js'
import { targetOf } from '../../src/ledger/header.js'
import { Ledger, type LedgerOptions } from '../../src/ledger/ledger.js'
import { scan } from '../../src/ledger/miner/scan.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import type { Mesh } from '../../src/mesh.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { rawPublicKey, sign, verify } from '../../wire/ed25519.js'
import { sha256 } from '../../wire/hash.js'
import type { LedgerMessage, Message } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'

const DELAY_MS = 5
const SLICE_MS = 5
const SLICE_HASHES = 16
const DURABLE_MS = 2
export const SEED = Buffer.alloc(32, 7)
export const START_MS = 1_800_000_000_000

/** Keys from a name, so that a world is the same every time. */
export function keyOf(name: string): KeyObject {
  const seed = Buffer.from(sha256(Buffer.from(name)), 'hex')
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

/** Tables in memory; `crash` takes back what was not durable yet. */
export class MemoryStore implements Store {
  #tables = new Map<Table, Map<string, Uint8Array>>()
  #durable = new Map<Table, Map<string, Uint8Array>>()
  readonly #later: (fn: () => void) => void
  #epoch = 0
  writes = 0

  constructor(later: (fn: () => void) => void = (fn) => setImmediate(fn)) {
    this.#later = later
  }

  get(table: Table, key: string): Uint8Array | undefined {
    return this.#tables.get(table)?.get(key)
  }

  *entries(table: Table): Iterable<readonly [string, Uint8Array]> {
    yield* [...(this.#tables.get(table) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  write(operations: readonly StoreOperation[], done: () => void = () => {}): void {
    this.writes++
    apply(this.#tables, operations)
    const epoch = this.#epoch
    this.#later(() => {
      if (epoch !== this.#epoch) return
      apply(this.#durable, operations)
      done()
    })
  }

  crash(): void {
    this.#epoch++
    this.#tables = new Map([...this.#durable].map(([table, rows]) => [table, new Map(rows)]))
  }
}

function apply(tables: Map<Table, Map<string, Uint8Array>>, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    const table = 'put' in operation ? operation.put : operation.remove
    const rows = tables.get(table) ?? new Map<string, Uint8Array>()
    tables.set(table, rows)
    if ('put' in operation) rows.set(operation.key, new Uint8Array(operation.value))
    else rows.delete(operation.key)
  }
}

interface Timer {
  readonly at: number
  readonly number: number
  readonly fn: () => void
}

export class World {
  nowMs = 0
  readonly peers = new Map<PeerId, TestPeer>()
  readonly #timers: Timer[] = []
  readonly #cuts = new Set<string>()
  #number = 0
  #random = 12345

  add(name: string, options: Partial<LedgerOptions> & { readonly offsetMs?: number } = {}): TestPeer {
    const peer = new TestPeer(this, name, options)
    this.peers.set(peer.id, peer)
    this.connect()
    return peer
  }

  after(delayMs: number, fn: () => void): () => void {
    const timer = { at: this.nowMs + delayMs, number: this.#number++, fn }
    let place = this.#timers.length
    while (place > 0 && this.#timers[place - 1]!.at > timer.at) place--
    this.#timers.splice(place, 0, timer)
    return () => {
      const found = this.#timers.indexOf(timer)
      if (found >= 0) this.#timers.splice(found, 1)
    }
  }

  random(): number {
    this.#random = (Math.imul(this.#random, 1664525) + 1013904223) >>> 0
    return this.#random / 2 ** 32
  }

  /** Runs for this much virtual time. */
  run(durationMs: number): void {
    this.until(() => false, durationMs, null)
  }

  /** Runs until `holds`, at most `limitMs` of virtual time; `what` names it in the failure. */
  until(holds: () => boolean, limitMs: number, what: string | null): void {
    const end = this.nowMs + limitMs
    while (!holds()) {
      const next = this.#timers[0]
      if (next === undefined || next.at > end) {
        this.nowMs = end
        assert.ok(what === null || holds(), `within ${limitMs} ms: ${what}`)
        return
      }
      this.#timers.shift()
      this.nowMs = Math.max(this.nowMs, next.at)
      next.fn()
    }
  }

  isCut(a: PeerId, b: PeerId): boolean {
    return this.#cuts.has(`${a}${b}`) || this.#cuts.has(`${b}${a}`)
  }

  /** Cuts all links between the two groups. */
  cut(some: readonly TestPeer[], others: readonly TestPeer[]): void {
    for (const a of some) for (const b of others) this.cutPair(a, b)
  }

  cutPair(a: TestPeer, b: TestPeer): void {
    this.#cuts.add(`${a.id}${b.id}`)
    a.drop(b.id)
    b.drop(a.id)
  }

  heal(): void {
    this.#cuts.clear()
    this.connect()
  }

  /** Links every two peers that are up and not cut. */
  connect(): void {
    const up = [...this.peers.values()].filter((peer) => peer.up)
    for (const a of up) {
      for (const b of up) {
        if (a.id < b.id && !a.links.has(b.id) && !this.isCut(a.id, b.id)) {
          const claims = [a.ledger.claim(), b.ledger.claim()] as const
          a.links.set(b.id, claims[1])
          b.links.set(a.id, claims[0])
          a.ledger.linkUp(b.id)
          b.ledger.linkUp(a.id)
        }
      }
    }
  }
}

export class TestPeer {
  readonly world: World
  readonly name: string
  readonly key: KeyObject
  readonly id: PeerId
  readonly store: MemoryStore
  readonly links = new Map<PeerId, { readonly tip: Hash; readonly height: number; readonly work: bigint }>()
  readonly blamed: string[] = []
  readonly logs: string[] = []
  readonly sent: { readonly to: PeerId; readonly message: Message }[] = []
  readonly #options: Partial<LedgerOptions> & { readonly offsetMs?: number }
  ledger: Ledger
  up = true
  /** Mining jobs running now. */
  jobs = 0
  #life = 0

  constructor(world: World, name: string, options: Partial<LedgerOptions> & { readonly offsetMs?: number }) {
    this.world = world
    this.name = name
    this.key = keyOf(name)
    this.id = sha256(rawPublicKey(this.key)) as PeerId
    this.store = new MemoryStore((fn) => world.after(DURABLE_MS, fn))
    this.#options = options
    this.ledger = this.#boot()
  }

  /** As `kill -9`: nothing runs on, what was not durable is lost. */
  kill(): void {
    this.up = false
    this.#life++
    this.store.crash()
    for (const id of [...this.links.keys()]) this.world.peers.get(id)?.drop(this.id)
    this.links.clear()
    this.jobs = 0
  }

  restart(): void {
    this.up = true
    this.ledger = this.#boot()
    this.world.connect()
  }

  drop(peer: PeerId): void {
    if (this.links.delete(peer)) this.ledger.linkDown(peer)
  }

  /** What a hostile peer would do: says anything to a linked peer. */
  say(to: TestPeer, message: LedgerMessage): void {
    this.#deliver(to, message)
  }

  vote(voter: string, choice: string, poll = 'main', timeoutMs: number | null = null): { result: VoteView | string } {
    const answer = { result: 'waiting' as VoteView | string }
    this.ledger.vote(
      voter,
      choice,
      { poll, timeoutMs },
      () => {},
      (result) => {
        assert.equal(answer.result, 'waiting', 'answered once')
        answer.result = result.ok ? result.value : result.message
      },
    )
    return answer
  }

  /** Registers a poll and runs the world until it is in a durable block here. */
  createPollNow(poll: string, terms: Partial<PollDraft> = {}): VoteView {
    const answer = this.createPoll(poll, terms)
    this.world.until(() => answer.result !== 'waiting', 60_000, `${this.name} gets an answer for poll ${poll}`)
    assert.equal(typeof answer.result, 'object', `${answer.result}`)
    return answer.result as VoteView
  }

  createPoll(poll: string, terms: Partial<PollDraft> = {}): { result: VoteView | string } {
    const answer = { result: 'waiting' as VoteView | string }
    const open = { question: '', options: ['pizza', 'sushi'], closes: 0, roll: [] }
    this.ledger.createPoll(
      { poll, ...open, ...terms },
      { timeoutMs: null },
      () => {},
      (result) => {
        assert.equal(answer.result, 'waiting', 'answered once')
        answer.result = result.ok ? result.value : result.message
      },
    )
    return answer
  }

  /** Votes and runs the world until it is in a durable block here. */
  voteNow(voter: string, choice: string, poll = 'main'): VoteView {
    const answer = this.vote(voter, choice, poll)
    this.world.until(() => answer.result !== 'waiting', 60_000, `${this.name} gets an answer for ${voter}`)
    assert.equal(typeof answer.result, 'object', `${answer.result}`)
    return answer.result as VoteView
  }

  get height(): number {
    return this.ledger.chain(1).height
  }

  get tip(): Hash {
    return this.ledger.chain(1).tip
  }

  choices(poll = 'main'): Readonly<Record<string, number>> {
    return this.ledger.tally(poll).choices
  }

  #boot(): Ledger {
    return new Ledger(this.#env(), this.#mesh(), {
      params: EASY_PARAMS,
      changed: () => {},
      clockOffsetMs: () => 0,
      ...this.#options,
    })
  }

  #deliver(to: TestPeer, message: Message): void {
    const payload = encodeMessage(message).subarray(LENGTH_BYTES)
    const life = to.#life
    this.world.after(DELAY_MS, () => {
      if (to.#life !== life || !to.links.has(this.id) || this.world.isCut(to.id, this.id)) return
      to.ledger.receive(this.id, decodeMessage(payload) as LedgerMessage)
    })
  }

  #mesh(): Mesh {
    const { world, links } = this
    const info = (peer: TestPeer) => ({
      id: peer.id,
      name: peer.name,
      role: 'peer' as const,
      addresses: [],
      startTime: 0,
      dedicated: false,
      tasks: [],
    })
    return {
      linked: () => links.keys(),
      isLinked: (peer) => links.has(peer),
      members: () => [...world.peers.values()].filter((peer) => peer.id !== this.id && peer.up).map(info),
      member: (id) => {
        const peer = world.peers.get(id)
        return peer && info(peer)
      },
      send: (id, message) => {
        const peer = world.peers.get(id)
        if (peer === undefined || !links.has(id)) return 'none'
        this.sent.push({ to: id, message })
        this.#deliver(peer, message)
        return 'sent'
      },
      reach: (id, done) => world.after(0, () => done(links.has(id))),
      openData: () => () => {},
      blame: (id, code, reason) => {
        this.blamed.push(`${world.peers.get(id)?.name}: ${code}: ${reason}`)
        world.peers.get(id)?.drop(this.id)
        this.drop(id)
      },
      claim: (id) => links.get(id),
    }
  }

  #env(): Env {
    const { world, key } = this
    const life = this.#life
    const offsetMs = this.#options.offsetMs ?? 0
    const after = (delayMs: number, fn: () => void) =>
      world.after(delayMs, () => {
        if (life === this.#life) fn()
      })
    const never = (): never => assert.fail('the ledger has no business here')
    return {
      identity: {
        id: this.id,
        publicKey: rawPublicKey(key),
        name: this.name,
        bootNonce: new Uint8Array(8),
        startTime: START_MS,
      },
      network: { name: 'test', tag: sha256(SEED), genesisSeed: SEED },
      now: () => world.nowMs,
      wallTime: () => START_MS + world.nowMs + offsetMs,
      after,
      random: () => world.random(),
      randomBytes: (count) => Buffer.from(Array.from({ length: count }, () => Math.floor(world.random() * 256))),
      sign: (text) => sign(key, text),
      links: { dial: never, listen: never },
      datagrams: { send: () => null, onDatagram: () => {}, onRefused: () => {} },
      store: this.store,
      chunks: undefined as never,
      workers: {
        mine: (header, done) => this.#mine(header, done, after),
        hashRate: () => (this.jobs > 0 ? (SLICE_HASHES * 1000) / SLICE_MS : 0),
        verify: (batch, done) => {
          assert.ok(batch.length <= 64, 'batches of at most 64')
          after(1, () => done(batch.map(({ publicKey, text, signature }) => verify(publicKey, text, signature))))
        },
      },
      localPeers: never,
      log: (level, text) => this.logs.push(`${level}: ${text}`),
      fatal: (reason) => this.logs.push(`fatal: ${reason}`),
    }
  }

  #mine(header: Uint8Array, done: (solved: Uint8Array | null) => void, after: Env['after']): () => void {
    assert.ok(targetOf(Buffer.from(header).readUInt32LE(72)) > 0n)
    this.jobs++
    let next = 0
    let open = true
    const close = (): void => {
      if (open) this.jobs--
      open = false
    }
    const slice = (): void => {
      if (!open) return
      const nonce = scan(header, next, SLICE_HASHES)
      next += SLICE_HASHES
      if (nonce < 0) {
        after(SLICE_MS, slice)
        return
      }
      close()
      const solved = Buffer.from(header)
      solved.writeUInt32LE(nonce, 76)
      done(solved)
    }
    after(SLICE_MS, slice)
    return close
  }
}
