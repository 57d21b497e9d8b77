/**
 * Lookups in a ring whose tables are all right, for more peers than objects would fit: places are the top 52 bits of an
 * id, in one sorted array, and nobody's table is stored, since each entry follows from the array. The route is that of
 * src/ring/route.ts over the fingers of src/ring/finger-table.ts; test/ring/static.test.ts walks both and compares.
 */
import assert from 'node:assert'

const BITS = 52
export const CIRCLE = 2 ** BITS

export interface Rules {
  /** Bits of the key that one finger level fixes: 4 for base 16, 1 for classic Chord. */
  readonly bitsPerLevel: number
  readonly levels: number
  /** Length of the successor list. */
  readonly list: number
}

export const OURS: Rules = { bitsPerLevel: 4, levels: 8, list: 16 }
export const CLASSIC: Rules = { bitsPerLevel: 1, levels: BITS, list: 1 }

/** A ring that several threads may read. */
export interface SharedRing {
  readonly places: Float64Array<SharedArrayBuffer>
  /** For each of as many equal arcs the first peer in it or after it. */
  readonly starts: Int32Array<SharedArrayBuffer>
}

export function ringOf(sorted: Iterable<number> & { readonly length: number }): SharedRing {
  const count = sorted.length
  const places = new Float64Array(new SharedArrayBuffer(count * 8))
  let index = 0
  for (const place of sorted) places[index++] = place
  const arcs = 2 ** Math.ceil(Math.log2(count))
  const starts = new Int32Array(new SharedArrayBuffer((arcs + 1) * 4))
  let peer = 0
  for (let arc = 0; arc <= arcs; arc++) {
    while (peer < count && places[peer]! < (arc * CIRCLE) / arcs) peer++
    starts[arc] = peer
  }
  return { places, starts }
}

export function randomRing(count: number, random: () => number): SharedRing {
  const places = Float64Array.from({ length: count }, () => randomPlace(random)).sort()
  assert(
    places.every((place, index) => index === 0 || place > places[index - 1]!),
    'no two peers at one place',
  )
  return ringOf(places)
}

export function randomPlace(random: () => number): number {
  return Math.floor(random() * 2 ** 26) * 2 ** 26 + Math.floor(random() * 2 ** 26)
}

export class StaticRing {
  readonly #places: Float64Array
  readonly #starts: Int32Array
  readonly #arcs: number
  readonly #count: number

  constructor({ places, starts }: SharedRing) {
    this.#places = places
    this.#starts = starts
    this.#arcs = starts.length - 1
    this.#count = places.length
  }

  /** The first peer at or clockwise after a place. */
  owner(place: number): number {
    const at = place >= CIRCLE ? place - CIRCLE : place
    let peer = this.#starts[Math.floor((at / CIRCLE) * this.#arcs)]!
    while (peer < this.#count && this.#places[peer]! < at) peer++
    return peer === this.#count ? 0 : peer
  }

  /** How many peers are asked until one names the owner; each of them goes to `visit`. */
  lookup(rules: Rules, from: number, key: number, visit?: (peer: number) => void): number {
    const owner = this.owner(key)
    let asked = 0
    for (let peer = from; ; asked++) {
      const ahead = owner >= peer ? owner - peer : owner - peer + this.#count
      if (ahead <= 1) {
        // one step ahead, or the key is the peer's own place; else the whole circle lies before the key
        if (ahead === 1 || this.#places[peer] === key) return asked
      }
      peer = this.#next(rules, peer, ahead === 0 ? this.#count : ahead, key)
      visit?.(peer)
    }
  }

  /** The nearest to the key of all successors and fingers before it. */
  #next(rules: Rules, peer: number, ahead: number, key: number): number {
    const reach = Math.min(rules.list, ahead - 1)
    const successor = (peer + reach) % this.#count
    if (reach === ahead - 1) return successor
    const self = this.#places[peer]!
    const left = key > self ? key - self : key - self + CIRCLE
    const digits = 2 ** rules.bitsPerLevel - 1
    for (let level = highestLevel(left, rules.bitsPerLevel); level < rules.levels; level++) {
      const width = CIRCLE / 2 ** (rules.bitsPerLevel * (level + 1))
      for (let digit = Math.min(digits, Math.floor(left / width)); digit > 0; digit--) {
        const finger = this.owner(self + digit * width)
        const fingerAhead = finger >= peer ? finger - peer : finger - peer + this.#count
        if (fingerAhead === 0 || fingerAhead >= ahead) continue
        return fingerAhead > reach ? finger : successor
      }
    }
    return successor
  }
}

/** The first level of which one step is not longer than `left`. */
function highestLevel(left: number, bitsPerLevel: number): number {
  const high = Math.floor(left / 2 ** 26)
  const length = high > 0 ? 58 - Math.clz32(high) : 32 - Math.clz32(left)
  return Math.ceil((BITS - length + 1) / bitsPerLevel) - 1
}
