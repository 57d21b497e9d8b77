/**
 * The older system's `Block` and `Blockchain`, kept for its users as a small view over the same header, tree and search:
 * one JSON value a block, solved in the calling thread. It speaks to no peer; `Peer` is the network's chain. As before,
 * `addBlock` does not check: the caller verified. A criterion decides which data may follow a chain.
 */
import { assert, OperationalError } from '../../wire/errors.js'
import type { Hash } from '../../wire/types.js'
import { bitsOf, encodeHeader, hashValue, headerHash, targetOf, VERSION } from './header.js'
import { leafHash } from './merkle.js'
import { scan } from './miner/scan.js'
import { normaliseName } from './record.js'

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

export interface BlockJson {
  readonly index: number
  readonly data: Json
  readonly prev_hash: string
  readonly nonce: number
}

/** Whether `data` may be added to `chain`. */
export type DataCriterion = (data: Json, chain: Blockchain) => boolean
export type AddResult = 'added' | 'retry' | 'invalid'

const GENESIS_PREVIOUS = '0'.repeat(64)
const NONCES = 2 ** 32

export class Block {
  readonly index: number
  readonly data: Json
  readonly prev_hash: string
  readonly nonce: number

  constructor(index: number, data: Json, previous: string, nonce: number) {
    this.index = index
    this.data = data
    this.prev_hash = previous
    this.nonce = nonce
  }

  get previous(): string {
    return this.prev_hash
  }

  toJSON(): BlockJson {
    return { index: this.index, data: this.data, prev_hash: this.prev_hash, nonce: this.nonce }
  }

  /** The 80 bytes that are hashed: the index stands where a header has its time, so that a block is a pure value. */
  header(difficulty: number): Uint8Array {
    return encodeHeader({
      version: VERSION,
      previous: this.prev_hash as Hash,
      root: leafHash(Buffer.from(sortedJson(this.data))),
      time: this.index,
      bits: bitsOf(1n << BigInt(256 - difficulty)),
      nonce: this.nonce,
    })
  }
}

/** The voting rule: `{voter, choice}` with a voter id that the chain has not seen yet. */
export const oneVotePerVoter: DataCriterion = (data, chain) => {
  const voter = voterOf(data)
  return voter !== null && !chain.getData().some((earlier) => voterOf(earlier) === voter)
}

export class Blockchain {
  /** Expected hashes a block: 2^difficulty. */
  readonly difficulty: number
  readonly #criterion: DataCriterion
  #blocks: Block[] = []

  constructor(difficulty = 12, dataCriterion: DataCriterion = () => true) {
    assert(Number.isInteger(difficulty) && difficulty >= 1 && difficulty <= 48, 'difficulty is 1 to 48 bits')
    this.difficulty = difficulty
    this.#criterion = dataCriterion
  }

  get length(): number {
    return this.#blocks.length
  }

  get chain(): readonly Block[] {
    return this.#blocks
  }

  getLength(): number {
    return this.length
  }

  /** The data of all blocks in order. */
  getData(): readonly Json[] {
    return this.#blocks.map((block) => block.data)
  }

  /** 64 zeros before the first block. */
  getLastHash(): string {
    const last = this.#blocks.at(-1)
    return last === undefined ? GENESIS_PREVIOUS : this.hashOf(last)
  }

  hashOf(block: Block): string {
    return headerHash(block.header(this.difficulty))
  }

  /** Searches the nonce of the next block; blocks the thread. */
  mineBlock(data: Json, prevHash: string): Block {
    const open = new Block(this.length, data, prevHash, 0)
    const nonce = scan(open.header(this.difficulty), 0, NONCES)
    if (nonce < 0) throw new OperationalError('no nonce solves this block; add it with other data')
    return new Block(open.index, data, prevHash, nonce)
  }

  /** Whether the block may stand at the end: place, previous hash, work and data. */
  verifyBlock(block: Block): boolean {
    return (
      block.index === this.length &&
      block.prev_hash === this.getLastHash() &&
      this.#isSolved(block) &&
      this.#fits(block)
    )
  }

  /** Recomputes everything from the first block on. */
  verifyChain(): boolean {
    const copy = new Blockchain(this.difficulty, this.#criterion)
    return this.#blocks.every((block) => copy.verifyBlock(block) && copy.addBlock(block) > 0)
  }

  /** Adds without checking; answers the new length. */
  addBlock(block: Block): number {
    return this.#blocks.push(block)
  }

  /**
   * Adds data by way of a mined block. A block that was mined elsewhere may be passed in: 'retry' if the chain moved since,
   * 'invalid' if the data may not follow or the block is wrong.
   */
  addData(data: Json, mined?: Block): AddResult {
    if (!this.#criterion(data, this)) return 'invalid'
    const block = mined ?? this.mineBlock(data, this.getLastHash())
    if (block.prev_hash !== this.getLastHash()) return 'retry'
    if (sortedJson(block.data) !== sortedJson(data) || !this.verifyBlock(block)) return 'invalid'
    this.addBlock(block)
    return 'added'
  }

  toJSON(): { readonly difficulty: number; readonly chain: readonly BlockJson[] } {
    return { difficulty: this.difficulty, chain: this.#blocks.map((block) => block.toJSON()) }
  }

  /** Reads what `toJSON` wrote (text or value) and verifies it; throws OperationalError if it does not hold. */
  static loadJSON(json: unknown, dataCriterion?: DataCriterion): Blockchain {
    const value: unknown = typeof json === 'string' ? JSON.parse(json) : json
    if (!isRecord(value) || !isDifficulty(value.difficulty) || !Array.isArray(value.chain)) {
      throw new OperationalError('this is no chain: expected {difficulty, chain}')
    }
    const loaded = new Blockchain(value.difficulty, dataCriterion)
    for (const entry of value.chain) {
      const block = isBlock(entry) ? new Block(entry.index, entry.data, entry.prev_hash, entry.nonce) : null
      if (block === null || !loaded.verifyBlock(block)) {
        throw new OperationalError(`this chain does not hold: block ${loaded.length} is wrong`)
      }
      loaded.addBlock(block)
    }
    return loaded
  }

  #isSolved(block: Block): boolean {
    const header = block.header(this.difficulty)
    return hashValue(headerHash(header)) <= targetOf(bitsOf(1n << BigInt(256 - this.difficulty)))
  }

  #fits(block: Block): boolean {
    return this.#criterion(block.data, this)
  }
}

/** JSON with sorted keys: one text for equal data. */
function sortedJson(data: Json): string {
  return JSON.stringify(data, (_key, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
}

function voterOf(data: Json): string | null {
  return isRecord(data) && typeof data.voter === 'string' ? normaliseName(data.voter) : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDifficulty(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 48
}

function isBlock(value: unknown): value is BlockJson {
  if (!isRecord(value) || value.data === undefined) return false
  const { index, prev_hash, nonce } = value
  return (
    Number.isInteger(index) &&
    typeof prev_hash === 'string' &&
    /^[0-9a-f]{64}$/.test(prev_hash) &&
    Number.isInteger(nonce) &&
    Number(nonce) >= 0 &&
    Number(nonce) < NONCES
  )
}
