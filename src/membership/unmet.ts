/**
 * The listed peers that nobody here has ever had a link with, by the peer that told of them first: anybody can sign
 * entries of peers that do not exist, so these come and go without touching what is known for certain.
 * Invariant: one source holds at most `SHARE` places and all together `MAX_UNMET`; whoever adds beyond that makes the
 * oldest of the source with most go.
 */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'

export const MAX_UNMET = 4096
/** Of one source. */
export const SHARE = 1024
/** What was given up is not taken on hearsay for so long. */
export const DROPPED_MS = 120_000
const MAX_DROPPED = 4096

export class Unmet {
  readonly #env: Pick<Env, 'now'>
  readonly #sources = new Map<PeerId, Set<PeerId>>() // at most MAX_UNMET places in all, none empty
  readonly #sourceOf = new Map<PeerId, PeerId>() // at most MAX_UNMET
  readonly #dropped = new Map<PeerId, number>() // until when, the oldest first; at most MAX_DROPPED

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  get size(): number {
    return this.#sourceOf.size
  }

  has(peer: PeerId): boolean {
    return this.#sourceOf.has(peer)
  }

  /** Whether that source, or all of them, have all their places taken: who has to go for one more. */
  inTheWayOf(source: PeerId): PeerId | undefined {
    const own = this.#sources.get(source)
    if (own !== undefined && own.size >= SHARE) return own.keys().next().value
    return this.size >= MAX_UNMET ? this.oldest() : undefined
  }

  add(peer: PeerId, source: PeerId): void {
    if (this.has(peer)) return
    this.#sourceOf.set(peer, source)
    const places = this.#sources.get(source)
    if (places === undefined) this.#sources.set(source, new Set([peer]))
    else places.add(peer)
  }

  /** It was met, or is listed no more. */
  remove(peer: PeerId): void {
    const source = this.#sourceOf.get(peer)
    if (source === undefined) return
    this.#sourceOf.delete(peer)
    const places = this.#sources.get(source)
    places?.delete(peer)
    if (places?.size === 0) this.#sources.delete(source)
  }

  /** Of the source with most, the one that was told of first. */
  oldest(): PeerId | undefined {
    let largest: ReadonlySet<PeerId> = new Set()
    for (const places of this.#sources.values()) if (places.size > largest.size) largest = places
    return largest.keys().next().value
  }

  /** One that fits, of each source in turn. */
  next(fits: (peer: PeerId) => boolean): PeerId | undefined {
    for (const [source, places] of this.#sources) {
      for (const peer of places) {
        if (!fits(peer)) continue
        this.#sources.delete(source)
        this.#sources.set(source, places)
        return peer
      }
    }
    return undefined
  }

  /** It could not be found. */
  drop(peer: PeerId): void {
    this.remove(peer)
    this.#dropped.delete(peer)
    const [first] = this.#dropped.keys()
    if (this.#dropped.size >= MAX_DROPPED && first !== undefined) this.#dropped.delete(first)
    this.#dropped.set(peer, this.#env.now() + DROPPED_MS)
  }

  wasDropped(peer: PeerId): boolean {
    const until = this.#dropped.get(peer)
    if (until === undefined) return false
    if (until > this.#env.now()) return true
    this.#dropped.delete(peer)
    return false
  }
}
