/**
 * What goes out to one peer, as fast as it reads: the newest tip, record ids, and headers and blocks that it
 * asked for. Invariant:
 * after a 'full' nothing more is sent until the link drained, and what waits meanwhile is bounded.
 */
import { MAX_RECORD_IDS } from '../../wire/messages/ledger.js'
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'

/** Ids that wait for a slow peer; the oldest are dropped, it meets them in a block. */
const MAX_IDS = 4096
/** Blocks that one peer may have asked for and not got. */
export const MAX_BLOCKS_WAITING = 64

export interface OutboxSource {
  tip(): LedgerMessage | null
  headers(locator: readonly Hash[]): LedgerMessage
  block(hash: Hash): LedgerMessage
  send(message: LedgerMessage): 'sent' | 'full' | 'none'
}

export class Outbox {
  readonly #source: OutboxSource
  readonly #ids = new Set<Hash>()
  readonly #blocks: Hash[] = []
  #locator: readonly Hash[] | null = null
  #tipDue = false
  #full = false

  constructor(source: OutboxSource) {
    this.#source = source
  }

  announceTip(): void {
    this.#tipDue = true
    this.#flush()
  }

  /** Sent with the next `flushIds`. */
  addId(id: Hash): void {
    const oldest = this.#ids.size >= MAX_IDS ? this.#ids.values().next().value : undefined
    if (oldest !== undefined) this.#ids.delete(oldest)
    this.#ids.add(id)
  }

  flushIds(): void {
    this.#flush()
  }

  /** The latest question counts: an honest peer waits for the answer before it asks again. */
  serveHeaders(locator: readonly Hash[]): void {
    this.#locator = locator
    this.#flush()
  }

  /** False when the peer asks for more than it may. */
  serveBlocks(blocks: readonly Hash[]): boolean {
    if (this.#blocks.length + blocks.length > MAX_BLOCKS_WAITING) return false
    this.#blocks.push(...blocks)
    this.#flush()
    return true
  }

  drained(): void {
    this.#full = false
    this.#flush()
  }

  #flush(): void {
    for (let message = this.#next(); message !== null; message = this.#next()) {
      if (this.#source.send(message) !== 'sent') this.#full = true
    }
  }

  #next(): LedgerMessage | null {
    if (this.#full) return null
    if (this.#tipDue) {
      this.#tipDue = false
      const tip = this.#source.tip()
      if (tip !== null) return tip
    }
    if (this.#locator !== null) {
      const answer = this.#source.headers(this.#locator)
      this.#locator = null
      return answer
    }
    if (this.#ids.size > 0) {
      const ids = [...this.#ids].slice(0, MAX_RECORD_IDS)
      for (const id of ids) this.#ids.delete(id)
      return { type: 'inventory', ids }
    }
    const block = this.#blocks.shift()
    return block === undefined ? null : this.#source.block(block)
  }
}
