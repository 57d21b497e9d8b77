/**
 * Keeps every chunk of every spread file at its k owners. Nobody has to ask them: registers flood, so each peer sees for
 * itself which chunks it owes, and fetches what it lacks from whoever has it. A chunk that is no longer owed goes only
 * after each of its owners said for itself that it has a durable copy, and ten seconds later says so again.
 * Invariant: this peer never drops a chunk that would leave fewer than k copies, as far as it knows.
 */
import type { HolderFields } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Bitmap } from '../env.js'
import { and, anyBit, emptyBitmap, indicesOf, minus } from './bitmap.js'
import type { Fetches } from './fetches.js'
import { chunksOf, holdsSome, isComplete } from './holders.js'
import type { Lookup } from './lookup.js'
import { bytesOf, MAX_LOOSE_FILES } from './loose.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'
import { Rests } from './rests.js'
import { Reviews } from './reviews.js'
import type { Safety } from './safety.js'
import { seek } from './seek.js'
import type { ChunkOwners } from './spread.js'
import { SpreadCopy } from './spread-copy.js'
import { chunksIn, SpreadCounts } from './spread-counts.js'

const RETRY_MS = 1_000
const EVERY_MS = 30_000
const ASK_AGAIN_MS = 2_000
const DROP_AFTER_MS = 10_000
const REPLACED_MS = 10_000
/** Others are told again before the minute is over for which they remember it: else duties go to and fro. */
const FULL_MS = 40_000
const LEAVING_MS = 30_000
const MAX_COPYING = 4
const MAX_LEAVING = 64
const MAX_NOTES = 65_536
const MAX_ASKED = 16
const MAX_TOLD_FULL = 64
/** Files that others are told at once, and in a second, that there is no room for. */
const FULL_FILES = 64
const FULL_FILES_PER_SECOND = 4

export interface SpreadParts {
  readonly parts: Parts
  readonly fetches: Fetches
  readonly lookup: Lookup
  readonly safety: Safety
  readonly quotaBytes: number
}

export class SpreadDuty {
  readonly #parts: Parts
  readonly #fetches: Fetches
  readonly #lookup: Lookup
  readonly #safety: Safety
  readonly counts: SpreadCounts
  readonly #quotaBytes: number
  readonly #reviews: Reviews
  readonly #copies = new Map<Hash, SpreadCopy>() // at most MAX_COPYING
  readonly #spare = new Map<Hash, { readonly since: number; readonly chunks: Bitmap }>() // at most one per loose file
  readonly #notes = new Map<string, number>() // what was asked or said when; at most MAX_NOTES
  readonly #rests: Rests
  readonly #tellingFull: Bucket
  readonly #promised = new Set<Hash>() // somebody holds chunks of these; at most one per live name
  readonly #leaving = new Map<PeerId, number>() // until when; at most MAX_LEAVING

