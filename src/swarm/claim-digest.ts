/**
 * A short picture of the claims that one peer made to another: 4 bytes for each of 32 buckets, the exclusive or of a word
 * for each claim. Both ends make it from what they remember; where a bucket is equal, all claims in it still hold.
 * Unfinished files are left out: they change all the time.
 */
import { CLAIM_BUCKETS, type ClaimFields, HOLDING_STATES } from '../../wire/messages/swarm.js'
import type { Hash } from '../../wire/types.js'
import type { Bitmap } from '../env.js'
import { emptyBitmap, setBit } from './bitmap.js'

/** Fowler, Noll and Vo, FNV-1a. */
const FNV_PRIME = 16_777_619

export class ClaimDigest {
  readonly #words = new Uint32Array(CLAIM_BUCKETS)
  /** Claims in it. */
  size = 0

  add(id: Hash, word: number): void {
    const bucket = bucketOf(id)
    this.#words[bucket] = (this.#words[bucket] ?? 0) ^ word
    this.size++
  }

  get bytes(): Uint8Array {
    const bytes = new Uint8Array(CLAIM_BUCKETS * 4)
    const view = new DataView(bytes.buffer)
    for (const [bucket, word] of this.#words.entries()) view.setUint32(bucket * 4, word)
    return bytes
  }

  /** The buckets in which the other end's picture is another one. */
  differing(theirs: Uint8Array): Bitmap {
    const ours = this.bytes
    const buckets = emptyBitmap(CLAIM_BUCKETS)
    for (const [at, byte] of ours.entries()) if (byte !== theirs[at]) setBit(buckets, at >> 2)
    return buckets
  }
}

/** What a claim adds to the picture, a 32-bit number; null where it is left out. */
export function claimWord(id: Hash, { state, kept }: Pick<ClaimFields, 'state' | 'kept'>): number | null {
  if (state === 'some') return null
  // an odd factor of its own for each state: a file in another state is another word
  const word = Math.imul(Number.parseInt(id.slice(2, 10), 16), 2 * HOLDING_STATES.indexOf(state) + 1)
  return kept.reduce((hash, byte) => Math.imul(hash ^ byte, FNV_PRIME), word)
}

export function bucketOf(id: Hash): number {
  return Number.parseInt(id.slice(0, 2), 16) % CLAIM_BUCKETS
}
