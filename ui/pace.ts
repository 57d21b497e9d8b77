/** How fast a running command goes: over the last few seconds, since a start-up or a pause says nothing of the rest. */

export interface Pace {
  readonly perSecond: number
  /** Since it was entered. */
  readonly seconds: number
}

const OVER_MS = 5000
const MAX_SAMPLES = 64

export class Pacer {
  readonly #startedAt: number
  readonly #samples: { readonly at: number; readonly done: number }[] = [] // at most MAX_SAMPLES

  constructor(now: number) {
    this.#startedAt = now
  }

  /** Another phase of the command may count from the beginning again. */
  add(done: number, now: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && done < last.done) this.#samples.length = 0
    this.#samples.push({ at: now, done })
    while (this.#samples.length > MAX_SAMPLES || now - (this.#samples[1]?.at ?? now) > OVER_MS) this.#samples.shift()
  }

  at(now: number): Pace {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    const ms = first === undefined ? 0 : now - first.at
    const perSecond = first === undefined || last === undefined || ms < 1 ? 0 : ((last.done - first.done) / ms) * 1000
    return { perSecond, seconds: (now - this.#startedAt) / 1000 }
  }
}
