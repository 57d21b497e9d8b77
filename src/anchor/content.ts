/**
 * What the files task keeps: copies of stored files that peers asked it to keep, under a quota. When there is no room,
 * the copies that were used longest ago give way. What was accepted is remembered over restarts until the copy is made.
 * Invariant: a copy goes only where as many others hold the whole file as there should be copies; a last copy never.
 * What nobody delivers makes way for what others deliver: first its turn, then the room that it was promised.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { Soon } from '../soon.js'
import type { Fetches } from '../swarm/fetches.js'
import type { Keep } from '../swarm/keep.js'
import type { Parts } from '../swarm/parts.js'
import type { Register } from '../swarm/register.js'
import { Wants } from './wants.js'

const EVERY_MS = 30_000
const ASK_AGAIN_MS = 10_000
/** By then holdings of before the restart are known. */
const RESUME_MS = 1_000
const MAX_ACCEPTED = 20_480
/** For so long, what did not fit is not looked into again. */
const FULL_MS = 1_000
const ACCEPTED_KEY = 'anchor keeps '
const LOOK_MS = 5_000
/** A copy under way to which nothing came for so long lets one that waits have its turn. */
const TURN_MS = 15_000
/** And after so long of its own turns it is not promised any more: whoever has it may ask again. */
const IDLE_MS = 120_000

interface Accepted {
  readonly size: number
  /** The most bytes that were there. */
  most: number
  /** Under way since more came. */
  idleMs: number
}

export class Content implements Keep {
  readonly lists = false
  readonly #parts: Parts
  readonly #fetches: Fetches
  readonly #quotaBytes: number
  /** Copies under way or to be begun again. */
  readonly #accepted = new Map<Hash, Accepted>() // at most MAX_ACCEPTED
  readonly #wants: Wants
  readonly #soon: Soon
  readonly #usedAt = new Map<Hash, number>() // at most one per copy; those of before the restart were never used
  #promisedBytes = 0
  /** What did not fit last, and until when that is taken for granted. */
  #full = { size: Number.POSITIVE_INFINITY, until: 0 }

  constructor(parts: Parts, fetches: Fetches, quotaBytes: number) {
    this.#parts = parts
    this.#fetches = fetches
    this.#quotaBytes = quotaBytes
    this.#wants = new Wants(parts)
    this.#soon = new Soon(parts.env, () => this.#reviewAll())
    parts.env.after(RESUME_MS, () => this.#resume())
    this.#regularly()
    this.#look()
  }

  /** Somebody fetches from the copy. */
  used(id: Hash): void {
    if (this.#parts.holdings.get(id)?.blob) this.#usedAt.set(id, this.#parts.env.now())
  }

  reviewSoon(delayMs?: number): void {
    this.#soon.plan(delayMs)
  }

  review(_register: Register): void {
    this.reviewSoon()
  }

  asked(id: Hash, from: PeerId): boolean {
    const { names, manifests, holdings, announcer } = this.#parts
    const register = names.byManifest(id)
    if (register === undefined || !manifests.has(id)) {
      const added = this.#wants.add(id, from)
      if (added === 'full') this.#refuse(id, from, 'busy')
      return added !== 'new'
    }
    this.#wants.end(id)
    if (!register.copies) this.#refuse(id, from, 'elsewhere')
    else if (holdings.state(id) === 'kept') announcer.mark(from, id, true)
    else if (this.#accepted.has(id)) this.#make(id)
    else if (this.#accepted.size >= MAX_ACCEPTED) this.#refuse(id, from, 'busy')
    else if (!this.#makeRoom(register.size)) this.#refuse(id, from, 'full')
    else this.#accept(register, id)
    return true
  }

  expect(): void {}

  arrived({ manifest }: Register, from: PeerId): void {
    if (manifest !== null && this.#wants.has(manifest)) this.asked(manifest, from)
    this.reviewSoon()
  }

  refused(): void {}

  /** The manifests task too, which stands behind our own id. */
  audience({ name, publisher }: Pick<Register, 'name' | 'publisher'>): readonly PeerId[] {
    const { roster, env } = this.#parts
    return [...new Set([env.identity.id, ...roster.keepers(name), publisher])]
  }

  lacking(): readonly PeerId[] {
    return []
  }

  askNow(): void {}

  forgetful(): void {}

  roomCame(): void {
    this.#full.until = 0
    this.reviewSoon()
  }

  // ---- copies

  #accept(register: Register, id: Hash): void {
    this.#promise(id, register.size)
    this.#parts.env.store.write([{ put: 'meta', key: ACCEPTED_KEY + id, value: new Uint8Array(0) }])
    this.#parts.said.say('info', `Store ${register.name} request accepted`)
    this.#make(id)
  }

  #make(id: Hash): void {
    const manifest = this.#parts.manifests.get(id)
    if (manifest === undefined || this.#fetches.isKeeping(id)) return
    this.#fetches.keep(manifest, (result) => {
      const { names, said, env } = this.#parts
      if (result.ok) {
        this.#usedAt.set(id, env.now())
        said.say('info', `File ${manifest.name} is stored here`)
        this.#done(id)
      } else if (names.byManifest(id) === undefined) this.#done(id)
      else this.reviewSoon(ASK_AGAIN_MS)
    })
  }

  #promise(id: Hash, size: number): void {
    this.#accepted.set(id, { size, most: 0, idleMs: 0 })
    this.#promisedBytes += size
  }

  /** Made, or not to be made any more. */
  #done(id: Hash): void {
    this.#promisedBytes -= this.#accepted.get(id)?.size ?? 0
    this.#accepted.delete(id)
    this.#parts.env.store.write([{ remove: 'meta', key: ACCEPTED_KEY + id }])
  }

  #resume(): void {
    const { env, names, holdings } = this.#parts
    for (const id of acceptedIn(env)) {
      const register = names.byManifest(id)
      if (register === undefined || holdings.state(id) === 'kept') this.#done(id)
      else if (!this.#accepted.has(id)) this.#promise(id, register.size)
    }
    this.reviewSoon()
  }

  /** Room for one more copy; false where there is none, and then nothing was dropped. */
  #makeRoom(size: number): boolean {
    const { holdings, said, env } = this.#parts
    if (size >= this.#full.size && env.now() < this.#full.until) return false
    let over = holdings.blobBytes + this.#promisedBytes + size - this.#quotaBytes
    if (over <= 0) return true
    const leaving: Hash[] = []
    for (const { manifest, size: freed } of this.#dispensable()) {
      if (over <= 0) break
      leaving.push(manifest)
      over -= freed
    }
    if (over > 0) {
      // as much smaller it would fit: a look at all copies for each of many that do not would take long
      this.#full = { size: size - over + 1, until: env.now() + FULL_MS }
      return false
    }
    for (const id of leaving) {
      said.say('info', `File ${holdings.get(id)?.name ?? id} gives way: enough others hold it`)
      this.#drop(id)
    }
    return true
  }

  /** Copies that others have often enough, those used longest ago first. */
  #dispensable(): readonly { readonly manifest: Hash; readonly size: number }[] {
    const { holdings, holders, roster } = this.#parts
    const lastUse = (id: Hash): number => this.#usedAt.get(id) ?? Number.NEGATIVE_INFINITY
    return [...holdings.all()]
      .filter(({ manifest, blob }) => blob && !holdings.isBusy(manifest) && this.#fetches.of(manifest) === undefined)
      .filter(({ manifest }) => holders.complete(manifest) >= roster.replicas)
      .sort((a, b) => lastUse(a.manifest) - lastUse(b.manifest))
  }

  #drop(id: Hash): void {
    this.#usedAt.delete(id)
    this.#fetches.dropCopy(id)
  }

