/**
 * How many of our sources hold each chunk. Sources that hold everything add the same to every chunk, so only those that
 * hold a part are counted: where all are complete, every chunk is equally rare.
 */
import type { Bitmap } from '../env.js'
import { hasBit } from './bitmap.js'

export class Rarity {
  readonly #counts: Uint16Array

  constructor(chunkCount: number) {
    this.#counts = new Uint16Array(chunkCount)
  }

  add(chunks: Bitmap): void {
    this.#each(chunks, 1)
  }

  remove(chunks: Bitmap): void {
    this.#each(chunks, -1)
  }

  /** A source turned out not to hold one chunk. */
  lower(index: number): void {
    this.#counts[index] = Math.max(0, this.of(index) - 1)
  }

  of(index: number): number {
    return this.#counts[index] ?? 0
  }

  #each(chunks: Bitmap, step: number): void {
    for (let index = 0; index < this.#counts.length; index++) {
      if (hasBit(chunks, index)) this.#counts[index] = this.of(index) + step
    }
  }
}
