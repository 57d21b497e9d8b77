/**
 * The ledger of one peer: puts chain, mempool, relay, sync and miner together. Invariants: what others are told of our
 * chain is durable; every change of the chain and of our own pending records is one atomic write; a record that is not
 * valid on top of our chain is never relayed or mined.
 */
import { ProtocolError } from '../../wire/errors.js'
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Done, MineMode, OnProgress, VoteOptions, VoteView, WaitOptions } from '../api.js'
import * as api from '../api.js'
import type { Cancel, Env, StoreOperation } from '../env.js'
import type { Mesh, Protocol } from '../mesh.js'
import { PacedLog } from '../paced-log.js'
import { type Adoption, Chain, type Change } from './chain.js'
import { genesisHeader } from './genesis.js'
import { Gossip } from './gossip.js'
import { type Admission, Mempool } from './mempool.js'
import { MAX_CLOCK_OFFSET_MS, Miner } from './miner/miner.js'
import { blockLine, clockTrouble, newsOf } from './news.js'
import type { Node } from './node.js'
import { type ChainParams, DEFAULT_PARAMS } from './params.js'
import {
  DUPLICATE_VOTE,
  decodeRecord,
  type LedgerRecord,
  MAX_NAME_BYTES,
  MAX_NOTE_BYTES,
  normaliseName,
  normaliseNote,
  type SignedRecord,
  signRecord,
} from './record.js'
import { Relay } from './relay.js'
import { Submissions } from './submissions.js'
import { Sync } from './sync.js'
import { Verifier } from './verifier.js'
import { ChainViews } from './views.js'

/** A reorg that undoes more blocks than this is no ordinary race. */
const DEEP_REORG = 60
const EXPIRY_CHECK_MS = 60_000
const MAX_FORKS_SHOWN = 16

export interface LedgerOptions {
  /** Something visible changed. */
  readonly changed: () => void
  /** Median offset of the other peers' clocks from ours; far off, we do not mine. */
  readonly clockOffsetMs: () => number
  /** 'own' where absent. */
  readonly mode?: MineMode
  /** Parameters of the network; the default ones where absent. */
  readonly params?: ChainParams
}

export class Ledger implements Protocol {
  readonly #env: Env
  readonly #mesh: Mesh
  readonly #options: LedgerOptions
  readonly #chain: Chain
  readonly #mempool: Mempool
  readonly #verifier: Verifier
  readonly #relay: Relay
  readonly #sync: Sync
  readonly #miner: Miner
  readonly #submissions: Submissions
  readonly #views: ChainViews
  readonly #gossip: Gossip
  readonly #said: PacedLog

