/**
 * A block: a header and the records its root commits to. Invariant: what decodeBody passes hashes to the header's root,
 * fits the limits and repeats no record; signatures and the branch are checked elsewhere.
 */
import { ProtocolError } from '../../wire/errors.js'
import type { Hash } from '../../wire/types.js'
import { HEADER_BYTES } from './header.js'
import { leafHash, merkleRoot } from './merkle.js'
import { decodeRecord, type SignedRecord } from './record.js'

export const MAX_BLOCK_BYTES = 512 * 1024
export const MAX_BLOCK_RECORDS = 2048

/**
 * 'wrong': these are not the header's records, so whoever sent them is to blame and another may have the right ones.
 * 'invalid': they are, and the block can never be accepted.
 */
export type Body =
  | { readonly kind: 'fit'; readonly records: readonly SignedRecord[] }
  | { readonly kind: 'wrong'; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Root over records as a header carries it. */
export function recordsRoot(records: readonly SignedRecord[]): Hash {
  return merkleRoot(records.map((record) => record.leaf))
}

/** Size of a block by which it is limited. */
export function blockBytes(records: readonly { readonly length: number }[]): number {
  return records.reduce((sum, record) => sum + record.length, HEADER_BYTES)
}

/** Reads the records of a block whose header has this root. */
export function decodeBody(root: Hash, encoded: readonly Uint8Array[]): Body {
  if (merkleRoot(encoded.map(leafHash)) !== root) return { kind: 'wrong', reason: 'records do not hash to the root' }
  if (encoded.length === 0) return { kind: 'invalid', reason: 'a block without records' }
  if (encoded.length > MAX_BLOCK_RECORDS) return { kind: 'invalid', reason: 'too many records' }
  if (blockBytes(encoded) > MAX_BLOCK_BYTES) return { kind: 'invalid', reason: 'block too large' }
  try {
    return { kind: 'fit', records: encoded.map(decodeRecord) }
  } catch (error) {
    if (error instanceof ProtocolError) return { kind: 'invalid', reason: error.message }
    throw error
  }
}
