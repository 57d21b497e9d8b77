/**
 * A header in its place: its branch below it and the work summed up to it. Invariant: a node that `checkHeader` made
 * obeys every rule that a header alone must obey in its branch, and its work is proven.
 */
import type { Hash } from '../../wire/types.js'
import { type Ancestor, requiredBits } from './difficulty.js'
import {
  decodeHeader,
  encodeHeader,
  type Header,
  hashValue,
  headerHash,
  ROLLING_BITS,
  targetOf,
  VERSION,
  workOf,
} from './header.js'
import type { ChainParams } from './params.js'

export interface Node extends Ancestor {
  readonly hash: Hash
  readonly header: Header
  readonly height: number
  /** Cumulative, genesis excluded (it needs none). */
  readonly work: bigint
  readonly parent: Node | null
}

export type Checked = { readonly kind: 'ok'; readonly node: Node } | { readonly kind: 'bad'; readonly reason: string }

export function genesisNode(header: Header): Node {
  return { hash: headerHash(encodeHeader(header)), header, height: 0, work: 0n, parent: null }
}

/** Checks an encoded header on top of its parent; how far ahead its time is, is judged by who has a clock. */
export function checkHeader(params: ChainParams, encoded: Uint8Array, parent: Node): Checked {
  const header = decodeHeader(encoded)
  if (header.previous !== parent.hash) return bad('does not follow its parent')
  if ((header.version & ~ROLLING_BITS) >>> 0 !== VERSION) return bad('unknown version')
  if (header.time < parent.header.time) return bad('earlier than its parent')
  if (header.bits !== requiredBits(params, parent, header.time)) return bad('wrong difficulty')
  const hash = headerHash(encoded)
  const target = targetOf(header.bits)
  if (hashValue(hash) > target) return bad('not enough work')
  const shared = { ...header, previous: parent.hash }
  const node = { hash, header: shared, height: parent.height + 1, work: parent.work + workOf(target), parent }
  return { kind: 'ok', node }
}

/** Chain work as messages carry it: 32 bytes, big-endian. */
export function encodeWork(work: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(work.toString(16).padStart(64, '0'), 'hex'))
}

export function decodeWork(encoded: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(encoded).toString('hex')}`)
}

function bad(reason: string): Checked {
  return { kind: 'bad', reason }
}
