/**
 * Manifests: the task that keeps every name of the network with its manifest, and who holds which chunks. It answers
 * questions about names, takes acknowledgements of chunks, and passes on to the files task what that must know.
 */
import { MAX_REGISTERS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { chainId } from '../ledger/genesis.js'
import { DEFAULT_PARAMS } from '../ledger/params.js'
import { MemberList } from '../ring/member-list.js'
import type { Register } from '../swarm/register.js'
import { Swarm } from '../swarm/swarm.js'
import { Figures } from './figures.js'
import { Listing } from './listing.js'
import type { TaskOptions } from './options.js'
import { Relays } from './relays.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskCounts, TaskHooks } from './task.js'
import { TaskMesh } from './task-mesh.js'

/** Between two pages of registers for a files task that has just begun. */
const PAGE_MS = 20

/** What peers come here for. */
const SERVED: ReadonlySet<SwarmMessage['type']> = new Set([
  'manifestPut',
  'nameFind',
  'manifestGet',
  'holdersGet',
  'countsGet',
  'chunksHave',
])

export class Manifests implements TaskCore {
  readonly api: TaskApi
  readonly #env: Env
  readonly #hooks: TaskHooks
  readonly #mesh: TaskMesh
  readonly #swarm: Swarm
  readonly #figures: Figures
  readonly #relays: Relays
  #served = 0

  constructor(env: Env, options: TaskOptions, hooks: TaskHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#relays = new Relays(env)
    const self = env.identity.id
    const figures: Figures = new Figures(env, hooks, () => ({ kind: 'names', count: swarm.liveCount }))
    const changed = (): void => {
      hooks.changed()
      figures.changed()
    }
    const chain = chainId(env.network.genesisSeed, options.params ?? DEFAULT_PARAMS)
    const mesh = new TaskMesh(env, 'manifests', chain, options, {
      swarm: () => ({
        receive: (from, message) => this.#receive(from, message),
        linkUp: (peer) => swarm.linkUp(peer),
        linkDown: (peer) => {
          this.#relays.forget(peer)
          swarm.linkDown(peer)
        },
        linkDrained: (peer) => swarm.linkDrained(peer),
        memberJoined: (peer) => swarm.memberJoined(peer),
        memberLeft: (peer, how) => swarm.memberLeft(peer, how),
      }),
      dataLink: null,
      // of the claims of files it may have missed some
      sibling: (message) => {
        if (message.type === 'claimsWant') hooks.tell('files', { kind: 'relay', from: self, message })
      },
      membersChanged: () => ring.invalidate(),
      changed,
    })
    const ring = new MemberList(mesh, { self, inRing: () => false, buried: () => false })
    const duty = { owners: ring.owners.bind(ring), anchors: () => [self] }
    const swarm = new Swarm(env, mesh, duty, {
      chain,
      keep: (parts) => new Listing(parts),
      learned: (registers) => this.#tellFiles(registers),
      address: () => mesh.address(options.addresses.files),
      changed,
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    })
    this.#mesh = mesh
    this.#swarm = swarm
    this.#figures = figures
    this.api = {
      files: (pattern, done) => swarm.files(pattern, done),
      manifest: (what, done) => swarm.manifest(what, done),
      holders: (what, done) => swarm.holders(what, done),
    }
  }

  start(done: (error: string | null) => void): void {
    this.#mesh.start(done)
  }

  heard(_from: Task, message: SiblingMessage): void {
    switch (message.kind) {
      case 'members':
        this.#mesh.known.told(message.entries)
        return
      case 'left':
        this.#mesh.known.gone(message.peers)
        return
      case 'names':
      case 'copies':
        return // for admission
      case 'relay':
        // what the files task holds, said in the name of this anchor
        this.#swarm.receive(message.from, message.message)
        return
    }
  }

  siblingUp(task: Task): void {
    if (task === 'admission') {
      this.#mesh.known.admissionUp()
      this.#figures.tell()
    }
    if (task === 'files') this.#tellFilesAll([...this.#swarm.registers()])
  }

  counts(): TaskCounts {
    return { served: this.#served, queued: this.#swarm.queued, known: this.#swarm.liveCount }
  }

  quit(done: () => void): void {
    this.#mesh.quit(done)
  }

  #receive(from: PeerId, message: SwarmMessage): void {
    if (SERVED.has(message.type)) this.#served++
    this.#swarm.receive(from, message)
    // news of claims, and what keeps them from being forgotten over there
    if (message.type !== 'chunksHave' && message.type !== 'claimsDigest') return
    if (this.#relays.admits(from, message)) this.#hooks.tell('files', { kind: 'relay', from, message })
  }

  /** A page at a time: each signature is checked over there. */
  #tellFilesAll(registers: readonly Register[]): void {
    this.#tellFiles(registers.slice(0, MAX_REGISTERS_PER_MESSAGE))
    const rest = registers.slice(MAX_REGISTERS_PER_MESSAGE)
    if (rest.length > 0) this.#env.after(PAGE_MS, () => this.#tellFilesAll(rest))
  }

  #tellFiles(registers: readonly Register[]): void {
    const from = this.#env.identity.id
    for (let at = 0; at < registers.length; at += MAX_REGISTERS_PER_MESSAGE) {
      const some = registers.slice(at, at + MAX_REGISTERS_PER_MESSAGE).map(({ signed }) => signed)
      this.#hooks.tell('files', { kind: 'relay', from, message: { type: 'nameNews', registers: some } })
    }
  }
}
