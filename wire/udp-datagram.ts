/**
 * Datagrams of liveness, to bytes and back: key tag (8), type (1), sequence (8), body, MAC (16), all of fixed length.
 * The MAC is HMAC-SHA-256 over everything before it, cut to 16 bytes: 2.8 us here with a cached key, against 3.0 for an
 * AES-128-GCM tag and 4.5 for Poly1305, and a sequence used twice would cost nothing more.
 * Invariant: no answer is longer than its question, so nobody can use a peer to multiply traffic.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { fromHex, toHex } from './hash.js'
import type { PeerId } from './types.js'

/** The sender's neighbour lists in 16 hex digits: 8 bytes of a hash, see docs/ring.md. */
export type ListDigest = string

export type Datagram =
  | { readonly type: 'ping'; readonly digest: ListDigest }
  /** `answers`: sequence of the ping. */
  | { readonly type: 'ack'; readonly answers: number; readonly digest: ListDigest }
  /** Ping that peer for me. */
  | { readonly type: 'askPing'; readonly target: PeerId }
  /** The target of that `askPing` answered me. */
  | { readonly type: 'vouch'; readonly answers: number }

export const TAG_BYTES = 8
export const MAC_BYTES = 16
const HEAD_BYTES = TAG_BYTES + 1 + 8
const DIGEST_BYTES = 8

/** Place in the list is the number on the wire; the body's length follows from it. A ping is padded to its ack's length. */
const TYPES = [
  { type: 'ping', bodyBytes: 16 },
  { type: 'ack', bodyBytes: 16 },
  { type: 'askPing', bodyBytes: 32 },
  { type: 'vouch', bodyBytes: 8 },
] as const satisfies readonly { readonly type: Datagram['type']; readonly bodyBytes: number }[]

export const LONGEST_DATAGRAM = HEAD_BYTES + 32 + MAC_BYTES

export function encodeDatagram(tag: Uint8Array, key: KeyObject, sequence: number, datagram: Datagram): Uint8Array {
  const number = TYPES.findIndex(({ type }) => type === datagram.type)
  const bytes = Buffer.alloc(HEAD_BYTES + (TYPES[number]?.bodyBytes ?? 0) + MAC_BYTES)
  bytes.set(tag, 0)
  bytes.writeUInt8(number, TAG_BYTES)
  bytes.writeBigUInt64BE(BigInt(sequence), TAG_BYTES + 1)
  writeBody(bytes.subarray(HEAD_BYTES, -MAC_BYTES), datagram)
  bytes.set(macOf(key, bytes.subarray(0, -MAC_BYTES)), bytes.length - MAC_BYTES)
  return bytes
}

/** null where type, length or a number are none of ours; says nothing about who sent it. */
export function decodeDatagram(bytes: Uint8Array): { readonly sequence: number; readonly datagram: Datagram } | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const form = TYPES[view[TAG_BYTES] ?? TYPES.length]
  if (form === undefined || bytes.length !== HEAD_BYTES + form.bodyBytes + MAC_BYTES) return null
  const sequence = readSequence(view, TAG_BYTES + 1)
  const datagram = readBody(form.type, view.subarray(HEAD_BYTES, -MAC_BYTES))
  return sequence === null || datagram === null ? null : { sequence, datagram }
}

/** Whether its sender holds the key. */
export function isAuthentic(key: KeyObject, bytes: Uint8Array): boolean {
  const end = bytes.length - MAC_BYTES
  return end > 0 && timingSafeEqual(macOf(key, bytes.subarray(0, end)), bytes.subarray(end))
}

function macOf(key: KeyObject, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(bytes).digest().subarray(0, MAC_BYTES)
}

function writeBody(body: Buffer, datagram: Datagram): void {
  switch (datagram.type) {
    case 'ping':
      body.write(datagram.digest, 0, 'hex')
      break
    case 'ack':
      body.writeBigUInt64BE(BigInt(datagram.answers), 0)
      body.write(datagram.digest, 8, 'hex')
      break
    case 'askPing':
      body.set(fromHex(datagram.target), 0)
      break
    case 'vouch':
      body.writeBigUInt64BE(BigInt(datagram.answers), 0)
      break
  }
}

function readBody(type: Datagram['type'], body: Buffer): Datagram | null {
  if (type === 'ping') return { type, digest: body.toString('hex', 0, DIGEST_BYTES) }
  if (type === 'askPing') return { type, target: toHex<PeerId>(body) }
  const answers = readSequence(body, 0)
  if (answers === null) return null
  return type === 'ack' ? { type, answers, digest: body.toString('hex', 8, 8 + DIGEST_BYTES) } : { type, answers }
}

/** 64 bits on the wire, of which no link lives long enough to use more than 53. */
function readSequence(bytes: Buffer, at: number): number | null {
  const sequence = bytes.readBigUInt64BE(at)
  return sequence > 0n && sequence <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sequence) : null
}
