/**
 * Arithmetic on the ring: places are 256-bit numbers in a circle, kept as 64 hex digits, whose alphabetical order is the
 * order of the numbers. So arcs need no arithmetic at all; only finger targets do.
 */
import { sha256 } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'

const CIRCLE = 1n << 256n

/** Is `point` strictly inside the clockwise arc from `from` to `to`? An arc that ends where it began is the whole circle. */
export function between(from: Hash, point: Hash, to: Hash): boolean {
  if (from < to) return from < point && point < to
  if (from > to) return point > from || point < to
  return point !== from
}

/** Sorts places in the order in which one meets them when going clockwise from `origin`; `origin` itself comes last. */
export function clockwiseFrom(origin: Hash): (a: Hash, b: Hash) => number {
  return (a, b) => (a === b ? 0 : a !== origin && (b === origin || between(origin, a, b)) ? -1 : 1)
}

/** The place `steps` clockwise of `place`. */
export function ahead(place: Hash, steps: bigint): Hash {
  const sum = (BigInt(`0x${place}`) + steps) % CIRCLE
  return sum.toString(16).padStart(64, '0') as Hash
}

/** How many steps lie clockwise from one place to another. */
export function distance(from: Hash, to: Hash): bigint {
  const steps = BigInt(`0x${to}`) - BigInt(`0x${from}`)
  return steps < 0n ? steps + CIRCLE : steps
}

/** The place of a name: SHA-256 of its NFC form in UTF-8. */
export function keyOf(name: string): Hash {
  return sha256(Buffer.from(name.normalize('NFC')))
}
