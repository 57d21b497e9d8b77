/**
 * Files: the task that keeps copies of stored files under a quota and moves chunks, both ways. What peers hold it hears
 * of through the manifests task, which hears from here what this anchor holds.
 */
import type { SwarmMessage } from '../../wire/messages.js'
import type { ChunkOutcome, Env } from '../env.js'
import { chainId } from '../ledger/genesis.js'
import { DEFAULT_PARAMS } from '../ledger/params.js'
import { MemberList } from '../ring/member-list.js'
import { Swarm } from '../swarm/swarm.js'
import { Content } from './content.js'
import { Figures } from './figures.js'
import type { TaskOptions } from './options.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskCounts, TaskHooks } from './task.js'
import { TaskMesh } from './task-mesh.js'

export class Files implements TaskCore {
  readonly api: TaskApi
  readonly #env: Env
  readonly #mesh: TaskMesh
  readonly #swarm: Swarm
  readonly #figures: Figures
  /** Chunks handed out and taken. */
  #served = 0

  constructor(env: Env, options: TaskOptions, hooks: TaskHooks) {
    this.#env = env
    const self = env.identity.id
    const figures: Figures = new Figures(env, hooks, () => {
      return { kind: 'copies', bytes: swarm.room.keptBytes, transfers: swarm.movingCount }
    })
    const changed = (): void => {
      hooks.changed()
      figures.changed()
    }
    const chain = chainId(env.network.genesisSeed, options.params ?? DEFAULT_PARAMS)
    const mesh = new TaskMesh(env, 'files', chain, options, {
      swarm: () => swarm,
      dataLink: (link) => swarm.dataLink(link),
      sibling: (message: SwarmMessage) => {
        if (message.type === 'chunksHave' || message.type === 'claimsDigest')
          hooks.tell('manifests', { kind: 'relay', from: self, message })
      },
      membersChanged: () => ring.invalidate(),
      changed,
    })
    const ring = new MemberList(mesh, { self, inRing: () => false, buried: () => false })
    const duty = { owners: ring.owners.bind(ring), anchors: () => [self] }
    let content: Content | null = null
    const swarm: Swarm = new Swarm(env, mesh, duty, {
      chain,
      gossips: false,
      keep: (parts, fetches) => (content = new Content(parts, fetches, options.quotaBytes)),
      served: (blob) => {
        this.#served++
        content?.used(blob)
      },
      chunkAnswered: (_peer, outcome) => this.#taken(outcome),
      address: () => mesh.address(options.addresses.files),
      changed,
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    })
    this.#mesh = mesh
    this.#swarm = swarm
    this.#figures = figures
    this.api = {
      transfers: () => swarm.transfers(),
      control: (transfer, action) => swarm.control(transfer, action),
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
        this.#swarm.receive(message.from, message.message)
        return
    }
  }

  siblingUp(task: Task): void {
    if (task === 'admission') {
      this.#mesh.known.admissionUp()
      this.#figures.tell()
    }
    if (task !== 'manifests') return
    // it has forgotten what it was told of the copies here
    this.#sayAll()
  }

  counts(): TaskCounts {
    return { served: this.#served, queued: this.#swarm.queued, known: this.#swarm.keptCount }
  }

  quit(done: () => void): void {
    this.#mesh.quit(done)
  }

  /** To the manifests task: all that is held here. */
  #sayAll(): void {
    this.#swarm.linkDown(this.#env.identity.id)
    this.#swarm.linkUp(this.#env.identity.id)
  }

  #taken(outcome: ChunkOutcome): void {
    if (outcome === 'ok') this.#served++
  }
}