  constructor({ parts, fetches, lookup, safety, quotaBytes }: SpreadParts) {
    this.#parts = parts
    this.#fetches = fetches
    this.#lookup = lookup
    this.#safety = safety
    this.counts = new SpreadCounts(parts)
    this.#rests = new Rests(parts.env)
    this.#tellingFull = new Bucket(parts.env, FULL_FILES, FULL_FILES_PER_SECOND)
    this.#reviews = new Reviews(parts.env, {
      all: () => this.#all(),
      chunksOf: (id) => chunksIn(parts.names.byManifest(id) ?? { size: 0 }),
      review: (id) => this.#review(id),
    })
    this.#quotaBytes = quotaBytes
    safety.onKnown = () => this.reviewSoon()
    fetches.ownersOf = (manifest, missing) => this.#ownersOf(manifest.id, missing)
    parts.env.chunks.loose.onLost = (blob, index, reason) => this.#lost(blob, index, reason)
    this.#regularly()
  }

  /** A peer told of its own chunks. */
  onHeard: (id: Hash) => void = () => {}

  /** Reviews all spread files shortly; many calls make one review. */
  reviewSoon(): void {
    this.#reviews.soon()
  }

  /** Reviews one file. */
  look(id: Hash, delayMs = 0): void {
    this.#reviews.look(id, delayMs)
  }

  /** A holder's claim arrived: a running copy uses it at once. */
  offered(id: Hash, holder: HolderFields): void {
    if (holder.peer === this.#parts.env.identity.id) return
    if (!holdsSome(holder)) return
    const copy = this.#copies.get(id)
    if (copy !== undefined) copy.offer(holder.peer, chunksOf(holder))
    else if (this.#rests.promised(id)) {
      this.#promised.add(id)
      this.look(id)
    }
  }

  memberLeft(peer: PeerId): void {
    this.#leaving.delete(peer)
    for (const copy of this.#copies.values()) copy.withdraw(peer)
  }

  /** A peer is about to leave: what would be owed without it is owed now. */
  leaving(peer: PeerId, ids: readonly Hash[]): void {
    if (this.#leaving.size < MAX_LEAVING) this.#leaving.set(peer, this.#parts.env.now() + LEAVING_MS)
    for (const id of ids) if (this.#parts.names.byManifest(id) !== undefined) this.look(id)
  }

  isCopying(id: Hash): boolean {
    return this.#copies.has(id)
  }

  /** Our user waits for copies: owners that lack some are asked what they have by now. */
  hasten(register: Register, id: Hash): void {
    this.ask(register, this.counts.lacking(register))
    this.look(id)
  }

  /** Asks those who will own chunks without this peer to fetch them now, and what they have. */
  handOver(register: Register): void {
    const { env, post } = this.#parts
    const { manifest: id } = register
    if (id === null) return
    const lacking = this.counts.lacking(register, env.identity.id)
    for (const peer of lacking) post.tell(peer, { type: 'keepAsk', manifests: [id], leaving: true })
    this.ask(register, lacking)
  }

  /** Asks owners what they have by now. */
  ask(register: Register, peers: Iterable<PeerId>): void {
    const { env } = this.#parts
    const { manifest: id } = register
    if (id === null) return
    const due = [...peers].filter((peer) => peer !== env.identity.id && this.#may(`ask${peer}${id}`, ASK_AGAIN_MS))
    seek(this.#parts, { id, chunkCount: chunksIn(register) }, due, {
      found: (holder) => this.offered(id, holder),
      heard: () => this.onHeard(id),
    })
  }

  #regularly(): void {
    const { env } = this.#parts
    env.after(EVERY_MS * (0.9 + 0.2 * env.random()), () => {
      this.reviewSoon()
      this.#regularly()
    })
  }

  /** Who is not of the ring owes no chunks: it looks only at those that it kept when it was. */
  *#all(): Generator<Hash> {
    const { env, names, loose, roster } = this.#parts
    const registers = roster.inRing(env.identity.id) ? names.all() : []
    for (const { keeping, manifest } of registers) if (keeping === 'spread' && manifest !== null) yield manifest
    for (const { manifest } of loose.all()) yield manifest
  }

  #review(id: Hash): void {
    const { names, loose } = this.#parts
    const register = names.byManifest(id)
    if (register === undefined || register.keeping !== 'spread') {
      this.#promised.delete(id)
      this.#spare.delete(id)
      this.#copies.get(id)?.stop()
      if (loose.has(id)) this.#dropReplaced(id)
      return
    }
    if (loose.isBusy(id)) return // it is looked at again when that ends
    const owners = this.counts.owners(register)
    const kept = loose.kept(id)
    const have = kept.length > 0 ? kept : emptyBitmap(chunksIn(register))
    const owed = this.#owed(register, owners)
    const missing = minus(owed, have)
    const spare = minus(have, owed)
    const copy = this.#copies.get(id)
    if (copy !== undefined) {
      // it ends, and what is missing then is fetched anew
      if (!anyBit(missing) || !copy.covers(missing)) copy.stop()
      return
    }
    if (anyBit(missing)) this.#make(register, id, owners, missing)
    else this.#promised.delete(id)
    if (anyBit(spare)) this.#shed(register, id, owners, spare)
    else this.#spare.delete(id)
    if (loose.has(id) && !anyBit(have) && !anyBit(missing)) loose.dropAll(id)
    if (anyBit(have)) for (const peer of this.#audience(register)) this.#parts.announcer.ensure(peer, id)
  }

  #owed(register: Register, owners: ChunkOwners): Bitmap {
    const { env } = this.#parts
    const self = env.identity.id
    let owed = owners.owedBy(self)
    for (const [peer, until] of this.#leaving) {
      if (until <= env.now()) this.#leaving.delete(peer)
      else if (peer !== self) {
        const more = this.counts.owners(register, peer).owedBy(self)
        owed = owed.map((byte, at) => byte | (more[at] ?? 0))
      }
    }
    return owed
  }

  /** Starts to fetch what this peer owes. */
  #make(register: Register, id: Hash, owners: ChunkOwners, missing: Bitmap): void {
    const { manifests, holdings, holders, loose, roster, env, said, transfers } = this.#parts
    const restMs = this.#rests.leftMs(id)
    if (this.#copies.size >= MAX_COPYING || restMs > 0 || !loose.isCounted) {
      this.look(id, Math.max(RETRY_MS, restMs))
      return
    }
    const manifest = manifests.get(id)
    if (manifest === undefined) {
      this.#fetchManifest(register, id)
      return
    }
    const bytes = bytesOf(manifest.layout, missing)
    const room = loose.has(id) || loose.size < MAX_LOOSE_FILES
    if (!room || holdings.blobBytes + this.#fetches.keepingBytes + bytes > this.#quotaBytes) {
      roster.crowded(register.name, env.identity.id, FULL_MS)
      this.#sayFull(register, id, owners, missing)
      this.look(id, FULL_MS)
      return
    }
    const local = isComplete(holdings.state(id))
    // who publishes what nobody has must not keep others from their turn
    if (!local && !this.#promised.delete(id) && holders.list(id, 1).length === 0) {
      this.#rest(id, 'nobody')
      this.#seek(register, id, missing)
      return
    }
    if (register.publisher !== env.identity.id && !loose.has(id)) {
      said.say('info', `Store ${register.name} request accepted, for some of its chunks`)
    }
    const copy = new SpreadCopy(
      this.#fetches.fetching,
      loose,
      { manifest, wanted: missing, local },
      {
        seek: (lacking) => this.#seek(register, id, lacking),
        cheated: (peer) => this.#fetches.ban(id, peer, register.name),
        lied: (peer) => this.#parts.holders.demote(id, peer),
        done: (error) => {
          this.#copies.delete(id)
          transfers.end(n, false)
          loose.reserve(id, 0)
          if (error === null) this.#rests.end(id)
          else this.#rest(id, 'silence')
          this.look(id)
        },
      },
    )
    const n = transfers.add({ view: () => copy.view, control: () => false })
    this.#copies.set(id, copy)
  }

  #fetchManifest(register: Register, id: Hash): void {
    const { roster, mesh, manifests } = this.#parts
    if (!this.#may(`manifest${id}`, RETRY_MS)) {
      this.look(id, RETRY_MS)
      return
    }
    const from = [register.publisher, ...roster.keepers(register.name), ...mesh.linked()]
    this.#lookup.manifest(id, from, (manifest) => {
      if (manifest === null) {
        this.#rest(id, 'nobody')
        return
      }
      manifests.remember(manifest)
      this.look(id)
    })
  }

  #seek(register: Register, id: Hash, missing: Bitmap): void {
    const { holders, roster } = this.#parts
    for (const holder of holders.list(id, MAX_ASKED * 2)) this.offered(id, holder)
    const peers = new Set([...roster.keepers(register.name), register.publisher, ...this.#ownersOf(id, missing)])
    seek(this.#parts, { id, chunkCount: chunksIn(register) }, peers, {
      found: (holder) => this.offered(id, holder),
      heard: () => this.onHeard(id),
    })
  }

  /** Some owners of these chunks, others each time; nobody where the file is not spread. */
  #ownersOf(id: Hash, chunks: Bitmap): readonly PeerId[] {
    const register = this.#parts.names.byManifest(id)
    if (register?.keeping !== 'spread') return []
    const peers = [...this.counts.owners(register).everybody(indicesOf(chunks))]
    const start = Math.floor(this.#parts.env.random() * peers.length)
    return [...peers.slice(start), ...peers.slice(0, start)].slice(0, MAX_ASKED)
  }

  /** The disk failed, or a chunk on it. */
  #lost(id: Hash, index: number | null, reason: string): void {
    const { loose, env, names } = this.#parts
    env.log('warn', `chunks of "${names.byManifest(id)?.name ?? id}": ${reason}`)
    if (index !== null) loose.lost(id, index)
    this.#rest(id, 'silence')
    this.#copies.get(id)?.stop(reason)
  }

  /** Whoever would have to take our place must hear of it; they do so for a minute. */
  #sayFull(register: Register, id: Hash, owners: ChunkOwners, missing: Bitmap): void {
    const { mesh, post, env } = this.#parts
    if (!this.#tellingFull.hasOne || !this.#may(`full${id}`, FULL_MS)) return
    this.#tellingFull.take()
    const near = [register.publisher, ...mesh.linked(), ...owners.everybody(indicesOf(missing))]
    const told = [...new Set(near)].filter((peer) => peer !== env.identity.id).slice(0, MAX_TOLD_FULL)
    for (const peer of told) post.tell(peer, { type: 'keepRefused', manifest: id, reason: 'full' })
  }

  /** Chunks that others are to keep now. */
  #shed(register: Register, id: Hash, owners: ChunkOwners, spare: Bitmap): void {
    const { env, loose, said } = this.#parts
    const before = this.#spare.get(id)
    const there = this.counts.atOwners(register, owners, spare)
    if (before !== undefined && env.now() - before.since >= DROP_AFTER_MS) {
      const still = and(before.chunks, this.counts.atOwners(register, owners, spare, before.since + 1))
      this.#spare.delete(id)
      if (anyBit(still)) {
        said.say('info', `Chunks of ${register.name} are at their owners: the copies here are dropped`)
        loose.drop(id, still)
        return
      }
    }
    if (anyBit(there) && !this.#spare.has(id)) this.#spare.set(id, { since: env.now(), chunks: there })
    this.ask(register, owners.everybody(indicesOf(spare)))
    this.look(id, ASK_AGAIN_MS)
  }

  /** Chunks of a version that its name does not mean any more go once the new one is safe. */
  #dropReplaced(id: Hash): void {
    const { manifests, names, loose } = this.#parts
    const manifest = manifests.get(id)
    const now = manifest === undefined ? undefined : names.by(manifest.name, manifest.publisher)
    if (now !== undefined && now.manifest !== null && !this.#safety.isSafe(now)) {
      this.look(id, REPLACED_MS)
      return
    }
    loose.dropAll(id)
  }

  #audience(register: Register): readonly PeerId[] {
    const { roster, env } = this.#parts
    const all = new Set([...roster.keepers(register.name), register.publisher])
    all.delete(env.identity.id)
    return [...all]
  }

  #rest(id: Hash, why: 'nobody' | 'silence'): void {
    this.look(id, this.#rests.begin(id, why))
  }

  #may(key: string, everyMs: number): boolean {
    if ((this.#notes.get(key) ?? Number.NEGATIVE_INFINITY) + everyMs > this.#parts.env.now()) return false
    this.#note(key)
    return true
  }

  #note(key: string): void {
    if (this.#notes.size >= MAX_NOTES) this.#notes.clear()
    this.#notes.set(key, this.#parts.env.now())
  }
}
