/**
 * Seeded randomness of the simulator. Every component draws from a stream of its own, and what happens to one message
 * is keyed by (link, number): taking a fault out of a plan therefore leaves the rest of the run as it was, which makes
 * shrinking work. Mulberry32 and a murmur-like mixer; not for secrets.
 */

/** Mixes words into 32 bits; the same words give the same bits. */
export function mix(...words: readonly number[]): number {
  let h = 0x811c9dc5
  for (const word of words) {
    h = Math.imul(h ^ word, 0x01000193)
    h ^= h >>> 13
    h = Math.imul(h, 0x5bd1e995)
  }
  return (h ^ (h >>> 15)) >>> 0
}

/** In [0, 1), a function of its words alone. */
export const unit = (...words: readonly number[]): number => mix(...words, 0x9e37) / 0x1_0000_0000

/** A word for a name, so that streams can be keyed by what they are for. */
export function wordOf(name: string): number {
  let h = 0
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  return h >>> 0
}

export class Random {
  #state: number

  constructor(...words: readonly number[]) {
    this.#state = mix(...words)
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /** Whole number in [0, count). */
  int(count: number): number {
    return Math.floor(this.next() * count)
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const item = list[this.int(list.length)]
    if (item === undefined) throw new Error('pick from an empty list')
    return item
  }

  /** Time until the next event of a Poisson process. */
  exponential(mean: number): number {
    return -Math.log(1 - this.next()) * mean
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.int(256))
  }
}
