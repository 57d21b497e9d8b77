/**
 * Mines on demand: own records at once, those of others when nobody else did. Nothing is locked while workers search: the
 * tip is taken first, and a solved block is checked again before it is added. Invariants: at most one job runs, always
 * on the tip; an idle peer, one in catch-up and one whose clock is off run none.
 */
import type { PeerId } from '../../../wire/types.js'
import type { MineMode } from '../../api.js'
import type { Cancel, Env } from '../../env.js'
import { recordsRoot } from '../block.js'
import type { Adoption, Chain } from '../chain.js'
import { requiredBits } from '../difficulty.js'
import { encodeHeader, targetOf, VERSION, workOf } from '../header.js'
import type { Mempool } from '../mempool.js'
import type { Node } from '../node.js'
import type { ChainParams } from '../params.js'
import type { SignedRecord } from '../record.js'
import { dueMs, rankAfter } from './schedule.js'

/** Beyond this median offset from the other peers' clocks our blocks would be held or look old. */
export const MAX_CLOCK_OFFSET_MS = 50_000
/** A template is renewed this often, for its time and for what came in. */
const TEMPLATE_MS = 1000
/** Beaten by another block, own records wait a random part of this: two that race would race again. */
const RETRY_MS = 1000
/** Oldest foreign records looked at in one go. */
const MAX_EXAMINED = 64
/** Version bits from 13 up tell apart two templates of one second. */
const ROLLS = 0x10000
const ROLL_SHIFT = 13

/** 'unfit': what waits cannot stand in a block of this moment, as a ballot whose poll has just ended. */
export type MinerState = 'mining' | 'never' | 'nothing' | 'clock' | 'syncing' | 'retry' | 'waiting' | 'unfit'

export interface MinerOptions {
  readonly params: ChainParams
  readonly mode: MineMode
  readonly self: PeerId
  /** Median of the other peers' clocks against ours. */
  readonly clockOffsetMs: () => number
  /** A heavier chain is being fetched. */
  readonly syncing: () => boolean
  readonly members: () => Iterable<PeerId>
  readonly solved: (node: Node, records: readonly SignedRecord[]) => Adoption
  readonly changed: () => void
}

interface Job {
  readonly tip: Node
  readonly time: number
  readonly version: number
  readonly records: readonly SignedRecord[]
  readonly cancel: Cancel
}

export class Miner {
  readonly #env: Pick<Env, 'now' | 'wallTime' | 'after' | 'random' | 'log' | 'workers'>
  readonly #chain: Chain
  readonly #mempool: Mempool
  readonly #options: MinerOptions
  #mode: MineMode
  #job: Job | null = null
  #state: MinerState = 'nothing'
  #roll = 0
  #tried = 0
  #countedMs = 0
  #pausedUntilMs = 0
  #cancelTick: Cancel | null = null

  constructor(
    env: Pick<Env, 'now' | 'wallTime' | 'after' | 'random' | 'log' | 'workers'>,
    chain: Chain,
    mempool: Mempool,
    options: MinerOptions,
  ) {
    this.#env = env
    this.#chain = chain
    this.#mempool = mempool
    this.#options = options
    this.#mode = options.mode
  }

  get mode(): MineMode {
    return this.#mode
  }

  get state(): MinerState {
    return this.#state
  }

  get hashRate(): number {
    return this.#job === null ? 0 : this.#env.workers.hashRate()
  }

  /** Hashes tried so far for what waits now; an estimate, for progress bars. */
  hashes(): number {
    return this.#tried
  }

  setMode(mode: MineMode): void {
    this.#mode = mode
    this.plan()
  }

