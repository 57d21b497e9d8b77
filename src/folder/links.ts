/**
 * Who takes part in the folder, and what each of them is still to be told. Every link has a set of paths that are dirty
 * for it; they are told with what is best when their turn comes, so that bursts coalesce. Live entries go before
 * deletions: whoever gets a move finds its bytes still in their old place.
 * Invariants: only who sent a digest is told anything; as many entries as a receiver takes without blame are sent, and no
 * more (see the two buckets).
 */

import {
  FOLDER_BUCKETS,
  FOLDER_DIGEST_BYTES,
  FOLDER_NEWS_BYTES,
  MAX_ENTRIES_PER_MESSAGE,
} from '../../wire/messages/folder.js'
import type { FolderMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Cancel, Env } from '../env.js'
import type { FolderPath } from '../folder-disk.js'
import type { Mesh } from '../mesh.js'
import type { Index } from './contract.js'
import type { Entry } from './entry.js'

/** Entries that a link may bring at once, and each second after that; more is a flood. */
const ENTRY_BURST = 50_000
const ENTRIES_PER_SECOND = 2_000
/** What we send stays below that, also where some of it waits on the way for a while. */
const SENT_BURST = 40_000
const SENT_PER_SECOND = 1_800
/** Digests of one link that are answered at once; then one a minute. */
const DIGEST_BURST = 4
const DIGESTS_PER_SECOND = 1 / 60
/** A bucket that ran dry: so many entries go together again. */
const REFILL_MS = 100
/** Of an entry with its numbers and hashes, without path and vector; and of one counter. Both are upper bounds. */
const ENTRY_BYTES = 128
const COUNTER_BYTES = 46

type News = (FolderMessage & { readonly type: 'folderNews' })['entries']

/** One peer with a link. */
interface Partner {
  readonly peer: PeerId
  /** It sent a digest. */
  takesPart: boolean
  /** What it is to be told, by what is best now; at most as many paths as the index takes. */
  readonly live: Set<FolderPath>
  readonly deleted: Set<FolderPath>
  /** Paths whose bytes neither side had when they were told: it hears when we have them. */
  readonly lacking: Set<FolderPath>
  /** Until the link is drained, or the bucket fills. */
  waiting: 'no' | 'turn' | 'drain' | 'bucket'
  wake: Cancel
  readonly sends: Bucket
  readonly takes: Bucket
  readonly digests: Bucket
}

export interface LinksHooks {
  /** That peer says that it holds the bytes of what is best here. */
  held(path: FolderPath, peer: PeerId): void
  /** Somebody takes part from now on. */
  joined(peer: PeerId): void
}

export class Links {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #mesh: Mesh
  readonly #index: () => Index
  readonly #hooks: LinksHooks
  readonly #partners = new Map<PeerId, Partner>() // one a control link

  constructor(env: Pick<Env, 'now' | 'after'>, mesh: Mesh, index: () => Index, hooks: LinksHooks) {
    this.#env = env
    this.#mesh = mesh
    this.#index = index
    this.#hooks = hooks
  }

