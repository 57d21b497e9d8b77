/**
 * Sets of chunk indices as bytes: bit i of byte i >> 3 stands for chunk i (lowest bit first), as in Env's Bitmap.
 * Invariant: a bitmap over n chunks has exactly ceil(n / 8) bytes and no bit set at n or beyond.
 */
import type { Bitmap } from '../env.js'

export function emptyBitmap(count: number): Bitmap {
  return new Uint8Array(Math.ceil(count / 8))
}

export function fullBitmap(count: number): Bitmap {
  const bitmap = new Uint8Array(Math.ceil(count / 8)).fill(0xff)
  if (count % 8 !== 0) bitmap[bitmap.length - 1] = 0xff >> (8 - (count % 8))
  return bitmap
}

export function hasBit(bitmap: Bitmap, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0
}

export function setBit(bitmap: Bitmap, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7))
}

export function clearBit(bitmap: Bitmap, index: number): void {
  bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) & ~(1 << (index & 7))
}

/** How many bits are set. */
export function countBits(bitmap: Bitmap): number {
  let count = 0
  for (let byte of bitmap) for (; byte !== 0; byte &= byte - 1) count++
  return count
}

/** Whether a peer's bitmap has the right length and no bit beyond the last chunk. */
export function fitsCount(bitmap: Bitmap, count: number): boolean {
  if (bitmap.length !== Math.ceil(count / 8)) return false
  return count % 8 === 0 || (bitmap[bitmap.length - 1] ?? 0) >> (count % 8) === 0
}

/** Whether any bit is set. */
export function anyBit(bitmap: Bitmap): boolean {
  return bitmap.some((byte) => byte !== 0)
}

/** The bits of `a` that are not in `b`. */
export function minus(a: Bitmap, b: Bitmap): Bitmap {
  return a.map((byte, at) => byte & ~(b[at] ?? 0))
}

export function and(a: Bitmap, b: Bitmap): Bitmap {
  return a.map((byte, at) => byte & (b[at] ?? 0))
}

/** The set bits, in ascending order. */
export function* indicesOf(bitmap: Bitmap): Generator<number> {
  for (let index = 0; index < bitmap.length * 8; index++) if (hasBit(bitmap, index)) yield index
}
