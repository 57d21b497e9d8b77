/** Turns growing byte counters into bytes a second over about `WINDOW_MS`, from samples taken whenever somebody looks. */

const WINDOW_MS = 2_000
const MAX_SAMPLES = 64

interface Sample {
  readonly at: number
  readonly down: number
  readonly up: number
}

export class Rates {
  readonly #samples: Sample[] = [] // at most MAX_SAMPLES

  /** `at` in monotonic milliseconds; `down` and `up` are totals since start. */
  sample(at: number, down: number, up: number): { readonly down: number; readonly up: number } {
    const samples = this.#samples
    samples.push({ at, down, up })
    while (samples.length > MAX_SAMPLES || (samples.length > 2 && at - (samples[1]?.at ?? at) >= WINDOW_MS))
      samples.shift()
    const first = samples[0]
    if (first === undefined || at <= first.at) return { down: 0, up: 0 }
    const perSecond = (from: number, to: number): number =>
      Math.max(0, Math.round(((to - from) * 1000) / (at - first.at)))
    return { down: perSecond(first.down, down), up: perSecond(first.up, up) }
  }
}
