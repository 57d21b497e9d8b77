/** Makes signed records and mined blocks for tests of the parts below the ledger. */
import { recordsRoot } from '../../src/ledger/block.js'
import type { Adoption, Chain } from '../../src/ledger/chain.js'
import { requiredBits } from '../../src/ledger/difficulty.js'
import { chainId, genesisHeader } from '../../src/ledger/genesis.js'
import { encodeHeader, VERSION } from '../../src/ledger/header.js'
import { scan } from '../../src/ledger/miner/scan.js'
import { checkHeader, type Node } from '../../src/ledger/node.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import { type LedgerRecord, type SignedRecord, signRecord } from '../../src/ledger/record.js'
import { rawPublicKey, sign } from '../../wire/ed25519.js'
import { sha256 } from '../../wire/hash.js'
import type { PeerId } from '../../wire/types.js'
import { keyOf, SEED, START_MS } from './world.js'

export const GENESIS = genesisHeader(SEED, EASY_PARAMS)
export const CHAIN_ID = chainId(SEED, EASY_PARAMS)
const START_S = START_MS / 1000
let salt = 0

export function ballot(voter: string, choice: string, author = 'author', poll = 'main'): SignedRecord {
  return signed({ kind: 'ballot', poll, voter, choice }, author)
}

export function note(text: string, author = 'author', time = START_MS): SignedRecord {
  return signed({ kind: 'note', text }, author, time)
}

export interface PollTerms {
  readonly question?: string
  readonly options?: readonly string[]
  readonly closes?: number
  readonly roll?: readonly PeerId[]
}

/** A poll without end and roll, if `terms` do not say otherwise. */
export function poll(name: string, terms: PollTerms = {}, author = 'author'): SignedRecord {
  const open = { question: 'what?', options: ['pizza', 'sushi'], closes: 0, roll: [] }
  return signed({ kind: 'poll', poll: name, ...open, ...terms }, author)
}

export function close(name: string, author = 'author'): SignedRecord {
  return signed({ kind: 'close', poll: name }, author)
}

export function idOf(author: string): PeerId {
  return sha256(rawPublicKey(keyOf(author))) as PeerId
}

type Without<T, K extends string> = T extends unknown ? Omit<T, K> : never
type Content = Without<LedgerRecord, 'author' | 'time' | 'salt'>

function signed(content: Content, author: string, time = START_MS): SignedRecord {
  const key = keyOf(author)
  const unique = Buffer.alloc(8)
  unique.writeUInt32BE(++salt)
  const head = { author: rawPublicKey(key), time, salt: unique }
  return signRecord({ ...head, ...content }, CHAIN_ID, (text) => sign(key, text))
}

export interface HeaderChanges {
  readonly time?: number
  readonly bits?: number
  readonly version?: number
  readonly root?: string
}

/** A solved header on top of `parent`; with `changes` it may break rules. */
export function mined(parent: Node, records: readonly SignedRecord[], changes: HeaderChanges = {}): Uint8Array {
  const time = changes.time ?? Math.max(START_S, parent.header.time)
  const header = {
    version: VERSION,
    previous: parent.hash,
    root: recordsRoot(records),
    bits: requiredBits(EASY_PARAMS, parent, Math.max(time, parent.header.time)),
    nonce: 0,
    ...changes,
    time,
  }
  const encoded = Buffer.from(encodeHeader(header as never))
  encoded.writeUInt32LE(scan(encoded, 0, 2 ** 20), 76)
  return encoded
}

export function minedNode(parent: Node, records: readonly SignedRecord[], changes: HeaderChanges = {}): Node {
  const checked = checkHeader(EASY_PARAMS, mined(parent, records, changes), parent)
  if (checked.kind === 'bad') throw new Error(checked.reason)
  return checked.node
}

export interface Grown {
  readonly node: Node
  readonly adoption: Adoption
}

/** Adds a block to a chain; answers its node and how the chain took it. */
export function grow(chain: Chain, parent: Node, ...records: readonly SignedRecord[]): Grown {
  return growAt(chain, parent, Math.max(START_S, parent.header.time), ...records)
}

/** The same with a block of this time. */
export function growAt(chain: Chain, parent: Node, time: number, ...records: readonly SignedRecord[]): Grown {
  const node = minedNode(parent, records, { time })
  const adoption = chain.adopt(node, new Map([[node.hash, records]]), COMMIT)
  if (adoption.kind === 'lighter') chain.stage(node, records)
  return { node, adoption }
}

export const COMMIT = { alongside: () => [], durable: () => {} }
