/**
 * Keeps every stored name at its k ring owners. Reviews all registers when the ring, the members or the claims change:
 * what this peer owes it fetches, owners that lack a copy are asked to make one, and a copy that is no longer owed goes
 * only after all proper owners say that they have theirs (copy, verify, switch, drop).
 * Invariant: this peer never drops a copy that would leave fewer than k, as far as it knows.
 */
import { MAX_IDS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Soon } from '../soon.js'
import { AnchorAsks } from './anchor-asks.js'
import type { Fetches } from './fetches.js'
import type { Keep } from './keep.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const RETRY_MS = 1_000
const EVERY_MS = 30_000
const SLICE = 256
const ASK_AGAIN_MS = 10_000
const DROP_AFTER_MS = 10_000
const MAX_NOTES = 65_536
const MAX_OBLIGED = 20_480

export interface KeepingHooks {
  /** Somebody has no room for this file. */
  full(id: Hash): void
  /** Whether the chunks of a spread file are where they should be. */
  isSpreadSafe(register: Register): boolean
}

export interface KeepingParts {
  readonly parts: Parts
  readonly fetches: Fetches
  /** Bytes of own copies that this peer makes at most. */
  readonly quotaBytes: number
  readonly hooks: KeepingHooks
}

export class Keeping implements Keep {
  readonly lists = true
  readonly #parts: Parts
  readonly #anchors: AnchorAsks
  readonly #fetches: Fetches
  readonly #quotaBytes: number
  readonly #hooks: KeepingHooks
  readonly #obliged = new Set<Hash>() // copies to make because somebody asked; at most MAX_OBLIGED
  readonly #asked = new Map<string, number>() // peer + manifest or register id -> when; at most MAX_NOTES
  readonly #spare = new Map<Hash, number>() // copies not owed any more -> since when; at most one per holding
  readonly #wanted = new Map<Hash, number>() // manifests under way -> when asked; at most MAX_OBLIGED
  readonly #outbox = new Map<PeerId, Set<Hash>>() // keepAsk to send after this slice; bounded by SLICE
  readonly #soon: Soon
  #queue: Register[] = []
  #slicing = false

  constructor({ parts, fetches, quotaBytes, hooks }: KeepingParts) {
    this.#parts = parts
    this.#anchors = new AnchorAsks(parts)
    this.#fetches = fetches
    this.#quotaBytes = quotaBytes
    this.#hooks = hooks
    this.#soon = new Soon(parts.env, () => this.#reviewAll())
    this.#regularly()
  }

  /** Reviews everything shortly; many calls make one review. */
  reviewSoon(delayMs?: number): void {
    this.#soon.plan(delayMs)
  }

  /** Reviews one name now. */
  review(register: Register): void {
    this.#review(register)
    this.#flush()
  }

