/**
 * What the ledger records: notes, and ballots of open polls, each signed by the peer that wrote it. The id is the hash
 * of the unsigned canonical bytes; the Merkle leaf covers the signature too, so a header fixes every byte of its block.
 * Invariant: a SignedRecord has passed every rule that needs no key and no chain.
 */
import { decodeCanonical, encodeCanonical, signedText } from '../../wire/canonical.js'
import { ProtocolError } from '../../wire/errors.js'
import { bytes, type Field, oneOf, struct, text, u53, type Value } from '../../wire/field.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { SignedText } from '../env.js'
import { leafHash } from './merkle.js'

export const MAX_RECORD_BYTES = 4096
export const MAX_NAME_BYTES = 64
export const MAX_NOTE_BYTES = 2048
export const DEFAULT_POLL = 'main'
/** Shown wherever a ballot is refused because its voter has voted, or its words are not acceptable. */
export const DUPLICATE_VOTE = 'Invalid/duplicate Vote!'

const RECORD_KINDS = ['note', 'ballot'] as const
const KIND = oneOf(RECORD_KINDS)
const head = {
  kind: KIND,
  /** Raw Ed25519 key. */
  author: bytes(32),
  /** Milliseconds since the epoch by the author's clock; records older than a day are no longer passed on. */
  time: u53,
  /** Makes two equal texts two records. */
  salt: bytes(8),
}
const note = struct('note', { ...head, text: text(MAX_NOTE_BYTES) })
const ballot = struct('ballot', {
  ...head,
  poll: text(MAX_NAME_BYTES),
  voter: text(MAX_NAME_BYTES),
  choice: text(MAX_NAME_BYTES),
})

type Head = Omit<Value<typeof note>, 'kind' | 'text'>
export type Note = Head & { readonly kind: 'note'; readonly text: string }
export type Ballot = Head & {
  readonly kind: 'ballot'
  readonly poll: string
  readonly voter: string
  readonly choice: string
}
export type LedgerRecord = Note | Ballot

/** The unsigned record: the first item of the array says which. */
export const recordField: Field<LedgerRecord> = {
  label: 'note or ballot',
  read: (value) => {
    const kind = KIND.read(Array.isArray(value) ? value[0] : undefined)
    return kind === 'note' ? { ...note.read(value), kind } : { ...ballot.read(value), kind }
  },
  write: (record) => (record.kind === 'note' ? note.write(record) : ballot.write(record)),
}

const signedField = struct('signed record', { record: recordField, signature: bytes(64) })

export interface SignedRecord {
  readonly id: Hash
  /** Its leaf in a block's Merkle tree; also names exactly these bytes, signature included. */
  readonly leaf: Hash
  readonly author: PeerId
  readonly record: LedgerRecord
  readonly signature: Uint8Array
  /** Canonical, as on the wire and on disk. */
  readonly bytes: Uint8Array
}

/** NFC, trimmed, 1 to 64 bytes, no control characters: a poll, voter or choice as the ledger knows it; null if unfit. */
export function normaliseName(name: string): string | null {
  const normal = name.normalize('NFC').trim()
  const fits = normal.length > 0 && Buffer.byteLength(normal) <= MAX_NAME_BYTES
  return fits && !/[\p{Cc}\p{Cs}]/u.test(normal) ? normal : null
}

/** NFC, 1 to 2048 bytes; null if unfit. */
export function normaliseNote(words: string): string | null {
  const normal = words.normalize('NFC')
  const fits = normal.trim().length > 0 && Buffer.byteLength(normal) <= MAX_NOTE_BYTES
  return fits && !/\p{Cs}/u.test(normal) ? normal : null
}

/** Reads canonical bytes of a signed record and checks all but signature and chain; throws ProtocolError. */
export function decodeRecord(encoded: Uint8Array): SignedRecord {
  if (encoded.length > MAX_RECORD_BYTES) throw new ProtocolError('too-large', `record of ${encoded.length} bytes`)
  const { record, signature } = decodeCanonical(signedField, encoded)
  const flaw = flawOf(record)
  if (flaw !== null) throw new ProtocolError('protocol', flaw)
  return assemble(record, signature, encoded)
}

/** Signs a record for this chain with the author's key. */
export function signRecord(record: LedgerRecord, chain: Hash, sign: (text: Uint8Array) => Uint8Array): SignedRecord {
  const signature = sign(signedText('record', chain, encodeCanonical(recordField, record)))
  return assemble(record, signature, encodeCanonical(signedField, { record, signature }))
}

/** What a verifier needs. */
export function signedTextOf(signed: SignedRecord, chain: Hash): SignedText {
  const { record, signature } = signed
  return {
    publicKey: record.author,
    text: signedText('record', chain, encodeCanonical(recordField, record)),
    signature,
  }
}

function assemble(record: LedgerRecord, signature: Uint8Array, encoded: Uint8Array): SignedRecord {
  const id = sha256(encodeCanonical(recordField, record))
  // a copy: what a message hands over may share memory with the whole frame
  const own = new Uint8Array(encoded)
  return { id, leaf: leafHash(own), author: sha256(record.author) as PeerId, record, signature, bytes: own }
}

function flawOf(record: LedgerRecord): string | null {
  if (record.kind === 'note') return normaliseNote(record.text) === record.text ? null : 'unfit note'
  for (const name of [record.poll, record.voter, record.choice]) {
    if (normaliseName(name) !== name) return 'unfit poll, voter or choice'
  }
  return null
}