  constructor(env: Env, mesh: Mesh, options: LedgerOptions) {
    this.#env = env
    this.#mesh = mesh
    this.#options = options
    const params = options.params ?? DEFAULT_PARAMS
    this.#chain = new Chain(env.store, genesisHeader(env.network.genesisSeed, params), params)
    this.#mempool = new Mempool(this.#chain.state)
    this.#verifier = new Verifier(env.workers, this.#chain.genesis.hash)
    this.#views = new ChainViews(this.#chain)
    this.#gossip = new Gossip(env, mesh, this.#chain)
    this.#said = new PacedLog(env)
    this.#submissions = new Submissions(env, this.#chain, () =>
      newsOf(this.#miner, this.#sync, options.clockOffsetMs()),
    )
    this.#relay = new Relay(env, mesh, this.#mempool, this.#verifier, {
      accept: (signed, from) => this.#accept(signed, from),
      has: (id) => this.#mempool.get(id) !== undefined || this.#chain.state.place(id) !== undefined,
      mined: (ids) => this.#gossip.recentRecords(ids),
    })
    this.#sync = new Sync(env, mesh, this.#chain, this.#verifier, {
      adopt: (last, fresh) => this.#adopt(last, fresh),
      changed: () => this.#syncChanged(),
      tied: (peer) => this.#gossip.offerRecent(peer),
    })
    this.#miner = new Miner(env, this.#chain, this.#mempool, {
      params,
      mode: options.mode ?? 'own',
      self: env.identity.id,
      clockOffsetMs: options.clockOffsetMs,
      syncing: () => this.#sync.view() !== null,
      members: () => memberIds(mesh),
      solved: (node, records) => this.#adopt(node, new Map([[node.hash, records]]), 'mined'),
      changed: options.changed,
    })
    this.#start()
  }

  // ---- what peers say and do

  /** For hello: the chain id, and a tip that would survive a crash. */
  claim(): { readonly chain: Hash; readonly tip: Hash; readonly height: number; readonly work: bigint } {
    const { hash, height, work } = this.#chain.durableTip
    return { chain: this.#chain.genesis.hash, tip: hash, height, work }
  }

  receive(from: PeerId, message: LedgerMessage): void {
    switch (message.type) {
      case 'announce':
        this.#sync.announced(from, message)
        return
      case 'getHeaders':
        this.#gossip.serveHeaders(from, message.locator)
        return
      case 'headers':
        this.#sync.headers(from, message.headers)
        return
      case 'getBlocks':
        if (this.#gossip.serveBlocks(from, message.blocks)) return
        this.#mesh.blame(from, 'flood', 'asks for blocks faster than it reads them')
        return
      case 'block':
        this.#sync.block(from, message.block, message.records)
        return
      case 'noBlock':
        this.#sync.noBlock(from, message.block)
        return
      case 'inventory':
        this.#relay.inventory(from, message.ids)
        return
      case 'getRecords':
        this.#relay.getRecords(from, message.ids)
        return
      case 'records':
        this.#relay.records(from, message.records)
        return
    }
  }

  linkUp(peer: PeerId): void {
    this.#gossip.linkUp(peer, pendingIds(this.#mempool))
    this.#relay.linkUp(peer)
    this.#sync.linkUp(peer)
    this.#miner.plan()
  }

  linkDown(peer: PeerId): void {
    this.#gossip.linkDown(peer)
    this.#relay.linkDown(peer)
    this.#sync.linkDown(peer)
    this.#miner.plan()
  }

  linkDrained(peer: PeerId): void {
    this.#gossip.drained(peer)
  }

  memberJoined(): void {}

  memberLeft(): void {}

  // ---- what the user asks

  /**
   * Casts a ballot of an open poll: 'added' after one durable confirmation, 'invalid' if the voter has voted in that
   * poll, now or by the time it would be mined. Cancelling withdraws it here; a peer that got it already may still mine
   * it. After `options.timeoutMs` the answer is 'pending' and the ballot stays.
   */
  vote(voter: string, choice: string, options: VoteOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const names = { poll: normaliseName(options.poll), voter: normaliseName(voter), choice: normaliseName(choice) }
    if (names.poll === null || names.voter === null || names.choice === null) {
      const message = `${DUPLICATE_VOTE} voter, choice and poll are 1 to ${MAX_NAME_BYTES} bytes of plain text each`
      return this.#later(() => done({ ok: false, kind: 'usage', message }))
    }
    const draft = { poll: names.poll, voter: names.voter, choice: names.choice }
    return this.#submit({ ...this.#head(), kind: 'ballot', ...draft }, options, progress, done)
  }

  /** Records a text for good; answers as `vote` does. */
  note(text: string, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const normal = normaliseNote(text)
    if (normal === null) {
      const message = `a note is 1 to ${MAX_NOTE_BYTES} bytes of text`
      return this.#later(() => done({ ok: false, kind: 'usage', message }))
    }
    return this.#submit({ ...this.#head(), kind: 'note', text: normal }, options, progress, done)
  }

  tally(poll: string): api.TallyView {
    return this.#chain.state.tally.view(normaliseName(poll) ?? poll, this.#chain.tip.height)
  }

  polls(): readonly string[] {
    return this.#chain.state.tally.polls()
  }

  chain(last: number, top?: number): api.ChainView {
    return this.#views.chain(last, top)
  }

  receipt(ballot: string): api.Result<api.ReceiptView> {
    return this.#views.receipt(ballot)
  }

  setMining(mode: MineMode): void {
    this.#miner.setMode(mode)
    this.#options.changed()
  }

  mining(): api.MiningView {
    const { height } = this.#chain.tip
    return {
      mode: this.#miner.mode,
      active: this.#miner.state === 'mining',
      hashRate: this.#miner.hashRate,
      difficulty: this.#miner.difficulty(),
      pending: this.#mempool.size,
      syncing: this.#sync.view(),
      forks: this.#chain
        .forkTips()
        .slice(0, MAX_FORKS_SHOWN)
        .map((node) => ({ hash: node.hash, height: node.height, behind: height - node.height })),
    }
  }

  // ---- inside

  #start(): void {
    if (this.#chain.foreign) {
      this.#env.fatal('this data directory holds the chain of another network; use another')
      return
    }
    if (this.#chain.damage !== '') this.#env.log('warn', `${this.#chain.damage}; fetching the rest from peers`)
    for (const [key, value] of this.#env.store.entries('records')) {
      const signed = storedRecord(value)
      const source = signed !== null && signed.id === key ? this.#admit(signed, 'own') : 'known'
      if (signed !== null && source === 'added') this.#verifier.remember([signed])
      else this.#env.store.write([{ remove: 'records', key }])
    }
    this.#expireLater()
    if (this.#mempool.size > 0) this.#later(() => this.#miner.plan())
  }

  #head() {
    const { publicKey } = this.#env.identity
    return { author: publicKey, time: Math.floor(this.#env.wallTime()), salt: this.#env.randomBytes(8) }
  }

  #submit(record: LedgerRecord, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    const offsetMs = this.#options.clockOffsetMs()
    if (this.#miner.mode !== 'never' && Math.abs(offsetMs) > MAX_CLOCK_OFFSET_MS) {
      return this.#later(() => done(api.refused(`${clockTrouble(offsetMs)}, then try again`)))
    }
    if (this.#submissions.isFull)
      return this.#later(() => done(api.refused('too many votes are waiting; try again later')))
    const signed = signRecord(record, this.#chain.genesis.hash, (text) => this.#env.sign(text))
    const admission = this.#admit(signed, 'own')
    if (admission === 'duplicate') {
      const view: VoteView = { status: 'invalid', ballot: signed.id, block: '', height: this.#chain.tip.height }
      return this.#later(() => done(api.done(view)))
    }
    if (admission !== 'added')
      return this.#later(() => done(api.refused('too many records are pending; try again later')))
    this.#verifier.remember([signed])
    this.#env.store.write([{ put: 'records', key: signed.id, value: signed.bytes }])
    this.#submissions.add(signed.id, progress, done, options.timeoutMs)
    this.#gossip.announceRecord(signed.id, null)
    this.#miner.plan()
    this.#options.changed()
    return () => this.#withdraw(signed.id)
  }

  #withdraw(id: Hash): void {
    if (!this.#submissions.remove(id)) return
    if (this.#mempool.remove(id) === undefined) return
    this.#env.store.write([{ remove: 'records', key: id }])
    this.#miner.plan()
    this.#options.changed()
  }

  #admit(signed: SignedRecord, source: PeerId | 'own' | 'branch'): Admission {
    return this.#mempool.add(signed, source, this.#env.now(), this.#env.wallTime())
  }

  #accept(signed: SignedRecord, from: PeerId): Admission {
    const admission = this.#admit(signed, this.#isOwn(signed) ? 'own' : from)
    if (admission === 'added') {
      this.#gossip.announceRecord(signed.id, from)
      this.#miner.plan()
      this.#options.changed()
    }
    return admission
  }

  #adopt(last: Node, fresh: ReadonlyMap<Hash, readonly SignedRecord[]>, how: 'mined' | 'added' = 'added'): Adoption {
    const adoption = this.#chain.adopt(last, fresh, {
      alongside: (change) => this.#settle(change),
      durable: () => {
        this.#gossip.announceTip()
        this.#submissions.durable()
      },
    })
    if (adoption.kind !== 'adopted') return adoption
    this.#said.say('info', blockLine(adoption.change, fresh.size, how))
    const { depth, tip } = adoption.change
    if (depth > DEEP_REORG) {
      this.#env.log(
        'warn',
        `THE CHAIN CHANGED DEEPLY: ${depth} blocks undone, now at ${tip.height}; look at your votes`,
      )
    } else if (depth > 0) this.#env.log('info', `a heavier branch undid ${depth} of our blocks, now at ${tip.height}`)
    this.#miner.tipChanged()
    this.#options.changed()
    return adoption
  }

  /** Brings the mempool in line with a new tip; answers what the store must change in the same write. */
  #settle(change: Change): readonly StoreOperation[] {
    const operations: StoreOperation[] = []
    const forget = (signed: SignedRecord): void => {
      if (this.#isOwn(signed)) operations.push({ remove: 'records', key: signed.id })
    }
    for (const signed of change.connected) forget(signed)
    for (const { signed } of this.#mempool.connected(change.connected)) {
      forget(signed)
      this.#tellInvalid(signed)
    }
    for (const signed of change.undone) {
      const admission = this.#admit(signed, this.#isOwn(signed) ? 'own' : 'branch')
      if (admission === 'duplicate') this.#tellInvalid(signed)
      if (admission !== 'added') continue
      if (this.#isOwn(signed)) operations.push({ put: 'records', key: signed.id, value: signed.bytes })
      this.#gossip.announceRecord(signed.id, null)
    }
    return operations
  }

  #tellInvalid(signed: SignedRecord): void {
    if (!this.#isOwn(signed) || signed.record.kind !== 'ballot') return
    const { voter, poll } = signed.record
    this.#env.log('warn', `${DUPLICATE_VOTE} ${voter} has another ballot in poll ${poll}: yours is dropped`)
    this.#submissions.invalid(signed.id)
  }

  #isOwn(signed: SignedRecord): boolean {
    return signed.author === this.#env.identity.id
  }

  #syncChanged(): void {
    this.#miner.plan()
    this.#options.changed()
  }

  #expireLater(): void {
    this.#env.after(EXPIRY_CHECK_MS, () => {
      for (const { signed } of this.#mempool.expire(this.#env.wallTime())) {
        if (!this.#isOwn(signed)) continue
        this.#env.store.write([{ remove: 'records', key: signed.id }])
        this.#submissions.expired(signed.id)
      }
      this.#expireLater()
    })
  }

  #later(call: () => void): Cancel {
    return this.#env.after(0, call)
  }
}

function storedRecord(bytes: Uint8Array): SignedRecord | null {
  try {
    return decodeRecord(bytes)
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}

function* pendingIds(mempool: Mempool): Generator<Hash> {
  for (const { signed } of mempool.entries()) yield signed.id
}

function* memberIds(mesh: Mesh): Generator<PeerId> {
  for (const { id } of mesh.members()) yield id
}