  /** A peer asks us to keep a file that we know; false where the manifest is still missing. */
  asked(id: Hash, from: PeerId): boolean {
    const { names, manifests, holdings, roster, env, post } = this.#parts
    const register = names.byManifest(id)
    if (register === undefined || !manifests.has(id)) {
      const again = (this.#wanted.get(id) ?? Number.NEGATIVE_INFINITY) + RETRY_MS <= env.now()
      if (again) this.#note(this.#wanted, id, MAX_OBLIGED)
      return !again
    }
    this.#wanted.delete(id)
    if (!roster.inReach(register.name, env.identity.id)) {
      post.tell(from, { type: 'keepRefused', manifest: id, reason: 'elsewhere' })
      return true
    }
    if (register.copies && holdings.state(id) !== 'kept' && !this.#fetches.isKeeping(id)) {
      if (this.#isFull(register)) roster.full(register.name, env.identity.id)
      if (roster.isFull(register.name, env.identity.id)) {
        post.tell(from, { type: 'keepRefused', manifest: id, reason: 'full' })
        return true
      }
      if (this.#obliged.size < MAX_OBLIGED) this.#obliged.add(id)
      this.#make(register)
      return true
    }
    this.#parts.announcer.mark(from, id, true)
    return true
  }

  /** A manifest is being verified: no need to ask for it. */
  expect(id: Hash): void {
    this.#note(this.#wanted, id, MAX_OBLIGED)
  }

  /** A manifest arrived that somebody asked us to keep. */
  arrived(register: Register, from: PeerId): void {
    if (register.manifest !== null && this.#wanted.has(register.manifest)) this.asked(register.manifest, from)
    this.review(register)
  }

  refused(id: Hash, from: PeerId, reason: 'full' | 'elsewhere' | 'removed' | 'busy'): void {
    if (this.#parts.roster.anchors().includes(from)) {
      this.#anchors.refused(id, from, reason)
      return
    }
    const register = this.#parts.names.byManifest(id)
    if (register === undefined) return
    if (reason === 'full') {
      if (register.keeping === 'spread') this.#parts.roster.crowded(register.name, from)
      else this.#parts.roster.full(register.name, from)
      this.#hooks.full(id)
      this.reviewSoon()
      return
    }
    this.#note(this.#asked, from + id, MAX_NOTES, this.#parts.env.now() - ASK_AGAIN_MS + RETRY_MS)
    this.reviewSoon(RETRY_MS)
  }

  forgetful(peer: PeerId): void {
    this.#anchors.forget(peer)
  }

  /** This peer has more room than before. */
  roomCame(): void {
    this.#parts.roster.roomier(this.#parts.env.identity.id)
    this.reviewSoon()
  }

  /** Who is to know what we hold of a name: its keepers, dedicated anchors, and the publisher, who waits for copies. */
  audience(register: Pick<Register, 'name' | 'publisher'>): readonly PeerId[] {
    const { roster, env } = this.#parts
    const all = new Set([...roster.listers(register.name), register.publisher])
    all.delete(env.identity.id)
    return [...all]
  }

  /** Keepers of a stored name that lack a copy, if `without` were not there. */
  lacking(register: Register, without?: PeerId): readonly PeerId[] {
    return this.#parts.roster.keepers(register.name, without).filter((keeper) => !this.#satisfied(register, keeper))
  }

  /** Asks these peers for copies, whether or not they were asked lately. */
  askNow(register: Register, keepers: readonly PeerId[]): void {
    if (register.manifest === null) return
    for (const keeper of keepers) this.#askKeep(keeper, register, register.manifest, true)
    this.#flush()
  }

  #regularly(): void {
    const { env, holders, names, announcer } = this.#parts
    env.after(EVERY_MS * (0.9 + 0.2 * env.random()), () => {
      holders.expire()
      names.expire()
      announcer.renew()
      this.#parts.holdings.inspect()
      this.reviewSoon()
      this.#regularly()
    })
  }

  #reviewAll(): void {
    this.#queue = [...this.#parts.names.all()]
    if (!this.#slicing) this.#slice()
  }

  #slice(): void {
    this.#slicing = true
    for (const register of this.#queue.splice(0, SLICE)) this.#review(register)
    this.#flush()
    if (this.#queue.length > 0) {
      this.#parts.env.after(0, () => this.#slice())
      return
    }
    this.#slicing = false
    this.#dropReplaced()
  }

  #review(register: Register): void {
    const { names, manifests, roster, env } = this.#parts
    if (!names.knows(register)) return
    if (register.manifest === null) {
      this.#tellRemoved(register)
      return
    }
    const id = register.manifest
    const keepers = roster.keepers(register.name)
    if (this.#parts.holdings.state(id) === 'kept') this.#obliged.delete(id)
    const mine = keepers.includes(env.identity.id) || this.#obliged.has(id)
    if (!manifests.has(id)) {
      if (mine) this.#askManifest(register, id)
      return
    }
    const roomy = !roster.isFull(register.name, env.identity.id)
    this.#anchors.review(register)
    const spare = !mine && this.#parts.holdings.get(id)?.blob === true
    if (mine && roomy && register.copies && !this.#satisfied(register, env.identity.id)) this.#make(register)
    for (const keeper of keepers) {
      // also those that say they have it, before a copy here goes: all of them must have said so lately
      const ask = spare || !this.#satisfied(register, keeper)
      if (ask && keeper !== env.identity.id) this.#askKeep(keeper, register, id, false)
    }
    for (const peer of this.audience(register)) if (this.#hasNews(id)) this.#parts.announcer.ensure(peer, id)
    if (spare) this.#maybeDrop(register, id, keepers)
  }

  #satisfied({ manifest, copies }: Register, keeper: PeerId): boolean {
    if (manifest === null) return true
    const { holders, holdings, manifests, env } = this.#parts
    const ours = keeper === env.identity.id
    const state = ours ? holdings.state(manifest) : holders.state(manifest, keeper)
    if (copies) return state === 'kept'
    return ours ? manifests.has(manifest) : state !== 'none'
  }

  #hasNews(id: Hash): boolean {
    return this.#parts.holdings.state(id) !== 'none' || this.#fetches.of(id) !== undefined
  }

  /** No room, with what copies under way will take. */
  #isFull({ size }: Register): boolean {
    return this.#parts.holdings.blobBytes + this.#fetches.keepingBytes + size > this.#quotaBytes
  }

  /** Starts the copy that this peer owes. */
  #make(register: Register): void {
    const { manifests, env, names, said, loose } = this.#parts
    const manifest = register.manifest === null ? undefined : manifests.get(register.manifest)
    if (manifest === undefined || this.#fetches.isKeeping(manifest.id)) return
    if (!loose.isCounted) {
      this.reviewSoon(RETRY_MS)
      return
    }
    if (this.#isFull(register)) {
      this.#giveUp(register, manifest.id)
      return
    }
    if (register.publisher !== env.identity.id) said.say('info', `Store ${register.name} request accepted`)
    this.#fetches.keep(manifest, (result) => {
      if (result.ok) {
        said.say('info', `File ${manifest.name} is stored here`)
        return
      }
      this.roomCame()
      // a disk that takes nothing is as good as no room
      if (names.byManifest(manifest.id) !== undefined) this.#giveUp(register, manifest.id)
    })
  }

