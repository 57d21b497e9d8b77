/**
 * Answers what peers ask of a keeper: who publishes a name, what a file consists of, who holds it; takes registers and
 * manifests, and acknowledges them only when they are durable.
 */
import type { Value } from '../../wire/field.js'
import type { claim, HolderFields } from '../../wire/messages/swarm.js'
import { MAX_REGISTERS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import { countBits } from './bitmap.js'
import type { Fetches } from './fetches.js'
import { holdsSome, isComplete } from './holders.js'
import type { Keep } from './keep.js'
import type { Manifest } from './manifest.js'
import type { Parts } from './parts.js'
import { type Register, readRegister } from './register.js'
import { chunksIn } from './spread-counts.js'

const MAX_HOLDERS_TOLD = 31
const MAX_WANTS = 4_096
const COUNTED_MS = 1_000
const MAX_COUNTED = 20_480
/** A digest that comes sooner after another is not looked at: it costs a pass over all claims. */
const COMPARE_MS = 10_000
/** Whole files are read for complaints, so they are heard slowly. */
const DOUBTS = 4
const DOUBTS_PER_SECOND = 1 / 60
const MAX_COUNT = 0xffff
const NO_CHUNKS = new Uint8Array(0)

type Put = Extract<SwarmMessage, { type: 'manifestPut' }>

export class Keeper {
  readonly #parts: Parts
  readonly #fetches: Fetches
  readonly #keeping: Keep
  readonly #wants = new Map<PeerId, Hash[]>() // manifests to send when the link drains; at most MAX_WANTS each

  readonly #counts = new Map<Hash, { readonly at: number; readonly count: number }>() // of spread files; at most MAX_COUNTED
  readonly #comparedAt = new Map<PeerId, number>() // one per linked peer

  readonly #doubts: Bucket

  constructor(parts: Parts, fetches: Fetches, keeping: Keep) {
    this.#parts = parts
    this.#fetches = fetches
    this.#keeping = keeping
    this.#doubts = new Bucket(parts.env, DOUBTS, DOUBTS_PER_SECOND)
  }

  /** A peer said what it holds of a file. */
  onClaim: (id: Hash, holder: HolderFields) => void = () => {}

  /** What this peer says of itself. */
  claimOf(id: Hash): Omit<HolderFields, 'peer'> {
    const { holdings, names, manifests, loose } = this.#parts
    const state = holdings.state(id)
    const kept = loose.kept(id)
    if (state !== 'none') return { state, chunks: NO_CHUNKS, kept }
    const verified = this.#fetches.of(id)?.verified
    if (verified?.some((byte) => byte !== 0)) return { state: 'some', chunks: verified.slice(), kept }
    const listed = kept.length > 0 || (names.byManifest(id) !== undefined && manifests.has(id))
    return { state: listed ? 'listed' : 'none', chunks: NO_CHUNKS, kept }
  }

  /** Complete holders known here, this peer included; of a spread file: of the chunk that the fewest hold. */
  countOf(id: Hash): number {
    const register = this.#parts.names.byManifest(id)
    const { holders, holdings } = this.#parts
    if (register?.keeping === 'spread') return holders.least(id, this.claimOf(id), chunksIn(register))
    return holders.complete(id) + (isComplete(holdings.state(id)) ? 1 : 0)
  }

  /** The same for lists, which ask for many files at once: of a spread file counting goes over all claims. */
  listedCountOf(id: Hash): number {
    const { env } = this.#parts
    const known = this.#counts.get(id)
    if (known !== undefined && env.now() - known.at < COUNTED_MS) return known.count
    const count = this.countOf(id)
    if (this.#parts.names.byManifest(id)?.keeping !== 'spread') return count
    if (this.#counts.size >= MAX_COUNTED) this.#counts.clear()
    this.#counts.set(id, { at: env.now(), count })
    return count
  }

  nameFind(from: PeerId, request: number, name: string): void {
    const registers = this.#parts.names.of(name).slice(0, MAX_REGISTERS_PER_MESSAGE)
    this.#parts.mesh.send(from, { type: 'nameFound', request, registers: registers.map(({ signed }) => signed) })
  }

  manifestGet(from: PeerId, request: number, id: Hash): void {
    const manifest = this.#parts.manifests.get(id)?.signed ?? null
    this.#parts.mesh.send(from, { type: 'manifestIs', request, manifest })
  }

  holdersGet(from: PeerId, request: number, id: Hash): void {
    const self = { peer: this.#parts.env.identity.id, ...this.claimOf(id) }
    const others = this.#parts.holders.list(id, MAX_HOLDERS_TOLD)
    const holders = holdsSome(self) ? [self, ...others] : others
    this.#parts.mesh.send(from, { type: 'holdersAre', request, holders })
  }

  countsGet(from: PeerId, request: number, ids: readonly Hash[]): void {
    const counts = ids.map((id) => Math.min(MAX_COUNT, this.listedCountOf(id)))
    this.#parts.mesh.send(from, { type: 'countsAre', request, counts })
  }

  /** Verifies, writes, and acknowledges when that is durable. */
  manifestPut(from: PeerId, put: Put): void {
    const { names, vetting, mesh } = this.#parts
    const register = readRegister(put.register)
    if (register === null) {
      mesh.blame(from, 'protocol', 'a register that breaks the rules')
      return
    }
    const id = register.manifest
    if ((id === null) !== (put.manifest === null)) {
      mesh.blame(from, 'protocol', 'a register without its manifest')
      return
    }
    const vetted = (then: () => void) => vetting.registers(from, [put.register], (known) => names.knows(known), then)
    if (id === null || put.manifest === null) {
      vetted(() => this.#take(from, register, null))
      return
    }
    const known = this.#parts.manifests.get(id)
    if (known !== undefined) {
      vetted(() => this.#take(from, register, known))
      return
    }
    this.#keeping.expect(id)
    vetting.manifest(from, id, put.manifest, (manifest) => vetted(() => this.#take(from, register, manifest)))
  }

  keepAsk(from: PeerId, ids: readonly Hash[]): void {
    const missing = ids.filter((id) => !this.#keeping.asked(id, from))
    if (missing.length > 0) this.#parts.post.tell(from, { type: 'manifestWant', manifests: missing })
  }

  manifestWant(from: PeerId, ids: readonly Hash[]): void {
    const wants = this.#wants.get(from) ?? []
    wants.push(...ids.slice(0, MAX_WANTS - wants.length))
    this.#wants.set(from, wants)
    this.linkDrained(from)
  }

  /** Sends wanted manifests until the link is full. */
  linkDrained(peer: PeerId): void {
    const wants = this.#wants.get(peer)
    for (let id = wants?.shift(); id !== undefined; id = wants?.shift()) {
      const register = this.#parts.names.byManifest(id)
      const manifest = this.#parts.manifests.get(id)
      if (register === undefined || manifest === undefined) continue
      const put: Put = { type: 'manifestPut', register: register.signed, manifest: manifest.signed }
      if (this.#parts.mesh.send(peer, put) === 'full') return
    }
    this.#wants.delete(peer)
  }

  linkDown(peer: PeerId): void {
    this.#wants.delete(peer)
    this.#comparedAt.delete(peer)
  }

  chunksHave(from: PeerId, claims: readonly Value<typeof claim>[]): void {
    const { names, holders, roster, mesh } = this.#parts
    for (const { manifest: id, state, chunks, kept } of claims) {
      const register = names.byManifest(id)
      // of a name that was replaced it only counts that nothing is held any more
      if (register === undefined && state === 'none') holders.note(id, from, state, chunks, 0)
      if (register === undefined) continue
      if (!holders.note(id, from, state, chunks, chunksIn(register), kept)) {
        mesh.blame(from, 'protocol', 'a claim that does not fit its file')
        return
      }
      if (state === 'kept') roster.notFull(register.name, from)
      const holder = { peer: from, state, chunks, kept }
      this.#fetches.offered(id, holder)
      this.onClaim(id, holder)
    }
  }

  /** What a peer told still holds, where we remember the same. */
  claimsDigest(from: PeerId, digests: Uint8Array): void {
    const { env, holders, post } = this.#parts
    if (env.now() - (this.#comparedAt.get(from) ?? Number.NEGATIVE_INFINITY) < COMPARE_MS) return
    this.#comparedAt.set(from, env.now())
    const buckets = holders.renew(from, digests)
    if (countBits(buckets) > 0) post.tell(from, { type: 'claimsWant', buckets })
  }

  /** Somebody got a wrong chunk from here: our disk may be to blame. */
  chunkWrong(id: Hash): void {
    if (this.#doubts.take()) this.#parts.holdings.doubt(id)
  }

  #take(from: PeerId, register: Register, manifest: Manifest | null): void {
    const { names, manifests, roster, env, post, mesh, gossip } = this.#parts
    if (manifest !== null && !belongs(manifest, register)) {
      mesh.blame(from, 'protocol', 'a register with the manifest of something else')
      return
    }
    const owed = roster.inReach(register.name, env.identity.id)
    if (!owed && register.manifest !== null) {
      gossip.learn(from, [register.signed])
      post.tell(from, { type: 'keepRefused', manifest: register.manifest, reason: 'elsewhere' })
      return
    }
    const also = manifest === null || manifests.has(manifest.id) ? [] : [manifests.putting(manifest)]
    const merged = names.merge(register, owed, also, () => {
      if (this.#keeping.lists) post.tell(from, { type: 'manifestStored', register: register.id })
    })
    if (merged === 'older') {
      const newer = names.by(register.name, register.publisher)
      if (newer !== undefined) post.tell(from, { type: 'nameNews', registers: [newer.signed] })
    }
    if (merged === 'full' && register.manifest !== null) {
      post.tell(from, { type: 'keepRefused', manifest: register.manifest, reason: 'busy' })
    }
    if (merged === 'new') {
      gossip.spread([register], from)
      gossip.onLearned([register], from)
    }
    if (merged === 'new' || merged === 'same') this.#keeping.arrived(register, from)
  }
}

function belongs(manifest: Manifest, register: Register): boolean {
  const { name, publisher, version, layout } = manifest
  const same = name === register.name && publisher === register.publisher && version === register.version
  return same && layout.size === register.size
}
