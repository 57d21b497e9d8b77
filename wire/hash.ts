/**
 * SHA-256, and the two shapes of a hash: 32 raw bytes on the wire, 64 lowercase hex digits in memory.
 * Hex keys compare and index by value, which byte arrays do not.
 */
import { createHash, hash as oneShot } from 'node:crypto'
import { assert } from './errors.js'
import type { Hash } from './types.js'

export const HASH_BYTES = 32
const HEX = /^[0-9a-f]{64}$/

/** SHA-256 of the parts, one after the other, as hex. */
export function sha256(...parts: readonly Uint8Array[]): Hash {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return oneShot('sha256', only, 'hex') as Hash
  return digest(parts).toString('hex') as Hash
}

/** SHA-256 of the parts, one after the other, as 32 bytes. */
export function sha256Bytes(...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return new Uint8Array(oneShot('sha256', only, 'buffer'))
  return new Uint8Array(digest(parts))
}

/** The 32 bytes of a hash. */
export function fromHex(hash: Hash): Uint8Array {
  assert(isHash(hash), `not a hash: ${hash}`)
  return new Uint8Array(Buffer.from(hash, 'hex'))
}

/** A hash from its 32 bytes; `T` may narrow it to a PeerId. */
export function toHex<T extends Hash = Hash>(bytes: Uint8Array): T {
  assert(bytes.length === HASH_BYTES, `a hash has 32 bytes, not ${bytes.length}`)
  return Buffer.from(bytes.buffer, bytes.byteOffset, HASH_BYTES).toString('hex') as T
}

/** Whether a text is a hash: for what users type. */
export function isHash(text: string): text is Hash {
  return HEX.test(text)
}

function digest(parts: readonly Uint8Array[]): Buffer {
  const hasher = createHash('sha256')
  for (const part of parts) hasher.update(part)
  return hasher.digest()
}
