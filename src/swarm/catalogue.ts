/**
 * The list of files that users see: every live register known here, with the numbers of complete holders as their
 * keepers count them. Counts are asked for on demand, one question to each keeper, and remembered for the console.
 */

import { toHex } from '../../wire/hash.js'
import type { HolderFields } from '../../wire/messages/swarm.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { type Done, done, type FileView, type HoldersView, type ManifestView } from '../api.js'
import { emptyBitmap, hasBit, setBit } from './bitmap.js'
import type { Gossip } from './gossip.js'
import { chunksOf, isComplete } from './holders.js'
import type { Keeper } from './keeper.js'
import type { Lookup } from './lookup.js'
import { chunkBytes, chunkCountOf, chunkSizeFor, type Manifest } from './manifest.js'
import type { Parts } from './parts.js'
import type { Register } from './register.js'

const ASK_MS = 1_500
const FIRST_COMPARE_MS = 2_000
const POLL_MS = 50
const MAX_IDS = 1_000
const MAX_MESSAGES = 64
const REFRESH_MS = 3_000
const MAX_SHOWN_HOLDERS = 64

export class Catalogue {
  readonly #parts: Parts
  readonly #keeper: Keeper
  readonly #lookup: Lookup
  readonly #gossip: Gossip
  readonly #changed: () => void
  #counts = new Map<Hash, number>() // at most one per live register
  #watched = false
  #refreshing = false

  constructor(parts: Parts, keeper: Keeper, lookup: Lookup, changed: () => void) {
    this.#parts = parts
    this.#keeper = keeper
    this.#lookup = lookup
    this.#gossip = parts.gossip
    this.#changed = changed
    this.#regularly()
  }

  /** What is known now, for a picture of the moment; keeps the counts fresh while it is called. */
  known(): readonly FileView[] {
    this.#watched = true
    return this.#views('')
  }

  /** All names that fit the pattern (`*`, `?`), with fresh counts. */
  files(pattern: string, answer: Done<readonly FileView[]>): void {
    this.#settled(FIRST_COMPARE_MS, () => this.#count(() => answer(done(this.#views(pattern)))))
  }

  /** A file's chunks and who holds each. */
  manifest(what: string, answer: Done<ManifestView>): void {
    this.#claimsOf(what, (result) => answer(result.ok ? done(this.#manifestView(...result.value)) : result))
  }

  /** Who holds how much of it. */
  holders(what: string, answer: Done<HoldersView>): void {
    this.#claimsOf(what, (result) => answer(result.ok ? done(this.#holdersView(...result.value)) : result))
  }

