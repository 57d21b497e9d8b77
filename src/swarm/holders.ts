/**
 * Who says that it holds which chunks. Claims are hints: they expire unless renewed, a peer that did not deliver is
 * demoted for a while, and they are handed out in rotating order so that no holder carries all the load.
 */

import type { HolderFields, HoldingState } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Bitmap, Env } from '../env.js'
import { fitsCount, hasBit } from './bitmap.js'
import { bucketOf, ClaimDigest, claimWord } from './claim-digest.js'

export const CLAIM_MS = 90_000
const DEMOTED_MS = 60_000
const MAX_MANIFESTS = 20_480
const MAX_HOLDERS = 64
/** Of a spread file more peers hold something. */
const MAX_SPREAD_HOLDERS = 1_024
/** Over all claims. */
const MAX_BITMAP_BYTES = 64 * 2 ** 20
const NO_CHUNKS: Bitmap = new Uint8Array(0)

interface Claim {
  readonly state: HoldingState
  readonly chunks: Bitmap
  readonly kept: Bitmap
  readonly at: number
}

export class Holders {
  readonly #env: Pick<Env, 'now'>
  readonly #claims = new Map<Hash, Map<PeerId, Claim>>() // at most MAX_MANIFESTS, MAX_HOLDERS (MAX_SPREAD_HOLDERS) each
  readonly #demoted = new Map<string, number>() // at most MAX_MANIFESTS; until when
  #turn = 0
  #bitmapBytes = 0

  constructor(env: Pick<Env, 'now'>) {
    this.#env = env
  }

