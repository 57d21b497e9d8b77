/**
 * The newest signed entry of every peer heard of. Any two peers that meet merge their lists, so that all lists become
 * equal whoever told whom first: per id the highest (startTime, sequence) wins. Invariant: only verified entries.
 */
import { sha256 } from '../../wire/hash.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { idOf, signedEntry, supersedes } from './entry.js'

export const MAX_PEERS = 10_000
/** Entries that wait for a signature check. */
const MAX_UNVERIFIED = 10_000
const BATCH = 64

export interface Listed {
  readonly id: PeerId
  readonly entry: PeerEntry
}

interface Unverified extends Listed {
  readonly from: PeerId
  /** Hash of the entry: the same one comes from many links. */
  readonly key: string
}

export interface PeerListHooks {
  /** These were news, in the order in which they came from that peer. */
  merged(entries: readonly Listed[], from: PeerId): void
  /** That peer passed on an entry that its subject did not sign. */
  forged(from: PeerId): void
}

export class PeerList {
  readonly #env: Pick<Env, 'workers'>
  readonly #chain: () => Hash
  readonly #hooks: PeerListHooks
  readonly #entries = new Map<PeerId, PeerEntry>() // at most MAX_PEERS
  readonly #checking = new Set<string>() // at most MAX_UNVERIFIED

  constructor(env: Pick<Env, 'workers'>, chain: () => Hash, hooks: PeerListHooks) {
    this.#env = env
    this.#chain = chain
    this.#hooks = hooks
  }

  get(peer: PeerId): PeerEntry | undefined {
    return this.#entries.get(peer)
  }

  all(): Iterable<readonly [PeerId, PeerEntry]> {
    return this.#entries
  }

  /** Takes an entry that needs no check: our own, or one that we stored after checking it. */
  put(id: PeerId, entry: PeerEntry): void {
    this.#entries.set(id, entry)
  }

  /** Checks what a peer told and merges what is news; `hooks.merged` follows for those. */
  offer(entries: readonly PeerEntry[], from: PeerId, done: () => void = () => {}): void {
    const fresh: Unverified[] = []
    for (const entry of entries) {
      const id = idOf(entry.publicKey)
      const { text, signature } = signedEntry(this.#chain(), entry)
      // over all of it: a forgery must not stand in for the real one that has the same signature
      const key = sha256(text, signature)
      if (!this.#isNews(id, entry) || this.#checking.has(key) || this.#checking.size >= MAX_UNVERIFIED) continue
      this.#checking.add(key)
      fresh.push({ id, entry, from, key })
    }
    let open = Math.ceil(fresh.length / BATCH)
    if (open === 0) {
      done()
      return
    }
    for (let start = 0; start < fresh.length; start += BATCH) {
      this.#check(fresh.slice(start, start + BATCH), from, () => {
        open--
        if (open === 0) done()
      })
    }
  }

  #check(batch: readonly Unverified[], from: PeerId, done: () => void): void {
    const texts = batch.map(({ entry }) => signedEntry(this.#chain(), entry))
    this.#env.workers.verify(texts, (valid) => {
      const merged: Listed[] = []
      let forged = false
      for (const [place, item] of batch.entries()) {
        this.#checking.delete(item.key)
        if (valid[place] !== true) forged = true
        else if (this.#insert(item)) merged.push(item)
      }
      if (merged.length > 0) this.#hooks.merged(merged, from)
      if (forged) this.#hooks.forged(from)
      done()
    })
  }

  #insert({ id, entry }: Listed): boolean {
    if (!this.#isNews(id, entry)) return false
    if (!this.#entries.has(id) && this.#entries.size >= MAX_PEERS) {
      const departed = this.#departed()
      if (departed === undefined) return false
      this.#entries.delete(departed)
    }
    this.#entries.set(id, entry)
    return true
  }

  #isNews(id: PeerId, entry: PeerEntry): boolean {
    const known = this.#entries.get(id)
    return known === undefined || supersedes(entry, known)
  }

  /** A full list forgets a peer that left; one full of living peers takes no more. */
  #departed(): PeerId | undefined {
    for (const [id, entry] of this.#entries) if (entry.state === 'left') return id
    return undefined
  }
}
