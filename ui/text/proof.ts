/**
 * What the figures of a block's proof of work mean, for people. Invariant: whatever a peer put into a header, the answer is
 * a finite number.
 */

const HASH_BITS = 256
const EVERY_BYTE = /../g

/** Hashes that a miner tries on average to meet these compact bits; 0 where no hash can. */
export function expectedHashes(bits: number): number {
  const mantissa = bits & 0x7fffff
  if ((bits & 0x800000) !== 0 || mantissa === 0) return 0
  const power = HASH_BITS - (Math.log2(mantissa) + 8 * ((bits >>> 24) - 3))
  return power < 0 ? 0 : 2 ** Math.min(power, HASH_BITS)
}

/** Zero bits at the head of a hash, which is written with its lowest byte first. */
export function leadingZeroBits(hash: string): number {
  let zeros = 0
  for (const byte of (hash.match(EVERY_BYTE) ?? []).reverse()) {
    const value = Number.parseInt(byte, 16) || 0
    if (value > 0) return zeros + Math.clz32(value) - 24
    zeros += 8
  }
  return zeros
}
