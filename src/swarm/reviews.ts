/**
 * When which spread file is looked at: all after a change of members or names, one when something of it changed. One
 * after the other, with a pause before each that fits its size: whoever publishes much keeps nobody busy.
 */
import type { Hash } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'

const SOON_MS = 50
/** A review of 16,384 chunks costs some 30 ms and so waits half a second. */
const CHUNKS_PER_MS = 32

export interface ReviewHooks {
  all(): Iterable<Hash>
  /** How many chunks a file has. */
  chunksOf(id: Hash): number
  review(id: Hash): void
}

export class Reviews {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #hooks: ReviewHooks
  readonly #queue = new Set<Hash>() // now; at most one per name
  readonly #later = new Map<Hash, { readonly at: number; readonly cancel: Cancel }>() // at most one per name
  #planned = false
  #working = false

  constructor(env: Pick<Env, 'now' | 'after'>, hooks: ReviewHooks) {
    this.#env = env
    this.#hooks = hooks
  }

  /** All of them shortly; many calls make one review. */
  soon(): void {
    if (this.#planned) return
    this.#planned = true
    this.#env.after(SOON_MS, () => {
      this.#planned = false
      for (const id of this.#hooks.all()) this.#queue.add(id)
      this.#work()
    })
  }

  /** One file; the earliest of several times counts. */
  look(id: Hash, delayMs: number): void {
    if (delayMs === 0) {
      this.#queue.add(id)
      this.#work()
      return
    }
    const at = this.#env.now() + delayMs
    const planned = this.#later.get(id)
    if (planned !== undefined && planned.at <= at) return
    planned?.cancel()
    const cancel = this.#env.after(delayMs, () => {
      this.#later.delete(id)
      this.look(id, 0)
    })
    this.#later.set(id, { at, cancel })
  }

  #work(): void {
    const [id] = this.#queue
    if (this.#working || id === undefined) return
    this.#working = true
    this.#queue.delete(id)
    this.#env.after(Math.ceil(this.#hooks.chunksOf(id) / CHUNKS_PER_MS), () => {
      this.#working = false
      this.#hooks.review(id)
      this.#work()
    })
  }
}
