/**
 * How fast others may tell of peers that are new here: each link so much at once and then a few a second; what comes
 * faster waits, and what finds no place to wait is left out until it is told again. Nobody is blamed for it, because an
 * anchor honestly knows many.
 * Invariant: what is admitted is bounded per source and in all, whatever number of identities the sources have.
 */
import type { PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Cancel, Env } from '../env.js'
import type { Listed } from './peer-list.js'

/** Of one source: a network of a usual size at once, a thousand peers in a few minutes. */
export const BURST = 64
export const PER_SECOND = 4
/** Of all sources. */
const BURST_OF_ALL = 1024
const PER_SECOND_OF_ALL = 16
const MAX_SOURCES = 1000
const MAX_WAITING = 1024
const MAX_WAITING_OF_ALL = 4096
const PAUSE_MS = 500

export interface HearsayHooks {
  /** Whether it still says something that is not known. */
  isNews(item: Listed): boolean
  admit(items: readonly Listed[], from: PeerId): void
}

export class Hearsay {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #hooks: HearsayHooks
  readonly #buckets = new Map<PeerId, Bucket>() // at most MAX_SOURCES
  readonly #ofAll: Bucket
  /** By source, the one that was served last at the end; none is empty. */
  readonly #waiting = new Map<PeerId, Map<PeerId, Listed>>() // at most MAX_WAITING_OF_ALL items
  #timer: Cancel | null = null

  constructor(env: Pick<Env, 'now' | 'after'>, hooks: HearsayHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#ofAll = new Bucket(env, BURST_OF_ALL, PER_SECOND_OF_ALL)
  }

  /** What of it may be looked at now; the rest may follow through `hooks.admit`. */
  admit(items: readonly Listed[], from: PeerId): readonly Listed[] {
    const now: Listed[] = []
    for (const item of items) {
      const first = !this.#waiting.has(from)
      if (first && this.#take(from)) now.push(item)
      else this.#wait(item, from)
    }
    return now
  }

  /** The link with that source is gone. */
  linkDown(from: PeerId): void {
    this.#waiting.delete(from)
  }

  #wait(item: Listed, from: PeerId): void {
    const own = this.#waiting.get(from) ?? new Map<PeerId, Listed>()
    const isFull = own.size >= MAX_WAITING || this.#waitingOfAll() >= MAX_WAITING_OF_ALL
    if (isFull && !own.has(item.id)) return
    own.set(item.id, item)
    this.#waiting.set(from, own)
    this.#timer ??= this.#env.after(PAUSE_MS, () => this.#serve())
  }

  #serve(): void {
    for (const [from, items] of [...this.#waiting]) {
      const admitted = this.#some(from, items)
      this.#waiting.delete(from)
      if (items.size > 0) this.#waiting.set(from, items)
      if (admitted.length > 0) this.#hooks.admit(admitted, from)
    }
    this.#timer = this.#waiting.size === 0 ? null : this.#env.after(PAUSE_MS, () => this.#serve())
  }

  /** Takes out what is no news any more and as much else as may go now. */
  #some(from: PeerId, items: Map<PeerId, Listed>): readonly Listed[] {
    const some: Listed[] = []
    for (const [id, item] of items) {
      if (this.#hooks.isNews(item)) {
        if (!this.#take(from)) break
        some.push(item)
      }
      items.delete(id)
    }
    return some
  }

  #take(from: PeerId): boolean {
    return this.#ofAll.hasOne && this.#bucketOf(from).take() && this.#ofAll.take()
  }

  #bucketOf(from: PeerId): Bucket {
    const bucket = this.#buckets.get(from) ?? new Bucket(this.#env, BURST, PER_SECOND)
    const [oldest] = this.#buckets.keys()
    if (!this.#buckets.has(from) && this.#buckets.size >= MAX_SOURCES && oldest !== undefined) {
      this.#buckets.delete(oldest)
    }
    this.#buckets.set(from, bucket)
    return bucket
  }

  #waitingOfAll(): number {
    let count = 0
    for (const items of this.#waiting.values()) count += items.size
    return count
  }
}
