/**
 * Asks dedicated anchors for copies of stored files: each anchor once for each file while its links stand. Only the
 * publisher and the first keeper ask. An anchor that is full is asked a few times more, since others may have the files
 * that fill it only later; one that let a copy go is not, else two files would push each other out for ever.
 */
import { MAX_IDS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const MAX_ASKED = 20_480
const FULL_AGAIN_MS = 60_000
const BUSY_AGAIN_MS = 5_000
const MAX_TIMES = 4

interface Ask {
  times: number
  /** Not before. */
  againAt: number
}

export class AnchorAsks {
  readonly #parts: Parts
  readonly #asked = new Map<PeerId, Map<Hash, Ask>>() // linked anchors; at most MAX_ASKED files each
  readonly #outbox = new Map<PeerId, Set<Hash>>() // until `flush`

  constructor(parts: Parts) {
    this.#parts = parts
  }

  review({ name, publisher, manifest, copies }: Register): void {
    const { env, roster, holders } = this.#parts
    const self = env.identity.id
    const anchors = roster.anchors()
    if (anchors.length === 0 || manifest === null || !copies) return
    if (publisher !== self && roster.keepers(name)[0] !== self) return
    for (const anchor of anchors) {
      if (holders.state(manifest, anchor) === 'kept' || !this.#mayAsk(anchor, manifest)) continue
      this.#outbox.set(anchor, (this.#outbox.get(anchor) ?? new Set()).add(manifest))
    }
  }

  flush(): void {
    for (const [anchor, ids] of this.#outbox) {
      const all = [...ids]
      for (let at = 0; at < all.length; at += MAX_IDS_PER_MESSAGE)
        this.#send(anchor, all.slice(at, at + MAX_IDS_PER_MESSAGE))
    }
    this.#outbox.clear()
  }

  refused(id: Hash, anchor: PeerId, reason: 'full' | 'elsewhere' | 'removed' | 'busy'): void {
    const ask = this.#asked.get(anchor)?.get(id)
    if (ask === undefined) return
    // it did not even look into it
    if (reason === 'busy') {
      ask.times--
      ask.againAt = this.#parts.env.now() + BUSY_AGAIN_MS
    }
    if (reason === 'full' && ask.times < MAX_TIMES) ask.againAt = this.#parts.env.now() + FULL_AGAIN_MS
  }

  forget(anchor: PeerId): void {
    this.#asked.delete(anchor)
  }

  #mayAsk(anchor: PeerId, id: Hash): boolean {
    const asked = this.#asked.get(anchor) ?? new Map<Hash, Ask>()
    this.#asked.set(anchor, asked)
    const ask = asked.get(id)
    return ask === undefined ? asked.size < MAX_ASKED : this.#parts.env.now() >= ask.againAt
  }

  #send(anchor: PeerId, manifests: readonly Hash[]): void {
    if (this.#parts.mesh.send(anchor, { type: 'keepAsk', manifests, leaving: false }) === 'none') return
    const asked = this.#asked.get(anchor)
    for (const id of manifests) {
      asked?.set(id, { times: (asked.get(id)?.times ?? 0) + 1, againAt: Number.POSITIVE_INFINITY })
    }
  }
}