  /** A link is new, or took the place of another on which messages may have been lost. */
  up(peer: PeerId): void {
    this.down(peer)
    if (this.#mesh.member(peer)?.dedicated) return
    this.#partners.set(peer, {
      peer,
      takesPart: false,
      live: new Set(),
      deleted: new Set(),
      lacking: new Set(),
      waiting: 'no',
      wake: () => {},
      sends: new Bucket(this.#env, SENT_BURST, SENT_PER_SECOND),
      takes: new Bucket(this.#env, ENTRY_BURST, ENTRIES_PER_SECOND),
      digests: new Bucket(this.#env, DIGEST_BURST, DIGESTS_PER_SECOND),
    })
    this.#mesh.send(peer, { type: 'folderDigest', buckets: this.#index().digests() })
  }

  down(peer: PeerId): void {
    this.#partners.get(peer)?.wake()
    this.#partners.delete(peer)
  }

  drained(peer: PeerId): void {
    const partner = this.#partners.get(peer)
    if (partner?.waiting === 'drain') this.#flush(partner)
  }

  close(): void {
    for (const peer of [...this.#partners.keys()]) this.down(peer)
  }

  takesPart(peer: PeerId): boolean {
    return this.#partners.get(peer)?.takesPart ?? false
  }

  /** Nobody who is linked takes part. */
  get isAlone(): boolean {
    for (const { takesPart } of this.#partners.values()) if (takesPart) return false
    return true
  }

  /** Those that take part and did not say that they lack the bytes of what is best there. */
  *mayHold(path: FolderPath): Iterable<PeerId> {
    for (const { peer, takesPart, lacking } of this.#partners.values()) if (takesPart && !lacking.has(path)) yield peer
  }

  // ---- what comes in

  digest(from: PeerId, theirs: Uint8Array): void {
    const partner = this.#partners.get(from)
    if (partner === undefined) return
    const isNew = !partner.takesPart
    partner.takesPart = true
    if (partner.digests.take()) this.#compare(partner, theirs)
    if (isNew) this.#hooks.joined(from)
  }

  news(from: PeerId, entries: News): void {
    const partner = this.#partners.get(from)
    if (partner === undefined) return
    for (const { entry, held } of entries) {
      if (!partner.takes.take()) {
        this.#mesh.blame(from, 'flood', `more than ${ENTRIES_PER_SECOND} entries of the folder a second`)
        return
      }
      if (!this.#take(partner, entry, held)) return
    }
  }

  // ---- what goes out

  /** What is best of this path is to be told to all but one. */
  changed(path: FolderPath, from: PeerId | null): void {
    const isDeleted = this.#index().get(path)?.best.kind === 'deleted'
    for (const partner of this.#partners.values()) {
      partner.lacking.delete(path)
      if (partner.peer !== from) this.#mark(partner, path, isDeleted)
      else this.#unmark(partner, path)
    }
  }

  /** Its bytes are on this disk now. */
  arrived(path: FolderPath): void {
    for (const partner of this.#partners.values()) {
      if (partner.lacking.delete(path)) this.#mark(partner, path, false)
    }
  }

  /** That peer turned out not to have its bytes: it hears that we lack them too, and will say when it has them. */
  lacks(path: FolderPath, peer: PeerId): void {
    const partner = this.#partners.get(peer)
    if (partner === undefined || this.#index().isHeld(path)) return
    partner.lacking.add(path)
    this.#mark(partner, path, false)
  }

  #compare(partner: Partner, theirs: Uint8Array): void {
    const index = this.#index()
    const ours = index.digests()
    for (let bucket = 0; bucket < FOLDER_BUCKETS; bucket++) {
      const [start, end] = [bucket * FOLDER_DIGEST_BYTES, (bucket + 1) * FOLDER_DIGEST_BYTES]
      if (isEqual(ours.subarray(start, end), theirs.subarray(start, end))) continue
      for (const path of index.bucket(bucket)) {
        this.#mark(partner, path, index.get(path)?.best.kind === 'deleted')
      }
    }
  }

  /** Answers whether the link is still wanted. */
  #take(partner: Partner, entry: Entry, held: boolean): boolean {
    const index = this.#index()
    const { path } = entry
    const { peer } = partner
    const taken = index.remote(entry, peer)
    if (taken.how === 'refused') {
      if (taken.isBreach) this.#mesh.blame(peer, 'protocol', `an entry of the folder that cannot be: ${taken.fault}`)
      return !taken.isBreach
    }
    if (taken.how === 'older') {
      this.#mark(partner, path, index.get(path)?.best.kind === 'deleted')
      return true
    }
    const isHere = index.isHeld(path)
    // what it told need not be told to it, unless we can give it the bytes
    if (taken.how === 'known' && (held || !isHere)) this.#unmark(partner, path)
    if (held) {
      partner.lacking.delete(path)
      if (!isHere) this.#hooks.held(path, peer)
    } else if (isHere) this.#mark(partner, path, entry.kind === 'deleted')
    else partner.lacking.add(path)
    return true
  }

  #mark(partner: Partner, path: FolderPath, isDeleted: boolean): void {
    if (!partner.takesPart) return
    const [to, other] = isDeleted ? [partner.deleted, partner.live] : [partner.live, partner.deleted]
    other.delete(path)
    // last again: a conflict copy must be told before what took its place
    to.delete(path)
    to.add(path)
    if (partner.waiting === 'no') this.#flushLater(partner, 'turn', 0)
  }

  #unmark(partner: Partner, path: FolderPath): void {
    partner.live.delete(path)
    partner.deleted.delete(path)
  }

  /** One message a turn: whoever hears of a large folder begins to fetch from it meanwhile. */
  #flush(partner: Partner): void {
    partner.waiting = 'no'
    if (partner.live.size + partner.deleted.size === 0) return
    if (!partner.sends.hasOne) {
      this.#flushLater(partner, 'bucket', REFILL_MS)
      return
    }
    const entries = this.#nextEntries(partner)
    const sent = entries.length === 0 || this.#mesh.send(partner.peer, { type: 'folderNews', entries }) === 'sent'
    if (sent) this.#flushLater(partner, 'turn', 0)
    // without a link `down` follows
    else partner.waiting = 'drain'
  }

  #flushLater(partner: Partner, waiting: 'turn' | 'bucket', delayMs: number): void {
    partner.waiting = waiting
    partner.wake = this.#env.after(delayMs, () => this.#flush(partner))
  }

  /** As many as one message takes. */
  #nextEntries(partner: Partner): News {
    const index = this.#index()
    const entries: { readonly entry: Entry; readonly held: boolean }[] = []
    let room = FOLDER_NEWS_BYTES
    for (const set of [partner.live, partner.deleted]) {
      for (const path of set) {
        const entry = index.get(path)?.best
        if (entry !== undefined) {
          const counters = entry.vector.length + (entry.made?.length ?? 0)
          const size = ENTRY_BYTES + Buffer.byteLength(path) + counters * COUNTER_BYTES
          const isFull = entries.length >= MAX_ENTRIES_PER_MESSAGE || (entries.length > 0 && size > room)
          if (isFull || !partner.sends.take()) return entries
          room -= size
          const held = index.isHeld(path)
          if (held) partner.lacking.delete(path)
          else partner.lacking.add(path)
          entries.push({ entry, held })
        }
        set.delete(path)
      }
    }
    return entries
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
