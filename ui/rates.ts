/**
 * Traffic and hashing of the last two minutes, one sample a second. Snapshots come only when something changes, so a second
 * without one keeps the rate of the last.
 */

export interface RateSample {
  /** Bytes a second. */
  readonly down: number
  readonly up: number
  /** Hashes a second. */
  readonly hashRate: number
}

export const RATE_SECONDS = 120

export class RateHistory {
  #samples: readonly RateSample[] = []
  #second = 0

  /** Oldest first, at most RATE_SECONDS; a new array whenever something changed. */
  get samples(): readonly RateSample[] {
    return this.#samples
  }

  /** Whether the picture will look different a second from now. */
  get moves(): boolean {
    return this.#samples.some(({ down, up, hashRate }) => down > 0 || up > 0 || hashRate > 0)
  }

  record(nowMs: number, rates: RateSample): void {
    const second = Math.floor(nowMs / 1000)
    const last = this.#samples.at(-1)
    const passed = last === undefined ? 1 : Math.min(RATE_SECONDS, Math.max(0, second - this.#second))
    this.#second = second
    const sample = { down: rates.down, up: rates.up, hashRate: rates.hashRate }
    if (passed === 0 && last !== undefined && sameRates(last, sample)) return
    if (passed === 0 || last === undefined) this.#samples = [...this.#samples.slice(0, -1), sample]
    else this.#samples = [...this.#samples, ...Array<RateSample>(passed - 1).fill(last), sample].slice(-RATE_SECONDS)
  }
}

const sameRates = (a: RateSample, b: RateSample): boolean =>
  a.down === b.down && a.up === b.up && a.hashRate === b.hashRate
