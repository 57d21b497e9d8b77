/**
 * What the manifests task keeps: the register and the manifest of every name, and no content. Manifests that it lacks,
 * as after it was away, it asks of publishers and keepers, a bounded number at a time.
 */
import { MAX_IDS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Soon } from '../soon.js'
import type { Keep } from '../swarm/keep.js'
import type { Parts } from '../swarm/parts.js'
import type { Register } from '../swarm/register.js'

const RETRY_MS = 1_000
const EVERY_MS = 30_000
/** A manifest that did not come by then is asked for again, of another. */
const ASK_AGAIN_MS = 10_000
const MAX_WANTED = 256

export class Listing implements Keep {
  readonly lists = true
  readonly #parts: Parts
  readonly #wanted = new Map<Hash, number>() // manifests under way -> when asked for; at most MAX_WANTED
  /** Manifests that are here: looking into the store costs a read. */
  readonly #here = new Set<Hash>() // at most one per live register
  readonly #soon: Soon
  /** Where among the missing the next look begins. */
  #turn = 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.#soon = new Soon(parts.env, () => this.#askMissing())
    this.#regularly()
  }

  reviewSoon(delayMs?: number): void {
    this.#soon.plan(delayMs)
  }

  review(_register: Register): void {
    this.reviewSoon()
  }

  /** Content is the business of the other task. */
  asked(id: Hash, from: PeerId): boolean {
    this.#parts.post.tell(from, { type: 'keepRefused', manifest: id, reason: 'elsewhere' })
    return true
  }

  expect(id: Hash): void {
    // of what no name means nothing may ever be to come
    if (this.#parts.names.byManifest(id) === undefined) return
    if (this.#wanted.size < MAX_WANTED) this.#wanted.set(id, this.#parts.env.now())
  }

  arrived({ manifest }: Register, _from: PeerId): void {
    if (manifest === null || !this.#wanted.delete(manifest)) return
    if (this.#wanted.size < MAX_WANTED / 2) this.reviewSoon()
  }

  refused(): void {}

  /** The files task says what this anchor holds. */
  audience(): readonly PeerId[] {
    return []
  }

  lacking(): readonly PeerId[] {
    return []
  }

  askNow(): void {}

  forgetful(): void {}

  roomCame(): void {}

  #regularly(): void {
    const { env, holders, names } = this.#parts
    env.after(EVERY_MS, () => {
      holders.expire()
      names.expire()
      for (const id of this.#here) if (names.byManifest(id) === undefined) this.#here.delete(id)
      this.reviewSoon()
      this.#regularly()
    })
  }

  #askMissing(): void {
    const { env, names, post } = this.#parts
    for (const [id, at] of this.#wanted) if (env.now() - at >= ASK_AGAIN_MS) this.#wanted.delete(id)
    const questions = new Map<PeerId, Hash[]>()
    const missing = [...names.all()].filter(({ manifest: id }) => id !== null && !this.#has(id))
    // those that nobody delivers must not come first each time
    const start = this.#turn % Math.max(1, missing.length)
    for (const register of [...missing.slice(start), ...missing.slice(0, start)]) {
      const id = register.manifest
      if (this.#wanted.size >= MAX_WANTED) break
      this.#turn++
      if (id === null || this.#wanted.has(id)) continue
      const peer = this.#whomToAsk(register)
      if (peer === undefined) continue
      this.#wanted.set(id, env.now())
      questions.set(peer, [...(questions.get(peer) ?? []), id])
    }
    for (const [peer, manifests] of questions) {
      post.tell(peer, { type: 'manifestWant', manifests: manifests.slice(0, MAX_IDS_PER_MESSAGE) })
    }
    if (missing.length > 0) this.reviewSoon(RETRY_MS)
  }

  #has(id: Hash): boolean {
    if (!this.#here.has(id) && this.#parts.manifests.has(id)) this.#here.add(id)
    return this.#here.has(id)
  }

  /** Somebody who should have it: the publisher or a keeper, another one each time. */
  #whomToAsk({ name, publisher }: Register): PeerId | undefined {
    const { roster, mesh, env } = this.#parts
    const linked = [...new Set([publisher, ...roster.keepers(name)])].filter(
      (peer) => peer !== env.identity.id && mesh.isLinked(peer),
    )
    return linked[Math.floor(env.random() * linked.length)]
  }
}
