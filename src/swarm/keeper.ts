/**
 * Answers what peers ask of a keeper: who publishes a name, what a file consists of, who holds it; takes registers and
 * manifests, and acknowledges them only when they are durable.
 */
import type { Value } from '../../wire/field.js'
import type { claim, HolderFields } from '../../wire/messages/swarm.js'
import { MAX_REGISTERS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Fetches } from './fetches.js'
import { isComplete } from './holders.js'
import type { Keep } from './keep.js'
import { chunkCountOf, chunkSizeFor, type Manifest } from './manifest.js'
import type { Parts } from './parts.js'
import { type Register, readRegister } from './register.js'

const MAX_HOLDERS_TOLD = 31
const MAX_WANTS = 4_096
const MAX_COUNT = 0xffff
const NO_CHUNKS = new Uint8Array(0)

type Put = Extract<SwarmMessage, { type: 'manifestPut' }>

export class Keeper {
  readonly #parts: Parts
  readonly #fetches: Fetches
  readonly #keeping: Keep
  readonly #wants = new Map<PeerId, Hash[]>() // manifests to send when the link drains; at most MAX_WANTS each

  constructor(parts: Parts, fetches: Fetches, keeping: Keep) {
    this.#parts = parts
    this.#fetches = fetches
    this.#keeping = keeping
  }

  /** A peer said what it holds of a file. */
  onClaim: (id: Hash, from: PeerId) => void = () => {}

  /** What this peer says of itself. */
  claimOf(id: Hash): Omit<HolderFields, 'peer'> {
    const { holdings, names, manifests } = this.#parts
    const state = holdings.state(id)
    if (state !== 'none') return { state, chunks: NO_CHUNKS }
    const verified = this.#fetches.of(id)?.verified
    if (verified?.some((byte) => byte !== 0)) return { state: 'some', chunks: verified.slice() }
    const listed = names.byManifest(id) !== undefined && manifests.has(id)
    return { state: listed ? 'listed' : 'none', chunks: NO_CHUNKS }
  }

  /** Complete holders known here, this peer included. */
  countOf(id: Hash): number {
    return this.#parts.holders.complete(id) + (isComplete(this.#parts.holdings.state(id)) ? 1 : 0)
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
    const holders = self.state === 'none' || self.state === 'listed' ? others : [self, ...others]
    this.#parts.mesh.send(from, { type: 'holdersAre', request, holders })
  }

  countsGet(from: PeerId, request: number, ids: readonly Hash[]): void {
    const counts = ids.map((id) => Math.min(MAX_COUNT, this.countOf(id)))
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
  }

  chunksHave(from: PeerId, claims: readonly Value<typeof claim>[]): void {
    const { names, holders, mesh } = this.#parts
    for (const { manifest: id, state, chunks } of claims) {
      const register = names.byManifest(id)
      if (register === undefined) continue
      const chunkCount = chunkCountOf({ size: register.size, chunkSize: chunkSizeFor(register.size) })
      if (!holders.note(id, from, state, chunks, chunkCount)) {
        mesh.blame(from, 'protocol', 'a claim that does not fit its file')
        return
      }
      this.#fetches.offered(id, from, state, chunks)
      this.onClaim(id, from)
    }
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
