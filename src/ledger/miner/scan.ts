/**
 * The search itself, as a pure function: whoever runs it (a worker thread, a test, the simulator) decides how long a
 * slice is and when to stop. The comparison is little-endian, so most candidates fail on their last bytes.
 */
import { createHash } from 'node:crypto'
import { BITS_OFFSET, NONCE_OFFSET, targetOf } from '../header.js'

/**
 * Tries `count` nonces of an 80-byte header from `firstNonce` on (not beyond 2^32 - 1): the first nonce with which its
 * double SHA-256 meets the target in its own bits, or -1.
 */
export function scan(header: Uint8Array, firstNonce: number, count: number): number {
  const work = Buffer.from(header)
  const target = Buffer.from(targetOf(work.readUInt32LE(BITS_OFFSET)).toString(16).padStart(64, '0'), 'hex').reverse()
  const end = Math.min(firstNonce + count, 2 ** 32)
  for (let nonce = firstNonce; nonce < end; nonce++) {
    work.writeUInt32LE(nonce, NONCE_OFFSET)
    const once = createHash('sha256').update(work).digest()
    if (notAbove(createHash('sha256').update(once).digest(), target)) return nonce
  }
  return -1
}

function notAbove(hash: Uint8Array, target: Uint8Array): boolean {
  for (let place = 31; place >= 0; place--) {
    const difference = (hash[place] ?? 0) - (target[place] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return true
}