  /** Expected hashes of the next block. */
  difficulty(): number {
    const { tip } = this.#chain
    return Number(workOf(targetOf(requiredBits(this.#options.params, tip, this.#timeAfter(tip)))))
  }

  /** The tip moved: whatever ran is stale. */
  tipChanged(): void {
    if (this.#job !== null && this.#mempool.hasOwn) {
      this.#pausedUntilMs = this.#env.now() + this.#env.random() * RETRY_MS
    }
    this.#stop()
    this.plan()
  }

  /** Starts, renews or stops the job as the situation asks; called when something changed, and every second. */
  plan(): void {
    this.#count()
    const before = this.#state
    this.#state = this.#situation()
    if (this.#state !== 'mining') this.#stop()
    else if (!this.#renew()) this.#state = 'unfit'
    if (this.#mempool.size > 0 && this.#mode !== 'never') this.#tickLater()
    if (this.#state !== before) this.#options.changed()
  }

  #count(): void {
    const now = this.#env.now()
    const elapsedS = (now - this.#countedMs) / 1000
    this.#countedMs = now
    if (this.#mempool.size === 0) this.#tried = 0
    else if (this.#job !== null) this.#tried += elapsedS * this.#env.workers.hashRate()
  }

  #situation(): MinerState {
    if (this.#mode === 'never') return 'never'
    if (this.#mempool.size === 0) return 'nothing'
    if (Math.abs(this.#options.clockOffsetMs()) > MAX_CLOCK_OFFSET_MS) return 'clock'
    if (this.#options.syncing()) return 'syncing'
    if (this.#env.now() < this.#pausedUntilMs) return 'retry'
    return this.#mode === 'always' || this.#mempool.hasOwn || this.#isOtherDue() ? 'mining' : 'waiting'
  }

  #isOtherDue(): boolean {
    const now = this.#env.now()
    const { params, self } = this.#options
    let examined = 0
    for (const pending of this.#mempool.entries()) {
      if (now < dueMs(pending, 0, params) || ++examined > MAX_EXAMINED) return false
      const rank = rankAfter(pending.signed.id, self, this.#options.members())
      if (now >= dueMs(pending, rank, params)) return true
    }
    return false
  }

  /** False, and nothing runs, where no pending record fits a block of this moment. */
  #renew(): boolean {
    const { tip } = this.#chain
    const time = this.#timeAfter(tip)
    const { version } = this.#mempool
    const job = this.#job
    if (job !== null && job.tip === tip && job.time === time && job.version === version) return true
    this.#stop()
    const records = this.#mempool.template(time)
    if (records.length === 0) return false
    this.#roll = (this.#roll + 1) % ROLLS
    const header = encodeHeader({
      version: (VERSION | (this.#roll << ROLL_SHIFT)) >>> 0,
      previous: tip.hash,
      root: recordsRoot(records),
      time,
      bits: requiredBits(this.#options.params, tip, time),
      nonce: 0,
    })
    const cancel = this.#env.workers.mine(header, (solved) => this.#solved(solved))
    this.#job = { tip, time, version, records, cancel }
    return true
  }

  #solved(solved: Uint8Array | null): void {
    const job = this.#job
    if (job === null) return
    this.#job = null
    if (solved === null) {
      this.plan()
      return
    }
    const checked = this.#chain.check(solved, job.tip, this.#env.wallTime())
    if (checked.kind !== 'ok' || checked.node.header.root !== recordsRoot(job.records)) {
      const reason = checked.kind === 'bad' ? checked.reason : checked.kind
      this.#env.log('error', `a mined block failed its check (${reason}); mining again`)
      this.#pausedUntilMs = this.#env.now() + RETRY_MS
      this.plan()
      return
    }
    this.#options.solved(checked.node, job.records)
    this.plan()
  }

  #stop(): void {
    this.#job?.cancel()
    this.#job = null
  }

  #timeAfter(tip: Node): number {
    return Math.max(Math.floor(this.#env.wallTime() / 1000), tip.header.time)
  }

  #tickLater(): void {
    this.#cancelTick ??= this.#env.after(TEMPLATE_MS, () => {
      this.#cancelTick = null
      this.plan()
    })
  }
}