  /** Copies under way to which nothing comes. */
  #look(): void {
    this.#parts.env.after(LOOK_MS, () => {
      const someWait = [...this.#accepted.keys()].some((id) => this.#fetches.of(id) === undefined)
      for (const [id, accepted] of [...this.#accepted]) {
        const download = this.#fetches.of(id)
        if (download === undefined) continue
        const { done } = download.view
        if (done > accepted.most) {
          accepted.most = done
          accepted.idleMs = 0
          continue
        }
        accepted.idleMs += LOOK_MS
        if (accepted.idleMs >= IDLE_MS) this.#giveUp(id)
        else if (someWait && accepted.idleMs % TURN_MS === 0)
          download.broken('nobody sends it now: others have their turn')
      }
      this.#look()
    })
  }

  // ---- reviews

  #regularly(): void {
    const { env, holders, names, holdings, announcer } = this.#parts
    env.after(EVERY_MS * (0.9 + 0.2 * env.random()), () => {
      holders.expire()
      names.expire()
      for (const id of this.#usedAt.keys()) if (holdings.get(id)?.blob !== true) this.#usedAt.delete(id)
      announcer.renew()
      holdings.inspect()
      this.reviewSoon()
      this.#regularly()
    })
  }

  #reviewAll(): void {
    const { names, holdings, announcer } = this.#parts
    for (const id of [...this.#accepted.keys()]) {
      if (names.byManifest(id) === undefined) this.#giveUp(id)
      else if (holdings.state(id) === 'kept') this.#done(id)
      else this.#make(id)
    }
    for (const { manifest: id } of [...holdings.all()]) {
      const register = names.byManifest(id)
      if (register !== undefined) for (const peer of this.audience(register)) announcer.ensure(peer, id)
      else this.#dropReplaced(id)
    }
  }

  /** Its name was removed, or means something else now: the new content must be safe first. */
  #dropReplaced(id: Hash): void {
    const { names, manifests, holders, holdings } = this.#parts
    const manifest = manifests.get(id)
    if (manifest === undefined) return
    const now = names.by(manifest.name, manifest.publisher)?.manifest ?? null
    const safe = now === null || holdings.state(now) === 'kept' || holders.complete(now) >= 2
    if (safe) this.#drop(id)
  }

  #giveUp(id: Hash): void {
    this.#fetches.stopKeeping(id)
    this.#done(id)
  }

  #refuse(id: Hash, from: PeerId, reason: 'full' | 'elsewhere' | 'busy'): void {
    this.#parts.post.tell(from, { type: 'keepRefused', manifest: id, reason })
  }
}

function acceptedIn({ store }: Pick<Env, 'store'>): readonly Hash[] {
  const keys = [...store.entries('meta')].map(([key]) => key).filter((key) => key.startsWith(ACCEPTED_KEY))
  return keys.map((key) => key.slice(ACCEPTED_KEY.length) as Hash)
}
