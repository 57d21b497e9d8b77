/** The ledger as the console and `--json` show it. */

import { isHash } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { BlockView, ChainView, ReceiptView, RecordView, Result } from '../api.js'
import { done, refused } from '../api.js'
import type { Chain } from './chain.js'
import { inclusionProof } from './merkle.js'
import type { Node } from './node.js'
import type { LedgerRecord, SignedRecord } from './record.js'
import { dateOf } from './refusal.js'

/** Blocks are decoded from the store; the console asks for the same ones many times a second. */
const MAX_CACHED = 64
/** Most blocks in one answer. */
const MAX_BLOCKS = 10_000

export class ChainViews {
  readonly #chain: Chain
  /** At most MAX_CACHED, the oldest goes first. */
  readonly #blocks = new Map<Hash, BlockView>()

  constructor(chain: Chain) {
    this.#chain = chain
  }

  /** The last blocks up to `top`, newest first. */
  chain(last: number, top = Number.POSITIVE_INFINITY): ChainView {
    const { tip } = this.#chain
    const blocks: BlockView[] = []
    for (let height = Math.min(top, tip.height); height >= 0 && blocks.length < Math.min(last, MAX_BLOCKS); height--) {
      const node = this.#chain.at(height)
      if (node !== undefined) blocks.push(this.#block(node))
    }
    return { height: tip.height, tip: tip.hash, work: tip.work.toString(), blocks }
  }

  receipt(id: string): Result<ReceiptView> {
    const place = isHash(id) ? this.#chain.state.place(id) : undefined
    const node = place && this.#chain.at(place.height)
    if (!isHash(id) || place === undefined || node === undefined) {
      return refused(`no record ${id} in the chain; a pending one has no receipt yet`)
    }
    const leaves = this.#chain.records(node).map((signed) => signed.leaf)
    return done({
      ballot: id,
      block: node.hash,
      height: node.height,
      proof: inclusionProof(leaves, place.index),
      confirmations: this.#chain.tip.height - node.height + 1,
    })
  }

  #block(node: Node): BlockView {
    const cached = this.#blocks.get(node.hash)
    if (cached !== undefined) return cached
    const { previous, time, bits, nonce } = node.header
    const records = this.#chain.records(node).map(recordView)
    const view = { height: node.height, hash: node.hash, previous, time, bits, nonce, records }
    const oldest = this.#blocks.size >= MAX_CACHED ? this.#blocks.keys().next().value : undefined
    if (oldest !== undefined) this.#blocks.delete(oldest)
    this.#blocks.set(node.hash, view)
    return view
  }
}

function recordView({ id, author, record }: SignedRecord): RecordView {
  return { id, kind: record.kind, author, data: wordsOf(record) }
}

function wordsOf(record: LedgerRecord): RecordView['data'] {
  switch (record.kind) {
    case 'note':
      return { text: record.text }
    case 'ballot':
      return { poll: record.poll, voter: record.voter, choice: record.choice }
    case 'poll': {
      const { poll, question, options, closes, roll } = record
      return {
        poll,
        question,
        options: options.join(', '),
        closes: closes === 0 ? 'never' : dateOf(closes),
        roll: roll.length === 0 ? 'any voter' : roll.join(', '),
      }
    }
    case 'close':
      return { poll: record.poll }
  }
}
