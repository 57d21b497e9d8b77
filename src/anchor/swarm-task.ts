/**
 * What the manifests task and the files task share: a swarm over the links of the task, which knows the members that
 * admission tells of and owes the ring nothing, and the figures that admission is told in return.
 */
import type { SwarmMessage } from '../../wire/messages.js'
import type { Env } from '../env.js'
import { chainId } from '../ledger/genesis.js'
import { DEFAULT_PARAMS } from '../ledger/params.js'
import type { SwarmProtocol } from '../membership/swarm-mesh.js'
import { MemberList } from '../ring/member-list.js'
import { Swarm } from '../swarm/swarm.js'
import type { SwarmOptions } from '../swarm/swarm-options.js'
import { Figures } from './figures.js'
import type { TaskOptions } from './options.js'
import type { SiblingMessage, TaskCounts, TaskHooks } from './task.js'
import { TaskMesh } from './task-mesh.js'

export interface SwarmTaskParts {
  readonly env: Env
  readonly options: TaskOptions
  readonly hooks: TaskHooks
  readonly service: 'manifests' | 'files'
  /** What of the swarm differs between the two. */
  readonly swarm: Omit<SwarmOptions, 'chain' | 'replicas' | 'address' | 'changed'>
  /** Whether peers may open data links to this task. */
  readonly hasData: boolean
  /** Hears of links, members and messages in place of the swarm, and passes them on to it. */
  readonly before?: (swarm: Swarm) => SwarmProtocol
  /** What the swarm says to this anchor's own id: it is for the other task. */
  readonly sibling: (message: SwarmMessage) => void
  readonly figures: (swarm: Swarm) => SiblingMessage
}

export class SwarmTask {
  readonly swarm: Swarm
  readonly #mesh: TaskMesh
  readonly #figures: Figures
  #served = 0

  constructor({ env, options, hooks, service, ...parts }: SwarmTaskParts) {
    const self = env.identity.id
    const figures: Figures = new Figures(env, hooks, () => parts.figures(swarm))
    const changed = (): void => {
      hooks.changed()
      figures.changed()
    }
    const chain = chainId(env.network.genesisSeed, options.params ?? DEFAULT_PARAMS)
    const mesh = new TaskMesh(env, service, chain, options, {
      swarm: () => protocol,
      dataLink: parts.hasData ? (link) => swarm.dataLink(link) : null,
      sibling: parts.sibling,
      membersChanged: () => ring.invalidate(),
      changed,
    })
    const ring = new MemberList(mesh, { self, inRing: () => false, buried: () => false })
    const duty = { owners: ring.owners.bind(ring), anchors: () => [self] }
    const swarm: Swarm = new Swarm(env, mesh, duty, {
      ...parts.swarm,
      chain,
      address: () => mesh.address(options.addresses.files),
      changed,
      ...(options.replicas === undefined ? {} : { replicas: options.replicas }),
    })
    const protocol = parts.before?.(swarm) ?? swarm
    this.swarm = swarm
    this.#mesh = mesh
    this.#figures = figures
  }

  start(done: (error: string | null) => void): void {
    this.#mesh.start(done)
  }

  heard(message: SiblingMessage): void {
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
        // also what the other task holds or knows, said in the name of this anchor
        this.swarm.receive(message.from, message.message)
        return
    }
  }

  /** The process of admission has just begun and knows nothing. */
  admissionUp(): void {
    this.#mesh.known.admissionUp()
    this.#figures.tell()
  }

  /** One more thing was done for a peer. */
  served(): void {
    this.#served++
  }

  counts(known: number): TaskCounts {
    return { served: this.#served, queued: this.swarm.queued, known }
  }

  quit(done: () => void): void {
    this.#mesh.quit(done)
  }
}
