/**
 * When which spread file is looked at: all after a change of members or names, one when something of it changed. One
 * after the other, with a pause before each that fits its size: whoever publishes much keeps nobody busy. Small files
 * do not wait for large ones.
 */
import type { Hash } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import { Soon } from '../soon.js'

/** A review of 16,384 chunks costs some 30 ms and so waits half a second. */
const CHUNKS_PER_MS = 32
/** With more chunks a file is a large one. */
const SMALL_CHUNKS = 1_024

export interface ReviewHooks {
  all(): Iterable<Hash>
  /** How many chunks a file has. */
  chunksOf(id: Hash): number
  review(id: Hash): void
}

interface Lane {
  readonly queue: Set<Hash> // now; at most one per name
  working: boolean
}

const newLane = (): Lane => ({ queue: new Set(), working: false })

export class Reviews {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #hooks: ReviewHooks
  readonly #small = newLane()
  readonly #large = newLane()
  readonly #later = new Map<Hash, { readonly at: number; readonly cancel: Cancel }>() // at most one per name
  readonly #soon: Soon

  constructor(env: Pick<Env, 'now' | 'after'>, hooks: ReviewHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#soon = new Soon(env, () => {
      for (const id of hooks.all()) this.look(id, 0)
    })
  }

  /** All of them shortly; many calls make one review. */
  soon(): void {
    this.#soon.plan()
  }

  /** One file; the earliest of several times counts. */
  look(id: Hash, delayMs: number): void {
    if (delayMs === 0) {
      const lane = this.#hooks.chunksOf(id) > SMALL_CHUNKS ? this.#large : this.#small
      lane.queue.add(id)
      this.#work(lane)
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

  #work(lane: Lane): void {
    const [id] = lane.queue
    if (lane.working || id === undefined) return
    lane.working = true
    lane.queue.delete(id)
    this.#env.after(Math.ceil(this.#hooks.chunksOf(id) / CHUNKS_PER_MS), () => {
      lane.working = false
      this.#hooks.review(id)
      this.#work(lane)
    })
  }
}
