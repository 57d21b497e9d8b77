/**
 * Who says that it holds which chunks. Claims are hints: they expire unless renewed, a peer that did not deliver is
 * demoted for a while, and they are handed out in rotating order so that no holder carries all the load.
 */

import type { HolderFields, HoldingState } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Bitmap, Env } from '../env.js'
import { fitsCount, hasBit } from './bitmap.js'
import { bucketOf, ClaimDigest } from './claim-digest.js'

export const CLAIM_MS = 90_000
const DEMOTED_MS = 60_000
const MAX_MANIFESTS = 20_480
const MAX_HOLDERS = 64
const NO_CHUNKS: Bitmap = new Uint8Array(0)

interface Claim {
  readonly state: HoldingState
  readonly chunks: Bitmap
  readonly at: number
}

export class Holders {
  readonly #env: Pick<Env, 'now'>
  readonly #claims = new Map<Hash, Map<PeerId, Claim>>() // at most MAX_MANIFESTS, MAX_HOLDERS each
  readonly #demoted = new Map<string, number>() // at most MAX_MANIFESTS; until when
  #turn = 0

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  /** Takes a peer's claim about a file of `chunkCount` chunks; false where it makes no sense. */
  note(id: Hash, peer: PeerId, state: HoldingState, chunks: Bitmap, chunkCount: number): boolean {
    if (state === 'some' ? !fitsCount(chunks, chunkCount) : chunks.length > 0) return false
    const claims = this.#claims.get(id)
    if (state === 'none') {
      claims?.delete(peer)
      return true
    }
    if (this.isDemoted(id, peer)) return true
    if (claims === undefined) {
      if (this.#claims.size >= MAX_MANIFESTS) return true
      this.#claims.set(id, new Map([[peer, { state, chunks, at: this.#env.now() }]]))
      return true
    }
    if (claims.size >= MAX_HOLDERS && !claims.has(peer) && !this.#makeRoom(claims, state)) return true
    claims.set(peer, { state, chunks, at: this.#env.now() })
    return true
  }

  state(id: Hash, peer: PeerId): HoldingState {
    const claim = this.#claims.get(id)?.get(peer)
    return claim !== undefined && this.#fresh(claim) ? claim.state : 'none'
  }

  /** Chunks that a peer claims of a file it holds in part. */
  chunks(id: Hash, peer: PeerId): Bitmap {
    return this.#claims.get(id)?.get(peer)?.chunks ?? NO_CHUNKS
  }

  /** How many others say that they have every chunk. */
  complete(id: Hash): number {
    let count = 0
    for (const claim of this.#claims.get(id)?.values() ?? []) if (isComplete(claim.state) && this.#fresh(claim)) count++
    return count
  }

  /** At most `max` holders of something, each time from another starting point. */
  list(id: Hash, max: number): readonly HolderFields[] {
    const holding = [...(this.#claims.get(id) ?? [])]
      .filter(([, claim]) => claim.state !== 'listed' && this.#fresh(claim))
      .map(([peer, { state, chunks }]) => ({ peer, state, chunks }))
    const start = holding.length === 0 ? 0 : this.#turn++ % holding.length
    return [...holding.slice(start), ...holding.slice(0, start)].slice(0, max)
  }

  /** A peer did not deliver what it claimed: its claims on this file do not count for a minute. */
  demote(id: Hash, peer: PeerId): void {
    this.#claims.get(id)?.delete(peer)
    if (this.#demoted.size >= MAX_MANIFESTS) this.#demoted.clear()
    this.#demoted.set(id + peer, this.#env.now() + DEMOTED_MS)
  }

  isDemoted(id: Hash, peer: PeerId): boolean {
    return (this.#demoted.get(id + peer) ?? 0) > this.#env.now()
  }

  /** A peer pictures what it told us: claims that agree are fresh again. Answers the buckets that differ. */
  renew(peer: PeerId, digests: Uint8Array): Bitmap {
    const digest = new ClaimDigest()
    const known: { readonly id: Hash; readonly claim: Claim }[] = []
    for (const [id, claims] of this.#claims) {
      const claim = claims.get(peer)
      if (claim === undefined || claim.state === 'some' || !this.#fresh(claim)) continue
      digest.add(id, claim.state)
      known.push({ id, claim })
    }
    const differing = digest.differing(digests)
    const at = this.#env.now()
    for (const { id, claim } of known)
      if (!hasBit(differing, bucketOf(id))) this.#claims.get(id)?.set(peer, { ...claim, at })
    return differing
  }

  forgetPeer(peer: PeerId): void {
    for (const claims of this.#claims.values()) claims.delete(peer)
  }

  forget(id: Hash): void {
    this.#claims.delete(id)
  }

  expire(): void {
    for (const [id, claims] of this.#claims) {
      for (const [peer, claim] of claims) if (!this.#fresh(claim)) claims.delete(peer)
      if (claims.size === 0) this.#claims.delete(id)
    }
    for (const [key, until] of this.#demoted) if (until <= this.#env.now()) this.#demoted.delete(key)
  }

  #fresh(claim: Claim): boolean {
    return this.#env.now() - claim.at <= CLAIM_MS
  }

  /** A better claim pushes out a worse one. */
  #makeRoom(claims: Map<PeerId, Claim>, state: HoldingState): boolean {
    for (const [peer, claim] of claims) {
      if (this.#fresh(claim) && (isComplete(claim.state) || !isComplete(state))) continue
      return claims.delete(peer)
    }
    return false
  }
}

export function isComplete(state: HoldingState): boolean {
  return state === 'all' || state === 'kept'
}
