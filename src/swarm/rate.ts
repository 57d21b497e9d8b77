/** Bytes a second over about the last five, in half-second slots: quick to notice a stall, slow to jump. */
import type { Env } from '../env.js'

const SLOT_MS = 500
const SLOTS = 10

export class Rate {
  readonly #env: Pick<Env, 'now'>
  readonly #slots = new Float64Array(SLOTS)
  readonly #since: number
  #slot: number
  #lastAt: number

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
    this.#since = env.now()
    this.#lastAt = this.#since
    this.#slot = Math.floor(this.#since / SLOT_MS)
  }

  add(bytes: number): void {
    this.#advance()
    this.#lastAt = this.#env.now()
    const at = this.#slot % SLOTS
    this.#slots[at] = (this.#slots[at] ?? 0) + bytes
  }

  get bytesPerSecond(): number {
    this.#advance()
    const sum = this.#slots.reduce((total, slot) => total + slot, 0)
    const coveredMs = Math.min(this.#env.now() - this.#since, (SLOTS - 1) * SLOT_MS + (this.#env.now() % SLOT_MS))
    return (sum * 1000) / Math.max(SLOT_MS, coveredMs)
  }

  /** Milliseconds it has measured. */
  get ageMs(): number {
    return this.#env.now() - this.#since
  }

  /** Milliseconds since anything came. */
  get silentMs(): number {
    return this.#env.now() - this.#lastAt
  }

  #advance(): void {
    const slot = Math.floor(this.#env.now() / SLOT_MS)
    for (const end = Math.min(slot, this.#slot + SLOTS); this.#slot < end; ) this.#slots[++this.#slot % SLOTS] = 0
    this.#slot = slot
  }
}
