/**
 * Tells keepers what this peer holds: batched, at most one message a second to each (a finished or vanished copy goes
 * out after a fifth of a second), with the state at the moment of sending, so that nothing outdated is queued.
 */
import { type ClaimFields, MAX_CLAIMS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Mesh } from '../mesh.js'

const EVERY_MS = 1_000
const URGENT_MS = 200
const MAX_DIRTY = 20_480
const NEVER = Number.NEGATIVE_INFINITY

interface Outbox {
  readonly dirty: Set<Hash> // at most MAX_DIRTY
  readonly told: Set<Hash> // since this link is up; at most MAX_DIRTY
  sentAt: number
  dueAt: number
}

export class Announcer {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #mesh: Mesh
  readonly #claimOf: (id: Hash) => Omit<ClaimFields, 'manifest'>
  readonly #outboxes = new Map<PeerId, Outbox>() // one per linked peer

  constructor(env: Pick<Env, 'now' | 'after'>, mesh: Mesh, claimOf: (id: Hash) => Omit<ClaimFields, 'manifest'>) {
    this.#env = env
    this.#mesh = mesh
    this.#claimOf = claimOf
  }

  /** What we hold of this file changed, or is to be repeated. */
  mark(peer: PeerId, id: Hash, urgent: boolean): void {
    if (!this.#mesh.isLinked(peer)) return
    const outbox = this.#outboxes.get(peer) ?? { dirty: new Set(), told: new Set(), sentAt: NEVER, dueAt: NEVER }
    this.#outboxes.set(peer, outbox)
    if (outbox.dirty.size < MAX_DIRTY) outbox.dirty.add(id)
    this.#schedule(peer, outbox, urgent ? URGENT_MS : EVERY_MS)
  }

  /** Tells what this peer was not told since its link is up. */
  ensure(peer: PeerId, id: Hash): void {
    if (!this.#outboxes.get(peer)?.told.has(id)) this.mark(peer, id, true)
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
    for (const id of ids) {
      outbox.dirty.delete(id)
      if (outbox.told.size < MAX_DIRTY) outbox.told.add(id)
    }
    outbox.sentAt = this.#env.now()
    this.#mesh.send(peer, { type: 'chunksHave', claims })
    if (outbox.dirty.size > 0) this.#schedule(peer, outbox, URGENT_MS)
  }
}
