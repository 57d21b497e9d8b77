/**
 * How hard the next block must be. ASERT (Bitcoin Cash, aserti3-2d) relative to the parent alone: blocks come on demand,
 * so an absolute schedule would sit at the floor for ever after one idle day. Invariants: a target is always decoded
 * from compact bits; it depends on the parent's branch and the block's own time only; it never exceeds limit(height).
 */
import { bitsOf, targetOf } from './header.js'
import type { ChainParams } from './params.js'

/** What the rule reads of a block's ancestors. */
export interface Ancestor {
  readonly height: number
  readonly header: { readonly time: number; readonly bits: number }
  readonly parent: Ancestor | null
}

/** Shifts beyond this leave nothing of a 256-bit target, or exceed every limit. */
const MAX_SHIFT = 600n

/**
 * Target after `heightDelta` blocks and `timeDelta` seconds since the anchor, not yet clamped to a limit; at least 1.
 * BigInt division truncates, as the published vectors need (the published Python floors, which is wrong).
 */
export function asert(
  anchorTarget: bigint,
  timeDelta: bigint,
  heightDelta: bigint,
  blockTime: bigint,
  halfLife: bigint,
): bigint {
  const exponent = ((timeDelta - blockTime * (heightDelta + 1n)) * 65536n) / halfLife
  const shifts = exponent >> 16n
  const x = exponent & 0xffffn
  const factor = ((195766423245049n * x + 971821376n * x * x + 5127n * x * x * x + (1n << 47n)) >> 48n) + 65536n
  const product = anchorTarget * factor
  const shift = shifts > MAX_SHIFT ? MAX_SHIFT : shifts < -MAX_SHIFT ? -MAX_SHIFT : shifts
  const target = (shift < 0n ? product >> -shift : product << shift) >> 16n
  return target > 0n ? target : 1n
}

/** The easiest target allowed at a height. */
export function limit(params: ChainParams, height: number): bigint {
  const bits = Math.min(params.floorMaxBits, params.floorBits + Math.floor(height / params.floorStep))
  return 1n << BigInt(256 - bits)
}

/** The only bits valid for a block of this time on top of `parent`. */
export function requiredBits(params: ChainParams, parent: Ancestor, time: number): number {
  const { blockTimeS, halfLifeS } = params
  let target = targetOf(parent.header.bits)
  if (parent.parent !== null) {
    const tookS = Math.min(Math.max(parent.header.time - parent.parent.header.time, 0), params.lateBlocks * blockTimeS)
    target = asert(target, BigInt(tookS), 0n, BigInt(blockTimeS), BigInt(halfLifeS))
  }
  const doublings = Math.floor((time - parent.header.time) / (params.easeBlocks * blockTimeS))
  if (doublings > 0) target <<= BigInt(Math.min(doublings, 256))
  const easiest = limit(params, parent.height + 1)
  if (target > easiest) target = easiest
  return bitsOf(target)
}
