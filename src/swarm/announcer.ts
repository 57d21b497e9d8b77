/**
 * Tells keepers what this peer holds: batched, at most one message a second to each (a finished or vanished copy goes
 * out after a fifth of a second), with the state at the moment of sending, so that nothing outdated is queued. What was
 * told once is not told again: a digest of it now and then says that it still holds, and mends what went wrong.
 */
import { type ClaimFields, MAX_CLAIMS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Bitmap, Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import { hasBit } from './bitmap.js'
import { bucketOf, ClaimDigest, claimWord } from './claim-digest.js'

const EVERY_MS = 1_000
const URGENT_MS = 200
const MAX_DIRTY = 20_480
const NEVER = Number.NEGATIVE_INFINITY

interface Outbox {
  readonly dirty: Set<Hash> // at most MAX_DIRTY
  readonly told: Map<Hash, number | null> // words of what it knows since this link is up; at most MAX_DIRTY
  /** It may ask for claims again, once for each digest. */
  mayWant: boolean
  sentAt: number
  dueAt: number
}

export class Announcer {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #mesh: Pick<Mesh, 'isLinked' | 'send'>
  readonly #claimOf: (id: Hash) => Omit<ClaimFields, 'manifest'>
  readonly #outboxes = new Map<PeerId, Outbox>() // one per linked peer

  constructor(
    env: Pick<Env, 'now' | 'after'>,
    mesh: Pick<Mesh, 'isLinked' | 'send'>,
    claimOf: (id: Hash) => Omit<ClaimFields, 'manifest'>,
  ) {
    this.#env = env
    this.#mesh = mesh
    this.#claimOf = claimOf
  }

  /** What we hold of this file changed, or is to be repeated. */
  mark(peer: PeerId, id: Hash, urgent: boolean): void {
    if (!this.#mesh.isLinked(peer)) return
    const outbox = this.#outboxes.get(peer) ?? newOutbox()
    this.#outboxes.set(peer, outbox)
    if (outbox.dirty.size < MAX_DIRTY) outbox.dirty.add(id)
    this.#schedule(peer, outbox, urgent ? URGENT_MS : EVERY_MS)
  }

  /** Tells what this peer was not told since its link is up. */
  ensure(peer: PeerId, id: Hash): void {
    if (!this.#outboxes.get(peer)?.told.has(id)) this.mark(peer, id, true)
  }

  /** What we hold of this file changed: whoever was told is told again, even where it does not keep the name any more. */
  changed(id: Hash, urgent: boolean): void {
    for (const [peer, { told }] of this.#outboxes) if (told.has(id)) this.mark(peer, id, urgent)
  }

  /** Says to everybody that what it was told still holds; what does not is told anew. */
  renew(): void {
    for (const [peer, outbox] of this.#outboxes) {
      const digest = new ClaimDigest()
      for (const [id, word] of outbox.told) {
        if (word !== null && claimWord(id, this.#claimOf(id)) === word) digest.add(id, word)
        else this.mark(peer, id, false)
      }
      if (digest.size === 0) continue
      outbox.mayWant = true
      this.#mesh.send(peer, { type: 'claimsDigest', digests: digest.bytes })
    }
  }

  /** A peer remembers something else than what it was told. */
  wanted(peer: PeerId, buckets: Bitmap): void {
    const outbox = this.#outboxes.get(peer)
    if (outbox === undefined || !outbox.mayWant) return
    outbox.mayWant = false
    for (const id of outbox.told.keys()) if (hasBit(buckets, bucketOf(id))) this.mark(peer, id, false)
  }

  linkDown(peer: PeerId): void {
    this.#outboxes.delete(peer)
  }

  #schedule(peer: PeerId, outbox: Outbox, intervalMs: number): void {
    const now = this.#env.now()
    const dueAt = Math.max(now, outbox.sentAt + intervalMs)
    if (outbox.dueAt > now && outbox.dueAt <= dueAt) return
    outbox.dueAt = dueAt
    this.#env.after(dueAt - now, () => {
      if (outbox.dueAt === dueAt && this.#outboxes.get(peer) === outbox) this.#flush(peer, outbox)
    })
  }

  #flush(peer: PeerId, outbox: Outbox): void {
    outbox.dueAt = NEVER
    if (outbox.dirty.size === 0) return
    const ids = [...outbox.dirty].slice(0, MAX_CLAIMS_PER_MESSAGE)
    const claims = ids.map((id) => ({ manifest: id, ...this.#claimOf(id) }))
    for (const claim of claims) {
      const { manifest: id, state } = claim
      outbox.dirty.delete(id)
      if (state === 'none') outbox.told.delete(id)
      else if (outbox.told.size < MAX_DIRTY || outbox.told.has(id)) outbox.told.set(id, claimWord(id, claim))
    }
    outbox.sentAt = this.#env.now()
    this.#mesh.send(peer, { type: 'chunksHave', claims })
    if (outbox.dirty.size > 0) this.#schedule(peer, outbox, URGENT_MS)
  }
}

function newOutbox(): Outbox {
  return { dirty: new Set(), told: new Map(), mayWant: false, sentAt: NEVER, dueAt: NEVER }
}
