/**
 * An invitation to a network as one word that a person can copy: `p2p1`, then base32 (RFC 4648, lowercase, unpadded) of
 * the canonical bytes and four bytes of their SHA-256. It holds the network's secret: whoever reads it can join.
 */
import { decodeCanonical, encodeCanonical } from '../../wire/canonical.js'
import { ProtocolError } from '../../wire/errors.js'
import { address, bytes, list, struct, text, type Value } from '../../wire/field.js'
import { sha256Bytes } from '../../wire/hash.js'
import { done, type Failure, type Result } from '../api.js'

const PREFIX = 'p2p1'
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const CHECKSUM_BYTES = 4
const CHECKSUM_DOMAIN = new TextEncoder().encode('p2p-tui ticket\0')
/** Longer than any ticket with eight long addresses. */
const MAX_CHARACTERS = 4096

const ticketField = struct('ticket', { network: text(64), secret: bytes(32), addresses: list(address, 8) })

/** What an invitation tells. */
export type Ticket = Value<typeof ticketField>

/** Whether a text means to be a ticket (and not, say, an address). */
export function looksLikeTicket(text: string): boolean {
  return /^\s*p2p\d/i.test(text) && !text.includes(':')
}

export function encodeTicket(ticket: Ticket): string {
  const body = encodeCanonical(ticketField, ticket)
  return PREFIX + toBase32(Buffer.concat([body, checksum(body)]))
}

/** Reads a ticket as it was pasted: line breaks, spaces and capitals do no harm. */
export function decodeTicket(pasted: string): Result<Ticket> {
  const word = pasted.replace(/\s+/g, '').toLowerCase()
  if (word === '') return bad('no ticket given: paste the whole line that `invite` printed')
  if (!word.startsWith(PREFIX)) {
    if (/^p2p\d/.test(word)) return bad(`a ticket of version ${word.slice(3, 4)}: this p2p-tui is too old, update it`)
    return bad('not a ticket: one begins with p2p1; copy the whole line that `invite` printed')
  }
  if (word.length > MAX_CHARACTERS) return bad('not a ticket: it is far too long')
  const wrong = [...word.slice(PREFIX.length)].find((character) => !ALPHABET.includes(character))
  if (wrong !== undefined) return bad(`damaged ticket: no ticket contains '${wrong}'; copy it again`)
  const raw = fromBase32(word.slice(PREFIX.length))
  if (raw === undefined || raw.length <= CHECKSUM_BYTES) return bad('damaged ticket: it was cut short; copy it again')
  const body = raw.subarray(0, -CHECKSUM_BYTES)
  if (Buffer.compare(checksum(body), raw.subarray(-CHECKSUM_BYTES)) !== 0) {
    return bad('damaged ticket: a character is wrong or missing; copy it again')
  }
  try {
    return done(decodeCanonical(ticketField, body))
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return bad(`a ticket that no p2p-tui has made: ${error.message}`)
  }
}

const bad = (message: string): { readonly ok: false } & Failure => ({ ok: false, kind: 'usage', message })

function checksum(body: Uint8Array): Uint8Array {
  return sha256Bytes(CHECKSUM_DOMAIN, body).subarray(0, CHECKSUM_BYTES)
}

function toBase32(data: Uint8Array): string {
  let word = ''
  let bits = 0
  let value = 0
  for (const byte of data) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) word += ALPHABET.charAt((value >> (bits - 5)) & 31)
  }
  return bits > 0 ? word + ALPHABET.charAt((value << (5 - bits)) & 31) : word
}

/** Undefined where the length or the spare bits fit no whole number of bytes: one spelling per ticket. */
function fromBase32(word: string): Uint8Array | undefined {
  const data = new Uint8Array(Math.floor((word.length * 5) / 8))
  let at = 0
  let bits = 0
  let value = 0
  for (const character of word) {
    value = ((value << 5) | ALPHABET.indexOf(character)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    data[at++] = (value >> bits) & 0xff
  }
  return bits >= 5 || (value & ((1 << bits) - 1)) !== 0 ? undefined : data
}
