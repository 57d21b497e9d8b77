/**
 * The newest signed entry of every peer heard of. Any two peers that meet merge their lists, so that all lists become
 * equal whoever told whom first: per id the highest (startTime, sequence) wins. Entries of peers that nobody here has met are taken within the bounds of `hearsay.ts` and
 * `unmet.ts` and are the first to go. Invariant: only verified entries.
 */
import { sha256 } from '../../wire/hash.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { idOf, signedEntry, supersedes } from './entry.js'
import { Hearsay } from './hearsay.js'
import { Unmet } from './unmet.js'

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
  /** Whether there is a link with that peer: what is told of it needs no bounds. */
  isLinked(peer: PeerId): boolean
  /** A candidate or member: the last to go where the list is full. */
  isActive(peer: PeerId): boolean
  /** It had to go, for want of room or because it could not be found. */
  forgotten(peer: PeerId): void
}

export class PeerList {
  readonly #env: Pick<Env, 'workers' | 'now' | 'after'>
  readonly #chain: () => Hash
  readonly #hooks: PeerListHooks
  readonly #entries = new Map<PeerId, PeerEntry>() // at most MAX_PEERS
  readonly #checking = new Set<string>() // at most MAX_UNVERIFIED
  readonly #unmet: Unmet
  readonly #hearsay: Hearsay

  constructor(env: Pick<Env, 'workers' | 'now' | 'after'>, chain: () => Hash, hooks: PeerListHooks) {
    this.#env = env
    this.#chain = chain
    this.#hooks = hooks
    this.#unmet = new Unmet(env)
    this.#hearsay = new Hearsay(env, {
      isNews: ({ id, entry }) => this.#isNews(id, entry),
      admit: (items, from) => this.#checkAll(items, from, () => {}),
    })
  }

  /** Peers that nobody here has had a link with yet. */
  get unmet(): Pick<Unmet, 'size' | 'has' | 'next'> {
    return this.#unmet
  }

  /** That peer proved to be where it is: its entry is hearsay no more. */
  met(peer: PeerId): void {
    this.#unmet.remove(peer)
  }

  /** A peer that was never met could not be found: it is not taken again for a while, except from itself. */
  drop(peer: PeerId): void {
    if (!this.#unmet.has(peer)) return
    this.#unmet.drop(peer)
    this.#forget(peer)
  }

  /** Entries that are being checked. */
  get unverified(): number {
    return this.#checking.size
  }

  linkDown(peer: PeerId): void {
    this.#hearsay.linkDown(peer)
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
    const known: Listed[] = []
    const strange: Listed[] = []
    for (const entry of entries) {
      const id = idOf(entry.publicKey)
      if (!this.#isNews(id, entry) && id !== from) continue
      if (this.#isHearsay(id, from)) strange.push({ id, entry })
      else known.push({ id, entry })
    }
    this.#checkAll([...known, ...this.#hearsay.admit(strange, from)], from, done)
  }

  #checkAll(items: readonly Listed[], from: PeerId, done: () => void): void {
    const fresh: Unverified[] = []
    for (const { id, entry } of items) {
      const { text, signature } = signedEntry(this.#chain(), entry)
      // over all of it: a forgery must not stand in for the real one that has the same signature
      const key = sha256(text, signature)
      if (!this.#isNews(id, entry, from) || this.#checking.has(key) || this.#checking.size >= MAX_UNVERIFIED) continue
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
      // what came first may have had to go for what came last
      const kept = merged.filter(({ id, entry }) => this.#entries.get(id) === entry)
      if (kept.length > 0) this.#hooks.merged(kept, from)
      if (forged) this.#hooks.forged(from)
      done()
    })
  }

  #insert({ id, entry, from }: Unverified): boolean {
    if (!this.#isNews(id, entry, from)) return false
    if (this.#isHearsay(id, from)) {
      const inTheWay = this.#unmet.inTheWayOf(from)
      if (inTheWay !== undefined) this.#forget(inTheWay)
      if (!this.#hasRoom()) return false
      this.#unmet.add(id, from)
    } else if (id === from) this.#unmet.remove(id)
    if (!this.#entries.has(id) && !this.#hasRoom()) return false
    this.#entries.set(id, entry)
    return true
  }

  /** `from` itself, or somebody whom we know already, is no hearsay. */
  #isHearsay(id: PeerId, from: PeerId): boolean {
    return id !== from && !this.#entries.has(id) && !this.#hooks.isLinked(id)
  }

  #isNews(id: PeerId, entry: PeerEntry, from: PeerId | null = null): boolean {
    const known = this.#entries.get(id)
    if (known === undefined) return id === from || this.#hooks.isLinked(id) || !this.#unmet.wasDropped(id)
    return supersedes(entry, known)
  }

  /** A full list forgets whom nobody met, then who is gone; one full of living peers takes no more. */
  #hasRoom(): boolean {
    if (this.#entries.size < MAX_PEERS) return true
    const dispensable = this.#unmet.oldest() ?? this.#gone()
    if (dispensable === undefined) return false
    this.#forget(dispensable)
    return true
  }

  #gone(): PeerId | undefined {
    for (const id of this.#entries.keys()) if (!this.#hooks.isActive(id)) return id
    return undefined
  }

  #forget(peer: PeerId): void {
    this.#unmet.remove(peer)
    this.#entries.delete(peer)
    this.#hooks.forgotten(peer)
  }
}
