/**
 * The 80-byte block header, byte for byte Bitcoin's: so published mainnet headers test this codec and stock mining
 * software could solve ours. A block's hash is the double SHA-256 of these bytes; in memory it is the hex of the digest
 * in its own byte order (block explorers show it reversed), and as a number it is read little-endian.
 */
import { createHash } from 'node:crypto'
import { ProtocolError } from '../../wire/errors.js'
import type { Hash } from '../../wire/types.js'

export const HEADER_BYTES = 80
/** Where miners write the nonce. */
export const NONCE_OFFSET = 76
export const BITS_OFFSET = 72

/** Version bits that miners may roll as further nonce space (BIP 320); all others are fixed. */
export const ROLLING_BITS = 0x1fffe000
export const VERSION = 0x20000000

export interface Header {
  readonly version: number
  readonly previous: Hash
  /** Root of the Merkle tree over the block's records. */
  readonly root: Hash
  /** Seconds since the epoch. */
  readonly time: number
  /** The target in compact form. */
  readonly bits: number
  readonly nonce: number
}

export function encodeHeader(header: Header): Uint8Array {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt32LE(header.version, 0)
  bytes.write(header.previous, 4, 'hex')
  bytes.write(header.root, 36, 'hex')
  bytes.writeUInt32LE(header.time, 68)
  bytes.writeUInt32LE(header.bits, BITS_OFFSET)
  bytes.writeUInt32LE(header.nonce, NONCE_OFFSET)
  return bytes
}

export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length !== HEADER_BYTES) throw new ProtocolError('protocol', `header of ${bytes.length} bytes`)
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES)
  return {
    version: view.readUInt32LE(0),
    previous: view.toString('hex', 4, 36) as Hash,
    root: view.toString('hex', 36, 68) as Hash,
    time: view.readUInt32LE(68),
    bits: view.readUInt32LE(BITS_OFFSET),
    nonce: view.readUInt32LE(NONCE_OFFSET),
  }
}

/** Double SHA-256 of an encoded header. */
export function headerHash(bytes: Uint8Array): Hash {
  const once = createHash('sha256').update(bytes).digest()
  return createHash('sha256').update(once).digest('hex') as Hash
}

/** The hash as the number that must not exceed the target. */
export function hashValue(hash: Hash): bigint {
  return BigInt(`0x${Buffer.from(hash, 'hex').reverse().toString('hex')}`)
}

const MAX_TARGET = (1n << 256n) - 1n

/** Target of compact bits; 0, which no hash meets, where they are negative or exceed 256 bits. */
export function targetOf(bits: number): bigint {
  const size = bits >>> 24
  const mantissa = BigInt(bits & 0x7fffff)
  if ((bits & 0x800000) !== 0) return 0n
  const target = size <= 3 ? mantissa >> BigInt(8 * (3 - size)) : mantissa << BigInt(8 * (size - 3))
  return target > MAX_TARGET ? 0n : target
}

/** The compact form, which keeps the 15 to 23 leading bits and drops the rest. */
export function bitsOf(target: bigint): number {
  let size = Math.ceil(target.toString(2).length / 8)
  let mantissa = Number(size <= 3 ? target << BigInt(8 * (3 - size)) : target >> BigInt(8 * (size - 3)))
  if ((mantissa & 0x800000) !== 0) {
    mantissa >>= 8
    size++
  }
  return target === 0n ? 0 : ((size << 24) | mantissa) >>> 0
}

/** Expected number of hashes to meet a target. */
export function workOf(target: bigint): bigint {
  return (1n << 256n) / (target + 1n)
}
