/**
 * `getData` and `addData` of the older system, over the network's chain. Invariants: the data read is that of the chain
 * of this moment, whole; data that was answered with 'retry' waits on, and asking again waits for that same record, so
 * nothing is ever added twice.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Hash } from '../../wire/types.js'
import type { BlockView, Done, VoteView } from '../api.js'
import type { AddResult, Json } from '../ledger/classic.js'
import type { Peer as Core } from '../peer.js'
import { type DataCriterion, type Draft, dataOf, recordOf } from './data.js'
import { type LongOptions, operation, outside } from './operation.js'

export interface AddOptions extends LongOptions {
  /** After this long without a block the answer is 'retry'; a minute where absent. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 60_000
const LOOK_MS = 100
/** Blocks read from the store at a time. */
const PAGE = 64
/** Answers of 'retry' that are remembered. */
const MAX_PENDING = 1024
/** The ledger forgets records that nobody mined within a day. */
const PENDING_MS = 24 * 3600_000

interface Known {
  readonly hash: Hash
  readonly data: readonly Json[]
}

interface Pending {
  readonly record: Hash
  readonly sinceMs: number
}

/** What is asked of the core. */
export type ChainSource = Pick<Core, 'chain' | 'status' | 'receipt' | 'vote' | 'note'>

export class ChainData {
  readonly #core: () => ChainSource
  readonly #ended: AbortSignal
  readonly #criterion: DataCriterion
  /** By height; as long as the chain. */
  readonly #known: Known[] = []
  /** By draft, at most MAX_PENDING, the oldest goes first. */
  readonly #pending = new Map<string, Pending>()

  /** `core` throws once the peer is closed. */
  constructor(core: () => ChainSource, ended: AbortSignal, criterion: DataCriterion) {
    this.#core = core
    this.#ended = ended
    this.#criterion = criterion
  }

  /** The data of all records, oldest first. */
  all(): readonly Json[] {
    const core = this.#core()
    const { height } = core.chain(1)
    const fresh: BlockView[] = []
    let top = height
    while (top >= 0) {
      const { blocks } = core.chain(PAGE, top)
      const met = blocks.findIndex((block) => this.#known[block.height]?.hash === block.hash)
      fresh.push(...(met < 0 ? blocks : blocks.slice(0, met)))
      top = met < 0 && blocks.length > 0 ? top - blocks.length : -1
    }
    this.#known.length = Math.min(this.#known.length, height + 1 - fresh.length)
    for (const { hash, records } of fresh.reverse()) this.#known.push({ hash, data: records.map(dataOf) })
    return this.#known.flatMap(({ data }) => data)
  }

  async add(data: Json, options: AddOptions): Promise<AddResult> {
    const draft = recordOf(data)
    if (draft === null) return 'invalid'
    const key = JSON.stringify(draft)
    const pending = this.#pending.get(key)
    if (pending !== undefined && Date.now() - pending.sinceMs < PENDING_MS) {
      const answer = await this.#follow(pending.record, data, options)
      if (answer !== 'retry') this.#pending.delete(key)
      return answer
    }
    if (!this.#criterion(data, this.all())) return 'invalid'
    const { status, ballot } = await this.#submit(draft, options)
    if (status !== 'pending') return status
    this.#remember(key, ballot)
    return 'retry'
  }

  #submit(draft: Draft, { signal, onProgress, timeoutMs = TIMEOUT_MS }: AddOptions): Promise<VoteView> {
    const core = this.#core()
    const progress = outside(onProgress)
    return operation(this.#ended, signal, (done: Done<VoteView>) =>
      draft.kind === 'note'
        ? core.note(draft.text, { timeoutMs }, progress, done)
        : core.vote(draft.voter, draft.choice, { poll: draft.poll, timeoutMs }, progress, done),
    )
  }

  /** Waits for a record that was submitted before. */
  async #follow(record: Hash, data: Json, { signal, timeoutMs = TIMEOUT_MS }: AddOptions): Promise<AddResult> {
    const until = performance.now() + timeoutMs
    for (;;) {
      signal?.throwIfAborted()
      if (this.#isDurable(record)) return 'added'
      if (!this.#holds(record) && !this.#criterion(data, this.all())) return 'invalid'
      if (performance.now() >= until) return 'retry'
      await this.#pause(signal)
    }
  }

  #holds(record: Hash): boolean {
    return this.#core().receipt(record).ok
  }

  /** In a block that would survive a crash; `status` tells of such blocks only. */
  #isDurable(record: Hash): boolean {
    const receipt = this.#core().receipt(record)
    return receipt.ok && receipt.value.height <= this.#core().status().height
  }

  async #pause(signal: AbortSignal | undefined): Promise<void> {
    const stop = signal === undefined ? this.#ended : AbortSignal.any([signal, this.#ended])
    // which of both it was is told by the next look
    await pause(LOOK_MS, undefined, { signal: stop }).catch((error: unknown) => {
      if (!stop.aborted) throw error
    })
  }

  #remember(key: string, record: Hash): void {
    const oldest = this.#pending.size >= MAX_PENDING ? this.#pending.keys().next().value : undefined
    if (oldest !== undefined) this.#pending.delete(oldest)
    this.#pending.set(key, { record, sinceMs: Date.now() })
  }
}
