/** How a file is cut: places and sizes of its chunks, their hashes, and bitmaps over them. */
import { CHUNK_BYTES } from '../../../wire/limits.js'
import type { Bitmap, Layout } from '../../env.js'

export const DIGEST_BYTES = 32
/** As in the manifest's limit. */
export const MAX_CHUNKS = 16_384

/** Number of chunks of a file. */
export function chunkCount({ size, chunkSize }: Pick<Layout, 'size' | 'chunkSize'>): number {
  return Math.ceil(size / chunkSize)
}

/** Bytes of one chunk; 0 for an index beyond the end. */
export function chunkBytes({ size, chunkSize }: Pick<Layout, 'size' | 'chunkSize'>, index: number): number {
  return Math.max(0, Math.min(chunkSize, size - index * chunkSize))
}

/** Whether this digest is the one that the chunk must have. */
export function isDigestOf({ hashes }: Layout, index: number, digest: Uint8Array): boolean {
  return Buffer.compare(hashes.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES), digest) === 0
}

/** What is wrong with a layout, or null. */
export function layoutFault(layout: Layout): string | null {
  const { size, chunkSize, hashes } = layout
  if (!Number.isSafeInteger(size) || size < 0 || !Number.isSafeInteger(chunkSize)) return 'sizes are no whole numbers'
  if (chunkSize < 1 || chunkSize > CHUNK_BYTES) return `chunks have 1 to ${CHUNK_BYTES} bytes`
  const count = chunkCount(layout)
  if (count > MAX_CHUNKS) return `a file has at most ${MAX_CHUNKS} chunks`
  return hashes.length === count * DIGEST_BYTES ? null : 'one hash a chunk is needed'
}

export function emptyBitmap(count: number): Bitmap {
  return new Uint8Array(Math.ceil(count / 8))
}

export function fullBitmap(count: number): Bitmap {
  const bits = emptyBitmap(count)
  for (let index = 0; index < count; index++) setBit(bits, index)
  return bits
}

export function hasBit(bits: Bitmap, index: number): boolean {
  return (((bits[index >> 3] ?? 0) >> (index & 7)) & 1) === 1
}

export function setBit(bits: Bitmap, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) | (1 << (index & 7))
}

export function clearBit(bits: Bitmap, index: number): void {
  bits[index >> 3] = (bits[index >> 3] ?? 0) & ~(1 << (index & 7))
}

/** Whether all of the first `count` bits are set. */
export function isFull(bits: Bitmap, count: number): boolean {
  return Buffer.compare(bits, fullBitmap(count)) === 0
}
