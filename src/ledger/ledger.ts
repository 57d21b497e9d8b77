/**
 * The ledger of one peer: puts chain, mempool, relay, sync and miner together. Invariants: what others are told of our
 * chain is durable; every change of the chain and of our own pending records is one atomic write; a record that is not
 * valid on top of our chain is never relayed or mined.
 */
import { ProtocolError } from '../../wire/errors.js'
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type * as api from '../api.js'
import type { Done, MineMode, OnProgress, PollDraft, VoteOptions, VoteView, WaitOptions } from '../api.js'
import type { Cancel, Env, StoreOperation } from '../env.js'
import { type Mesh, minerIds, type Protocol } from '../mesh.js'
import { PacedLog } from '../paced-log.js'
import { Authoring } from './authoring.js'
import { type Adoption, Chain, type Change } from './chain.js'
import { Closing } from './closing.js'
import { genesisHeader } from './genesis.js'
import { Gossip } from './gossip.js'
import { type Admission, type Dropped, Mempool, type Moment } from './mempool.js'
import { MAX_CLOCK_OFFSET_MS, Miner } from './miner/miner.js'
import { blockLine, clockTrouble, newsOf } from './news.js'
import type { Node } from './node.js'
import { type ChainParams, DEFAULT_PARAMS } from './params.js'
import { decodeRecord, normaliseName, type SignedRecord } from './record.js'
import { type Refusal, reasonOf, refusalLine } from './refusal.js'
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
  readonly #authoring: Authoring
  readonly #closing: Closing
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
      members: () => minerIds(mesh),
      solved: (node, records) => this.#adopt(node, new Map([[node.hash, records]]), 'mined'),
      changed: options.changed,
    })
    this.#authoring = new Authoring(env, this.#chain, this.#submissions, {
      trouble: () => (this.#miner.mode === 'never' ? null : this.#clockTrouble()),
      admit: (signed) => this.#admit(signed, 'own'),
      written: (signed) => this.#written(signed),
      withdrawn: (id) => this.#withdrawn(id),
    })
    this.#closing = new Closing(env, this.#chain, this.#mempool, {
      params,
      self: env.identity.id,
      members: () => minerIds(mesh),
      idle: () => this.#miner.mode === 'never',
      unsure: () => this.#sync.view() !== null || this.#clockTrouble() !== null,
      close: (poll) => this.#authoring.close(poll),
      ended: options.changed,
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
   * Casts a ballot: 'added' after one durable confirmation, 'invalid' if its poll cannot take it, now or by the time it
   * would be mined. Cancelling withdraws it here; a peer that got it already may still mine it. After
   * `options.timeoutMs` the answer is 'pending' and the ballot stays.
   */
  vote(voter: string, choice: string, options: VoteOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    return this.#authoring.vote(voter, choice, options, progress, done)
  }

  /** Records a text for good; answers as `vote` does. */
  note(text: string, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    return this.#authoring.note(text, options, progress, done)
  }

  /** Registers a poll for good; answers as `vote` does. */
  createPoll(poll: PollDraft, options: WaitOptions, progress: OnProgress, done: Done<VoteView>): Cancel {
    return this.#authoring.createPoll(poll, options, progress, done)
  }

  tally(poll: string): api.TallyView {
    const { state, tip } = this.#chain
    const nowS = Math.max(Math.floor(this.#env.wallTime() / 1000), tip.header.time)
    return state.tally.view(normaliseName(poll) ?? poll, tip.height, nowS)
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
    this.#closing.plan()
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
      const admission = signed !== null && signed.id === key ? this.#admit(signed, 'own') : 'known'
      if (signed !== null && admission === 'added') this.#verifier.remember([signed])
      else this.#env.store.write([{ remove: 'records', key }])
      if (signed !== null && isRefusal(admission)) this.#tellInvalid(signed, admission)
    }
    this.#closing.plan()
    this.#expireLater()
    if (this.#mempool.size > 0) this.#later(() => this.#miner.plan())
  }

  /** Why this peer does not mine although it might; null if its clock is right. */
  #clockTrouble(): string | null {
    const offsetMs = this.#options.clockOffsetMs()
    return Math.abs(offsetMs) > MAX_CLOCK_OFFSET_MS ? clockTrouble(offsetMs) : null
  }

  #written(signed: SignedRecord): void {
    this.#verifier.remember([signed])
    this.#env.store.write([{ put: 'records', key: signed.id, value: signed.bytes }])
    this.#gossip.announceRecord(signed.id, null)
    this.#miner.plan()
    this.#options.changed()
  }

  #withdrawn(id: Hash): void {
    if (this.#mempool.remove(id) === undefined) return
    this.#env.store.write([{ remove: 'records', key: id }])
    this.#miner.plan()
    this.#options.changed()
  }

  #admit(signed: SignedRecord, source: PeerId | 'own' | 'branch'): Admission {
    return this.#mempool.add(signed, source, this.#moment())
  }

  #moment(): Moment {
    return { nowMs: this.#env.now(), wallTimeMs: this.#env.wallTime(), tipTimeS: this.#chain.tip.header.time }
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
    this.#closing.plan()
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
    for (const dropped of this.#mempool.connected(change.connected, this.#moment())) {
      forget(dropped.signed)
      this.#tellDropped(dropped)
    }
    for (const signed of change.undone) {
      const admission = this.#admit(signed, this.#isOwn(signed) ? 'own' : 'branch')
      if (isRefusal(admission)) this.#tellInvalid(signed, admission)
      if (admission !== 'added') continue
      if (this.#isOwn(signed)) operations.push({ put: 'records', key: signed.id, value: signed.bytes })
      this.#gossip.announceRecord(signed.id, null)
    }
    return operations
  }

  #tellDropped({ signed, why }: Dropped): void {
    if (why === 'expired') this.#submissions.expired(signed.id)
    else this.#tellInvalid(signed, why)
  }

  #tellInvalid(signed: SignedRecord, refusal: Refusal): void {
    // that somebody else ended a poll first is no news
    if (!this.#isOwn(signed) || signed.record.kind === 'close') return
    const { tally } = this.#chain.state
    this.#env.log('warn', `${refusalLine(refusal, signed, tally)}; yours is dropped`)
    this.#submissions.invalid(signed.id, reasonOf(refusal, signed, tally))
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
      for (const dropped of this.#mempool.sweep(this.#moment())) {
        if (this.#isOwn(dropped.signed)) this.#env.store.write([{ remove: 'records', key: dropped.signed.id }])
        this.#tellDropped(dropped)
      }
      this.#expireLater()
    })
  }

  #later(call: () => void): Cancel {
    return this.#env.after(0, call)
  }
}

/** Whether the chain, or a rival that waits, is against it. */
function isRefusal(admission: Admission): admission is Refusal {
  return admission !== 'added' && admission !== 'known' && admission !== 'full' && admission !== 'expired'
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
