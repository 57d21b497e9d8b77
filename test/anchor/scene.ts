/**
 * A simulated network with dedicated anchors: the three tasks of one are three processes on one machine with one key and
 * a disk each, which tell each other things in order and with a delay, and lose what they are told while dead.
 */

import { Admission } from '../../src/anchor/admission.js'
import { Files } from '../../src/anchor/files.js'
import { Manifests } from '../../src/anchor/manifests.js'
import type { TaskOptions } from '../../src/anchor/options.js'
import { type SiblingMessage, TASKS, type Task, type TaskCore } from '../../src/anchor/task.js'
import type { ManifestView, Result } from '../../src/api.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import type { Peer } from '../../src/peer.js'
import type { Address, PeerId } from '../../wire/types.js'
import { type Keys, keysOf, type SimEnv } from '../sim/env.js'
import type { Setup, SimNode } from '../sim/node.js'
import { peerOptions, REPLICAS, startPeer } from '../sim/peer.js'
import { World, type WorldOptions } from '../sim/world.js'

const IPC_MS = 0.3
const MIB = 1 << 20
const CORES = { admission: Admission, manifests: Manifests, files: Files } as const
const PORTS = { admission: 7000, manifests: 7001, files: 7002 } as const

/** What the scene itself asks of a peer. */
export type Dweller = Pick<Peer, 'peers'>
type Node = SimNode<Dweller | TaskCore>

/** One dedicated anchor over all lives of its tasks. */
export class SimAnchor {
  readonly nodes = new Map<Task, Node>()

  constructor(
    readonly scene: Scene,
    readonly keys: Keys,
    readonly options: TaskOptions,
  ) {}

  get id(): PeerId {
    return this.keys.id
  }

  node(task: Task): Node {
    const node = this.nodes.get(task)
    if (node === undefined) throw new Error(`no ${task}`)
    return node
  }

  core(task: Task): TaskCore {
    return this.node(task).peer as TaskCore
  }

  kill(...tasks: readonly Task[]): void {
    for (const task of tasks) this.scene.world.kill(this.node(task))
  }

  start(...tasks: readonly Task[]): void {
    for (const task of tasks) this.scene.world.start(this.node(task))
  }

  /** A manifest as the manifests task knows it. */
  manifest(name: string): ManifestView {
    return this.scene.wait<ManifestView>(`the manifest of ${name}`, (done) =>
      this.core('manifests').api.manifest?.(name, done),
    )
  }

  boot(task: Task, env: SimEnv): TaskCore {
    const core = new CORES[task](env, this.options, {
      tell: (to, message) => this.#tell(task, to, message),
      changed: () => {},
    })
    core.start((error) => {
      if (error !== null) env.fatal(error)
    })
    for (const other of TASKS) if (other !== task) this.#at(other, (sibling) => sibling.siblingUp(task))
    return core
  }

  #tell(from: Task, to: Task, message: SiblingMessage): void {
    const copy = structuredClone(message)
    this.#at(to, (sibling) => sibling.heard(from, copy))
  }

  #at(task: Task, then: (core: TaskCore) => void): void {
    const node = this.nodes.get(task)
    if (!node?.alive) return
    const core = node.peer as TaskCore
    node.process.at(this.scene.world.now + IPC_MS, 'ipc', () => then(core))
  }
}

export class Scene {
  readonly world: World<Dweller | TaskCore>
  readonly anchors: SimAnchor[] = []
  readonly peers: Node[] = []
  /** Of the node that is about to be added. */
  readonly #tasks = new Map<number, { readonly anchor: SimAnchor; readonly task: Task }>()

  /** Peers are whole ones unless another `boot` makes them. */
  constructor(
    seed: number,
    options: Partial<WorldOptions<Dweller | TaskCore>> = {},
    boot: (env: SimEnv, setup: Setup) => Dweller = (env, setup) => startPeer(env, peerOptions(setup)),
  ) {
    this.world = new World<Dweller | TaskCore>({
      seed,
      bytesPerMs: 4000,
      ...options,
      boot: (env, setup, node) => {
        const role = this.#tasks.get(node.index)
        return role === undefined ? boot(env, setup) : role.anchor.boot(role.task, env)
      },
    })
  }

  /** `elsewhere`: it says that its tasks are at this address, where they are not, and has only admission. */
  addAnchor(quotaBytes = 1024 * MIB, elsewhere: Address | null = null): SimAnchor {
    const { world, anchors } = this
    const name = `anchor-${anchors.length}`
    const { ip } = world.network.host(name)
    const at = (task: Task): readonly Address[] => {
      const own = `${ip}:${PORTS[task]}` as Address
      return [task === 'admission' ? own : (elsewhere ?? own)]
    }
    const anchor = new SimAnchor(this, keysOf(world.seed, 1000 + anchors.length), {
      addresses: { admission: at('admission'), manifests: at('manifests'), files: at('files') },
      join: elsewhere === null ? this.doors() : [elsewhere],
      hosts: [],
      pingIntervalMs: 500,
      software: 'sim',
      replicas: REPLICAS,
      quotaBytes,
      params: EASY_PARAMS,
    })
    for (const task of elsewhere === null ? TASKS : (['admission'] as const)) {
      this.#tasks.set(world.nodes.length, { anchor, task })
      const listen = anchor.options.addresses[task]
      anchor.nodes.set(task, world.addPeer({ host: name, name, keys: anchor.keys, listen, join: [] }))
    }
    anchors.push(anchor)
    return anchor
  }

  /** `join` where not at the anchors. */
  addPeers(count: number, join?: readonly Address[]): readonly Node[] {
    const added = Array.from({ length: count }, () => this.world.addPeer({ join: join ?? this.doors() }))
    this.peers.push(...added)
    return added
  }

  /** Where newcomers knock: at every anchor's admission. */
  doors(): readonly Address[] {
    return this.anchors.flatMap(({ options }) => options.addresses.admission)
  }

  /** All that run know each other, and the peers each task of the anchors. */
  settled(within: `${number} s` = '30 s'): void {
    const { world } = this
    const all = (): readonly Node[] => this.peers.filter(({ awake }) => awake)
    world.until(() => all().every((node) => this.#knowsAll(node, all().length)), within, 'all to know each other')
  }

  /** Runs until a call with a `done` was answered, and gives what it answered. */
  wait<T>(what: string, call: (done: (result: Result<T>) => void) => void): T {
    const answers: Result<T>[] = []
    this.world.act(() => call((result) => answers.push(result)))
    this.world.until(() => answers.length > 0, '120 s', what)
    const [answer] = answers
    if (!answer?.ok) throw new Error(`${what}: ${answer?.message}`)
    return answer.value
  }

  #knowsAll(node: Node, count: number): boolean {
    const views = api(node).peers()
    const up = views.filter(({ state, tasks }) => state === 'up' && tasks.every((task) => task.up))
    return up.length === count - 1 + this.anchors.length
  }
}

export function api(node: Node): Peer {
  return node.peer as Peer
}

export function store(scene: Scene, node: Node, name: string, sizeMib: number, seed: number): void {
  const path = `/home/${name}`
  node.files.put(path, sizeMib * MIB, seed)
  scene.wait(`store ${name}`, (done) => api(node).store(path, {}, () => {}, done))
}

export function request(scene: Scene, node: Node, name: string): readonly PeerId[] {
  const { sources } = scene.wait<{ sources: readonly { id: PeerId; bytes: number }[] }>(`request ${name}`, (done) =>
    api(node).request(name, { target: `/got/${name}` }, () => {}, done),
  )
  return sources.filter(({ bytes }) => bytes > 0).map(({ id }) => id)
}
