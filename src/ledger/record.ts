/**
 * What the ledger records: notes, ballots, polls and their ends, each signed by the peer that wrote it. The id is the hash
 * of the unsigned canonical bytes; the Merkle leaf covers the signature too, so a header fixes every byte of its block.
 * Invariant: a SignedRecord has passed every rule that needs no key and no chain.
 */
import { decodeCanonical, encodeCanonical, signedText } from '../../wire/canonical.js'
import { ProtocolError } from '../../wire/errors.js'
import { bytes, type Field, list, oneOf, peerId, struct, text, u32, u53, type Value } from '../../wire/field.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { SignedText } from '../env.js'
import { leafHash } from './merkle.js'

export const MAX_RECORD_BYTES = 4096
export const MAX_NAME_BYTES = 64
export const MAX_NOTE_BYTES = 2048
export const MAX_QUESTION_BYTES = 512
export const MIN_OPTIONS = 2
export const MAX_OPTIONS = 16
export const MAX_ROLL = 32
/** The last second that a block can be dated. */
export const MAX_CLOSES_S = 2 ** 32 - 1
/** Shown wherever a ballot is refused because its voter has voted, or its words are not acceptable. */
export const DUPLICATE_VOTE = 'Invalid/duplicate Vote!'

/** Append-only: the place is the number on the wire. */
const RECORD_KINDS = ['note', 'ballot', 'poll', 'close'] as const
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
const poll = struct('poll', {
  ...head,
  poll: text(MAX_NAME_BYTES),
  question: text(MAX_QUESTION_BYTES),
  options: list(text(MAX_NAME_BYTES), MAX_OPTIONS),
  /** Seconds since the epoch, by the time of blocks; 0: never. */
  closes: u32,
  /** Whose ballots count, in the order of their ids; empty: everybody's. */
  roll: list(peerId, MAX_ROLL),
})
const close = struct('close', { ...head, poll: text(MAX_NAME_BYTES) })

const FIELDS = { note, ballot, poll, close } as const
type Kind = keyof typeof FIELDS
type OfKind<K extends Kind> = Omit<Value<(typeof FIELDS)[K]>, 'kind'> & { readonly kind: K }

export type Note = OfKind<'note'>
export type Ballot = OfKind<'ballot'>
export type Poll = OfKind<'poll'>
export type Close = OfKind<'close'>
export type LedgerRecord = Note | Ballot | Poll | Close

/** The unsigned record: the first item of the array says which. */
export const recordField: Field<LedgerRecord> = {
  label: 'note, ballot, poll or close',
  read: (value) => {
    const kind = KIND.read(Array.isArray(value) ? value[0] : undefined)
    switch (kind) {
      case 'note':
        return { ...note.read(value), kind }
      case 'ballot':
        return { ...ballot.read(value), kind }
      case 'poll':
        return { ...poll.read(value), kind }
      case 'close':
        return { ...close.read(value), kind }
    }
  },
  write: (record) => {
    switch (record.kind) {
      case 'note':
        return note.write(record)
      case 'ballot':
        return ballot.write(record)
      case 'poll':
        return poll.write(record)
      case 'close':
        return close.write(record)
    }
  },
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
  const normal = normaliseLine(name, MAX_NAME_BYTES)
  return normal === '' ? null : normal
}

/** NFC, trimmed, at most 512 bytes, no control characters; may be empty; null if unfit. */
export function normaliseQuestion(question: string): string | null {
  return normaliseLine(question, MAX_QUESTION_BYTES)
}

function normaliseLine(line: string, maxBytes: number): string | null {
  const normal = line.normalize('NFC').trim()
  return Buffer.byteLength(normal) <= maxBytes && !/[\p{Cc}\p{Cs}]/u.test(normal) ? normal : null
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
  switch (record.kind) {
    case 'note':
      return normaliseNote(record.text) === record.text ? null : 'unfit note'
    case 'ballot':
      return areNames([record.poll, record.voter, record.choice]) ? null : 'unfit poll, voter or choice'
    case 'poll':
      return pollFlaw(record)
    case 'close':
      return areNames([record.poll]) ? null : 'unfit poll'
  }
}

function pollFlaw({ poll, question, options, roll }: Poll): string | null {
  if (!areNames([poll]) || normaliseQuestion(question) !== question) return 'unfit poll or question'
  if (options.length < MIN_OPTIONS || !areNames(options)) return 'unfit options'
  if (new Set(options).size !== options.length) return 'an option twice'
  const inOrder = roll.every((peer, place) => place === 0 || (roll[place - 1] ?? '') < peer)
  return inOrder ? null : 'a roll out of order'
}

function areNames(names: readonly string[]): boolean {
  return names.every((name) => normaliseName(name) === name)
}