  /** Others have to keep it in place of this peer. */
  #giveUp(register: Register, id: Hash): void {
    this.#parts.roster.full(register.name, this.#parts.env.identity.id)
    this.#hooks.full(id)
    this.reviewSoon()
  }

  #askKeep(keeper: PeerId, { name }: Register, id: Hash, now: boolean): void {
    if (this.#parts.roster.isFull(name, keeper) || (!now && !this.#mayAsk(keeper + id))) return
    const ids = this.#outbox.get(keeper) ?? new Set<Hash>()
    this.#outbox.set(keeper, ids.add(id))
  }

  #askManifest(register: Register, id: Hash): void {
    const others = this.audience(register)
    const peer = others[Math.floor(this.#parts.env.random() * others.length)]
    if (peer === undefined || !this.#mayAsk(`want${id}`)) return
    this.#parts.post.tell(peer, { type: 'manifestWant', manifests: [id] })
    this.reviewSoon(ASK_AGAIN_MS)
  }

  /** A removal is told to each keeper once: who was away must not bring the name back. */
  #tellRemoved(register: Register): void {
    const { roster, env, post } = this.#parts
    for (const keeper of roster.keepers(register.name)) {
      if (keeper === env.identity.id || this.#asked.has(keeper + register.id)) continue
      this.#note(this.#asked, keeper + register.id, MAX_NOTES)
      post.tell(keeper, { type: 'manifestPut', register: register.signed, manifest: null })
    }
  }

  #maybeDrop(register: Register, id: Hash, keepers: readonly PeerId[]): void {
    const { env, said, holders } = this.#parts
    if (!keepers.every((keeper) => this.#satisfied(register, keeper))) {
      this.#spare.delete(id)
      return
    }
    const since = this.#spare.get(id) ?? env.now()
    this.#spare.set(id, since)
    if (env.now() - since < DROP_AFTER_MS) {
      this.reviewSoon(DROP_AFTER_MS)
      return
    }
    // what they said before they were asked may have come true no more
    if (register.copies && !keepers.every((keeper) => holders.state(id, keeper, since + 1) === 'kept')) {
      this.reviewSoon(ASK_AGAIN_MS)
      return
    }
    this.#spare.delete(id)
    said.say('info', `File ${register.name} is at its owners: the copy here is dropped`)
    this.#fetches.dropCopy(id)
  }

  /** Copies whose name means something else now go once the new content is safe, or at once where it was removed. */
  #dropReplaced(): void {
    const { names, manifests, holdings } = this.#parts
    for (const { manifest: id, blob } of [...holdings.all()]) {
      const manifest = names.byManifest(id) === undefined ? manifests.get(id) : undefined
      if (manifest === undefined) continue
      const now = names.by(manifest.name, manifest.publisher)
      if (now?.manifest && !this.#isSafe(now)) continue
      if (blob) this.#fetches.dropCopy(id)
    }
  }

  #isSafe(register: Register): boolean {
    if (this.lacking(register).length > 0) return false
    return register.keeping !== 'spread' || this.#hooks.isSpreadSafe(register)
  }

  #mayAsk(key: string): boolean {
    const last = this.#asked.get(key)
    if (last !== undefined && this.#parts.env.now() - last < ASK_AGAIN_MS) return false
    this.#note(this.#asked, key, MAX_NOTES)
    return true
  }

  #note<K>(notes: Map<K, number>, key: K, cap: number, at = this.#parts.env.now()): void {
    if (notes.size >= cap) notes.clear()
    notes.set(key, at)
  }

  #flush(): void {
    for (const [keeper, ids] of this.#outbox) {
      const manifests = [...ids]
      for (let at = 0; at < manifests.length; at += MAX_IDS_PER_MESSAGE) {
        const some = manifests.slice(at, at + MAX_IDS_PER_MESSAGE)
        this.#parts.post.tell(keeper, { type: 'keepAsk', manifests: some, leaving: false })
      }
    }
    this.#outbox.clear()
    this.#anchors.flush()
  }
}
