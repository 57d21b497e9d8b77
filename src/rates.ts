/**
 * Turns growing byte counters into bytes a second over about `WINDOW_MS`. Owns no timer: whoever has the counters at hand
 * calls `note` now and then (each ping does), so that whoever looks once, after a long time, reads of the last seconds
 * and not of all that time.
 */

const WINDOW_MS = 2_000
/** Of samples nearer to each other only the first and the last are kept. */
const SPACING_MS = 200
/** A burst that was just begun is not taken for a rate. */
const SHORTEST_MS = 500
const MAX_SAMPLES = (2 * WINDOW_MS) / SPACING_MS

export interface ByteRates {
  readonly down: number
  readonly up: number
}

interface Sample extends ByteRates {
  readonly at: number
}

export class Rates {
  readonly #samples: Sample[] = [] // at most MAX_SAMPLES

  /** `at` in monotonic milliseconds; `down` and `up` are totals since some beginning. */
  note(at: number, down: number, up: number): void {
    const samples = this.#samples
    if (at - (samples.at(-2)?.at ?? Number.NEGATIVE_INFINITY) < SPACING_MS) samples.pop()
    samples.push({ at, down, up })
    while (samples.length > MAX_SAMPLES || at - (samples[1]?.at ?? at) >= WINDOW_MS) samples.shift()
  }

  /** Notes the counters and says how fast they grew lately. */
  read(at: number, down: number, up: number): ByteRates {
    this.note(at, down, up)
    const first = this.#samples[0]
    if (first === undefined || at <= first.at) return { down: 0, up: 0 }
    const spanMs = Math.max(SHORTEST_MS, at - first.at)
    const perSecond = (from: number, to: number): number => Math.max(0, Math.round(((to - from) * 1000) / spanMs))
    return { down: perSecond(first.down, down), up: perSecond(first.up, up) }
  }
}
