/**
 * What one peer was asked for and has not answered yet: a late answer is no offence, one that nobody asked for is. After
 * a stall the same thing may be asked of the same peer again, and then it comes twice; so questions are counted.
 */
import type { Hash } from '../../wire/types.js'

export class Asked {
  /** Questions under way by what they ask for, oldest first; the caller bounds `size`. */
  readonly #counts = new Map<Hash, number>()

  /** Different things asked for. */
  get size(): number {
    return this.#counts.size
  }

  add(id: Hash): void {
    this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
  }

  /** An answer came; false where nobody asked. */
  answered(id: Hash): boolean {
    const count = this.#counts.get(id)
    if (count === undefined) return false
    if (count === 1) this.#counts.delete(id)
    else this.#counts.set(id, count - 1)
    return true
  }

  forgetOldest(): void {
    const oldest = this.#counts.keys().next().value
    if (oldest !== undefined) this.#counts.delete(oldest)
  }
}