  #claimsOf(what: string, answer: Done<readonly [Manifest, readonly HolderFields[]]>): void {
    this.#lookup.resolve(what, (result) => {
      if (!result.ok) return answer(result)
      const manifest = result.value
      const claims = new Map<PeerId, HolderFields>()
      this.#collect(manifest, claims, () => answer(done([manifest, [...claims.values()]])))
    })
  }

  #regularly(): void {
    this.#parts.env.after(REFRESH_MS, () => {
      const wanted = this.#watched && !this.#refreshing
      this.#watched = false
      if (wanted) this.#count(() => this.#changed())
      this.#regularly()
    })
  }

  #views(pattern: string): readonly FileView[] {
    const fits = matcher(pattern)
    const views: FileView[] = []
    for (const register of this.#parts.names.all()) if (fits(register.name)) views.push(...this.#viewOf(register))
    return views.sort((a, b) => (a.name === b.name ? compare(a.publisher, b.publisher) : compare(a.name, b.name)))
  }

  #viewOf(register: Register): readonly FileView[] {
    const { name, manifest: id, size, publisher } = register
    if (id === null) return []
    const complete = isComplete(this.#parts.holdings.state(id))
    const holders = Math.max(this.#counts.get(id) ?? 0, this.#keeper.listedCountOf(id))
    const chunks = chunkCountOf({ size, chunkSize: chunkSizeFor(size) })
    return [{ name, id, size, chunks, holders, complete, publisher }]
  }

  /** Waits until what linked peers know was compared, at most so long. */
  #settled(leftMs: number, then: () => void): void {
    const { env } = this.#parts
    env.after(leftMs > 0 && this.#gossip.busy ? POLL_MS : 0, () => {
      if (leftMs > 0 && this.#gossip.busy) this.#settled(leftMs - POLL_MS, then)
      else then()
    })
  }

  /** Asks every keeper for the files that it keeps; the highest count of each wins. */
  #count(then: () => void): void {
    const { post, env } = this.#parts
    const questions = this.#questions()
    const counts = new Map<Hash, number>()
    let open = questions.length
    const end = () => {
      this.#refreshing = false
      this.#counts = counts
      then()
    }
    this.#refreshing = true
    if (open === 0) {
      env.after(0, end)
      return
    }
    for (const { keeper, ids } of questions) {
      const question = (request: number) => ({ type: 'countsGet', request, manifests: ids }) as const
      post.ask(keeper, 'countsAre', question, ASK_MS, (answer) => {
        ids.forEach((id, at) => {
          counts.set(id, Math.max(counts.get(id) ?? 0, answer?.counts[at] ?? 0))
        })
        if (--open === 0) end()
      })
    }
  }

  #questions(): readonly { readonly keeper: PeerId; readonly ids: readonly Hash[] }[] {
    const { names, roster, env, mesh } = this.#parts
    const perKeeper = new Map<PeerId, Hash[]>()
    for (const { name, manifest: id } of names.all()) {
      if (id === null) continue
      for (const keeper of roster.listers(name)) {
        if (keeper === env.identity.id || (!mesh.isLinked(keeper) && mesh.member(keeper) === undefined)) continue
        const ids = perKeeper.get(keeper) ?? []
        perKeeper.set(keeper, ids)
        ids.push(id)
      }
    }
    const questions: { keeper: PeerId; ids: readonly Hash[] }[] = []
    for (const [keeper, ids] of perKeeper) {
      for (let at = 0; at < ids.length; at += MAX_IDS) questions.push({ keeper, ids: ids.slice(at, at + MAX_IDS) })
    }
    return questions.slice(0, MAX_MESSAGES)
  }

  #collect(manifest: Manifest, claims: Map<PeerId, HolderFields>, then: () => void): void {
    const { roster, env, post, holders } = this.#parts
    const { id, name, publisher } = manifest
    const self = { peer: env.identity.id, ...this.#keeper.claimOf(id) }
    // what a peer says of itself is newer than what others heard of it
    const note = (all: readonly HolderFields[], from: PeerId) => {
      for (const one of all) {
        if (claims.has(one.peer) ? one.peer === from : claims.size < MAX_SHOWN_HOLDERS) claims.set(one.peer, one)
      }
    }
    note([self, ...holders.list(id, MAX_SHOWN_HOLDERS)], env.identity.id)
    const all = new Set([...roster.listers(name), publisher, ...this.#ownersOf(manifest)])
    const asked = [...all].filter((peer) => peer !== env.identity.id)
    let open = asked.length
    if (open === 0) {
      env.after(0, then)
      return
    }
    for (const peer of asked) {
      const question = (request: number) => ({ type: 'holdersGet', request, manifest: id }) as const
      post.ask(peer, 'holdersAre', question, ASK_MS, (answer) => {
        note(answer?.holders ?? [], peer)
        if (--open === 0) then()
      })
    }
  }

  /** Of a spread file: those who are to keep its chunks. */
  #ownersOf({ id, name, chunkCount }: Manifest): readonly PeerId[] {
    const { names, spread } = this.#parts
    if (names.byManifest(id)?.keeping !== 'spread') return []
    return [...spread.owners(name, chunkCount).everybody(Array(chunkCount).keys())].slice(0, MAX_SHOWN_HOLDERS)
  }

  #manifestView(manifest: Manifest, claims: readonly HolderFields[]): ManifestView {
    const { id, name, layout, chunkCount } = manifest
    const chunks = Array.from({ length: chunkCount }, (_, index) => ({
      index,
      name: `${name}.${index}`,
      size: chunkBytes(layout, index),
      hash: toHex(layout.hashes.subarray(index * 32, index * 32 + 32)),
      holders: claims.filter((claim) => holds(claim, index)).map(({ peer }) => this.#holderView(peer)),
    }))
    return { name, id, size: layout.size, chunkSize: layout.chunkSize, chunks }
  }

  #holdersView({ id, name, chunkCount }: Manifest, claims: readonly HolderFields[]): HoldersView {
    const indices = [...Array(chunkCount).keys()]
    const holders = claims.map((claim) => {
      const have = emptyBitmap(chunkCount)
      const held = indices.filter((index) => holds(claim, index))
      for (const index of held) setBit(have, index)
      return {
        id: claim.peer,
        name: this.#parts.nameOf(claim.peer),
        count: held.length,
        have: Buffer.from(have).toString('base64'),
      }
    })
    const some = holders.filter(({ count }) => count > 0)
    some.sort((a, b) => b.count - a.count || compare(a.name, b.name) || compare(a.id, b.id))
    return { name, id, chunks: chunkCount, holders: some }
  }

  #holderView(peer: PeerId): { id: PeerId; name: string; address: Address } {
    return { id: peer, name: this.#parts.nameOf(peer), address: this.#parts.addressOf(peer) }
  }
}

function holds(holder: HolderFields, index: number): boolean {
  const chunks = chunksOf(holder)
  return chunks === null || hasBit(chunks, index)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** A glob over whole names; an empty one fits all. */
function matcher(pattern: string): (name: string) => boolean {
  if (pattern === '') return () => true
  const escaped = pattern.normalize('NFC').replace(/[.+^${}()|[\]\\]/g, '\\$&')
  const expression = new RegExp(`^${escaped.replace(/\*+/g, '.*').replace(/\?/g, '.')}$`, 'su')
  return (name) => expression.test(name)
}
