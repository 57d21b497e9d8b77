/**
 * Asks dedicated anchors for copies of stored files: each anchor once for each file while its links stand. Only the
 * publisher and the first keeper ask. An anchor that is full or evicts a copy is not asked again, else two files that do
 * not both fit would push each other out for ever.
 */
import { MAX_IDS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const MAX_ASKED = 20_480

export class AnchorAsks {
  readonly #parts: Parts
  readonly #asked = new Map<PeerId, Set<Hash>>() // linked anchors; at most MAX_ASKED files each
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
      const asked = this.#asked.get(anchor) ?? new Set()
      this.#asked.set(anchor, asked)
      if (asked.has(manifest) || asked.size >= MAX_ASKED || holders.state(manifest, anchor) === 'kept') continue
      asked.add(manifest)
      this.#outbox.set(anchor, (this.#outbox.get(anchor) ?? new Set()).add(manifest))
    }
  }

  flush(): void {
    for (const [anchor, ids] of this.#outbox) {
      const all = [...ids]
      for (let at = 0; at < all.length; at += MAX_IDS_PER_MESSAGE) {
        const manifests = all.slice(at, at + MAX_IDS_PER_MESSAGE)
        if (this.#parts.mesh.send(anchor, { type: 'keepAsk', manifests }) !== 'none') continue
        for (const id of manifests) this.#asked.get(anchor)?.delete(id)
      }
    }
    this.#outbox.clear()
  }

  /** The anchor was too busy: it is asked again at the next review. */
  busy(id: Hash, anchor: PeerId): void {
    this.#asked.get(anchor)?.delete(id)
  }

  forget(anchor: PeerId): void {
    this.#asked.delete(anchor)
  }
}
