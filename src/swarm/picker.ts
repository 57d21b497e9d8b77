/**
 * Chooses the next chunk to ask a source for: the first four at random, so that new downloaders have something to give,
 * then the rarest first, ties at random (BitTorrent's piece selection, Cohen 2003).
 * Invariant: a chunk is either waiting here or was taken; nothing is taken twice without being put back.
 */
import type { Bitmap } from '../env.js'
import { hasBit } from './bitmap.js'
import { Rarity } from './rarity.js'

const RANDOM_FIRST = 4
const NOWHERE = -1

export class Picker {
  readonly rarity: Rarity
  readonly #random: () => number
  readonly #waiting: number[] = []
  readonly #places: Int32Array
  #picked = 0

  /** Waits for every chunk that is not in `have`. */
  constructor(chunkCount: number, have: Bitmap, random: () => number) {
    this.rarity = new Rarity(chunkCount)
    this.#random = random
    this.#places = new Int32Array(chunkCount).fill(NOWHERE)
    for (let index = 0; index < chunkCount; index++) if (!hasBit(have, index)) this.putBack(index)
  }

  /** Chunks that nobody was asked for. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Takes the best chunk that a source has (null: it has all); -1 where it has none that is waiting. */
  take(chunks: Bitmap | null): number {
    const index = this.#best(chunks)
    if (index !== NOWHERE) {
      this.#remove(index)
      this.#picked++
    }
    return index
  }

  /** Whether the source has a waiting chunk. */
  offers(chunks: Bitmap | null): boolean {
    return chunks === null ? this.#waiting.length > 0 : this.#waiting.some((index) => hasBit(chunks, index))
  }

  /** The source did not deliver: somebody else is to be asked. */
  putBack(index: number): void {
    if (this.#places[index] !== NOWHERE) return
    this.#places[index] = this.#waiting.length
    this.#waiting.push(index)
  }

  #best(chunks: Bitmap | null): number {
    const count = this.#waiting.length
    const start = Math.floor(this.#random() * count)
    let best = NOWHERE
    for (let step = 0; step < count; step++) {
      const index = this.#waiting[(start + step) % count] ?? NOWHERE
      if (chunks !== null && !hasBit(chunks, index)) continue
      if (best === NOWHERE || this.rarity.of(index) < this.rarity.of(best)) best = index
      if (this.#picked < RANDOM_FIRST || this.rarity.of(best) === 0) break
    }
    return best
  }

  #remove(index: number): void {
    const place = this.#places[index] ?? NOWHERE
    const last = this.#waiting.pop() ?? NOWHERE
    this.#places[index] = NOWHERE
    if (last === index) return
    this.#waiting[place] = last
    this.#places[last] = place
  }
}