  /** Takes a peer's claim about a file of `chunkCount` chunks; false where it makes no sense. */
  note(id: Hash, peer: PeerId, state: HoldingState, chunks: Bitmap, chunkCount: number, kept = NO_CHUNKS): boolean {
    if (!fitsFile({ state, chunks, kept }, chunkCount)) return false
    const claims = this.#claims.get(id) ?? new Map<PeerId, Claim>()
    if (state === 'none') {
      this.#remove(claims, peer)
      return true
    }
    if (this.isDemoted(id, peer)) return true
    const old = claims.get(peer)
    const bytes = this.#bitmapBytes + sizeOf({ chunks, kept }) - (old === undefined ? 0 : sizeOf(old))
    if (bytes > MAX_BITMAP_BYTES) return true
    if (old === undefined && !this.#hasRoom(id, claims, state, kept)) return true
    this.#remove(claims, peer)
    this.#claims.set(id, claims.set(peer, { state, chunks, kept, at: this.#env.now() }))
    this.#bitmapBytes += sizeOf({ chunks, kept })
    return true
  }

  /** What a peer says; where `since` is given, it must have said so after. */
  state(id: Hash, peer: PeerId, since = Number.NEGATIVE_INFINITY): HoldingState {
    const claim = this.#claims.get(id)?.get(peer)
    return claim !== undefined && this.#fresh(claim) && claim.at >= since ? claim.state : 'none'
  }

  /** Chunks that a peer claims of a file it holds in part. */
  chunks(id: Hash, peer: PeerId): Bitmap {
    return this.#claims.get(id)?.get(peer)?.chunks ?? NO_CHUNKS
  }

  /** Single chunks of which a peer says that it keeps a durable copy; where `since` is given, it must have said so after. */
  kept(id: Hash, peer: PeerId, since = Number.NEGATIVE_INFINITY): Bitmap {
    const claim = this.#claims.get(id)?.get(peer)
    return claim !== undefined && this.#fresh(claim) && claim.at >= since ? claim.kept : NO_CHUNKS
  }

  /** How many, `own` included, hold the chunk of the file that the fewest hold. */
  least(id: Hash, own: Omit<HolderFields, 'peer'>, chunkCount: number): number {
    const holding = [own]
    for (const claim of this.#claims.get(id)?.values() ?? []) if (this.#fresh(claim)) holding.push(claim)
    const whole = holding.filter(({ state }) => isComplete(state)).length
    const counts = new Uint16Array(chunkCount)
    for (const { state, kept } of holding) {
      if (isComplete(state)) continue
      for (let at = 0; at < kept.length; at++) {
        if (kept[at] === 0) continue // most of them, where many hold a little each
        for (let index = at * 8; index < at * 8 + 8; index++)
          if (hasBit(kept, index)) counts[index] = (counts[index] ?? 0) + 1
      }
    }
    return whole + counts.reduce((least, count) => Math.min(least, count), chunkCount === 0 ? 0 : 0xffff)
  }

  /** How many others say that they have every chunk. */
  complete(id: Hash): number {
    let count = 0
    for (const claim of this.#claims.get(id)?.values() ?? []) if (isComplete(claim.state) && this.#fresh(claim)) count++
    return count
  }

  /** Of how many files that peer says that it has every chunk. */
  completeAt(peer: PeerId): number {
    let count = 0
    for (const id of this.#claims.keys()) if (isComplete(this.state(id, peer))) count++
    return count
  }

  /** At most `max` holders of something, each time from another starting point. */
  list(id: Hash, max: number): readonly HolderFields[] {
    const holding = [...(this.#claims.get(id) ?? [])]
      .filter(([, claim]) => holdsSome(claim) && this.#fresh(claim))
      .map(([peer, { state, chunks, kept }]) => ({ peer, state, chunks, kept }))
    const start = holding.length === 0 ? 0 : this.#turn++ % holding.length
    return [...holding.slice(start), ...holding.slice(0, start)].slice(0, max)
  }

  /** A peer did not deliver what it claimed: its claims on this file do not count for a minute. */
  demote(id: Hash, peer: PeerId): void {
    this.#remove(this.#claims.get(id), peer)
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
      if (claim === undefined || !this.#fresh(claim)) continue
      const word = claimWord(id, claim)
      if (word === null) continue
      digest.add(id, word)
      known.push({ id, claim })
    }
    const differing = digest.differing(digests)
    const at = this.#env.now()
    for (const { id, claim } of known)
      if (!hasBit(differing, bucketOf(id))) this.#claims.get(id)?.set(peer, { ...claim, at })
    return differing
  }

  forgetPeer(peer: PeerId): void {
    for (const claims of this.#claims.values()) this.#remove(claims, peer)
  }

  expire(): void {
    for (const [id, claims] of this.#claims) {
      for (const [peer, claim] of claims) if (!this.#fresh(claim)) this.#remove(claims, peer)
      if (claims.size === 0) this.#claims.delete(id)
    }
    for (const [key, until] of this.#demoted) if (until <= this.#env.now()) this.#demoted.delete(key)
  }

  #fresh(claim: Claim): boolean {
    return this.#env.now() - claim.at <= CLAIM_MS
  }

  #hasRoom(id: Hash, claims: Map<PeerId, Claim>, state: HoldingState, kept: Bitmap): boolean {
    if (!this.#claims.has(id) && this.#claims.size >= MAX_MANIFESTS) return false
    return claims.size < (kept.length > 0 ? MAX_SPREAD_HOLDERS : MAX_HOLDERS) || this.#makeRoom(claims, state)
  }

  /** A better claim pushes out a worse one. */
  #makeRoom(claims: Map<PeerId, Claim>, state: HoldingState): boolean {
    for (const [peer, claim] of claims) {
      if (this.#fresh(claim) && (isComplete(claim.state) || !isComplete(state))) continue
      this.#remove(claims, peer)
      return true
    }
    return false
  }

  #remove(claims: Map<PeerId, Claim> | undefined, peer: PeerId): void {
    const claim = claims?.get(peer)
    if (claim === undefined) return
    this.#bitmapBytes -= sizeOf(claim)
    claims?.delete(peer)
  }
}

export function isComplete(state: HoldingState): boolean {
  return state === 'all' || state === 'kept'
}

/** Whether a peer that holds this can give anybody a chunk. */
export function holdsSome({ state, kept }: Pick<HolderFields, 'state' | 'kept'>): boolean {
  return (state !== 'none' && state !== 'listed') || kept.length > 0
}

/** Whether what a peer claims makes sense for a file of so many chunks. */
export function fitsFile({ state, chunks, kept }: Omit<HolderFields, 'peer'>, chunkCount: number): boolean {
  if (kept.length > 0 && (state === 'none' || !fitsCount(kept, chunkCount))) return false
  return state === 'some' ? fitsCount(chunks, chunkCount) : chunks.length === 0
}

/** The chunks that can be had of a holder; null: all. */
export function chunksOf({ state, chunks, kept }: Omit<HolderFields, 'peer'>): Bitmap | null {
  if (isComplete(state)) return null
  if (kept.length === 0 || chunks.length === 0) return kept.length === 0 ? chunks : kept
  return chunks.map((byte, at) => byte | (kept[at] ?? 0))
}

function sizeOf({ chunks, kept }: Pick<Claim, 'chunks' | 'kept'>): number {
  return chunks.length + kept.length
}
