/**
 * A whole network in one thread: peers, machines, disks and faults on virtual time. Everything that happens follows from
 * the seed and from the calls made here, in their order; `hash` proves it.
 */
import type { Network } from '../../src/env.js'
import type { Address } from '../../wire/types.js'
import { SimChunks } from './chunks.js'
import { type DatagramFaults, SimDatagrams } from './datagrams.js'
import { SimDisk, SimStore } from './disk.js'
import { type Keys, keysOf, networkOf, SimEnv } from './env.js'
import { SimFiles } from './files.js'
import { SimLinks, SimNetwork, type Tamper } from './network.js'
import { type Setup, SimNode } from './node.js'
import { SimProcess } from './process.js'
import { Random, unit, wordOf } from './random.js'
import { Schedule, type Trace } from './schedule.js'
import { withoutWorld } from './trap.js'
import { SimWorkers } from './workers.js'

export interface WorldOptions<P> {
  readonly seed: number
  /** Makes the peer over its Env and starts it. */
  readonly boot: (env: SimEnv, setup: Setup, node: SimNode<P>, process: SimProcess) => P
  readonly loss?: number
  readonly latencyMs?: readonly [low: number, high: number]
  readonly datagramFaults?: DatagramFaults
  readonly bytesPerMs?: number
  /** Mean time until a write is durable. */
  readonly syncMs?: number
  /** Longest time that a timer is late. */
  readonly latenessMs?: number
  /** Double hashes a second of each peer's miner. */
  readonly hashRate?: number
  readonly network?: Network
  /** Off only where a test does something between events that the trap would forbid. */
  readonly trap?: boolean
  readonly trace?: Trace
  readonly tamper?: Tamper
}

/** Looks at the whole world and says what is wrong with it, or null. */
export type Invariant<P> = (world: World<P>) => string | null

export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** `10 s`, `1.5 s`, `200 ms`, or a number of milliseconds. */
export type Duration = number | `${number} ${'ms' | 's' | 'min'}`

const UNITS = { ms: 1, s: 1000, min: 60_000 } as const
const DEFAULT_PORT = 4000
const MAX_DOORS = 4

export function milliseconds(duration: Duration): number {
  if (typeof duration === 'number') return duration
  const [count, unitName] = duration.split(' ')
  return Number(count) * UNITS[unitName as keyof typeof UNITS]
}

export class World<P> {
  readonly seed: number
  readonly nodes: SimNode<P>[] = []
  readonly schedule = new Schedule()
  readonly network: SimNetwork
  /** Checked after every event, or after those of one kind (`ringLeave`: that message was read). */
  readonly always: { readonly kind?: string; readonly invariant: Invariant<P> }[] = []
  /** Mean time until a write is durable; may be changed while running. */
  syncMs: number
  readonly #options: WorldOptions<P>
  readonly #network: Network
  #inside = false

  constructor(options: WorldOptions<P>) {
    this.#options = options
    this.seed = options.seed
    this.syncMs = options.syncMs ?? 4
    this.#network = options.network ?? networkOf('sim')
    this.schedule.trace = options.trace ?? null
    this.network = new SimNetwork(this.schedule, options.seed, {
      loss: options.loss ?? 0,
      latencyMs: options.latencyMs ?? [1, 20],
      bytesPerMs: options.bytesPerMs ?? 20_000,
    })
    this.network.tamper = options.tamper ?? null
    if (options.datagramFaults !== undefined) this.network.datagramFaults = options.datagramFaults
    this.schedule.afterEvent = (happened) => {
      for (const { kind, invariant } of this.always) {
        if (kind === undefined || kind === happened) this.check(invariant)
      }
    }
  }

  get now(): number {
    return this.schedule.now
  }

  /** Over everything that happened. */
  get hash(): string {
    return this.schedule.hash
  }

  get alive(): readonly SimNode<P>[] {
    return this.nodes.filter((node) => node.alive)
  }

  // ---- peers

  /** Adds a peer and starts it. It has a machine and keys of its own and joins those that run, unless told. */
  addPeer(
    given: { readonly host?: string; readonly name?: string; readonly keys?: Keys } & Partial<Setup> = {},
  ): SimNode<P> {
    const index = this.nodes.length
    const host = this.network.host(given.host ?? `m${index}`)
    const listen = given.listen ?? [`${host.ip}:${DEFAULT_PORT}` as Address]
    const join = given.join ?? this.#addresses()
    const keys = given.keys ?? keysOf(this.seed, index)
    const name = given.name ?? `peer-${index}`
    const node = new SimNode<P>(index, name, keys, host, new SimDisk(), new SimFiles(), { listen, join })
    this.nodes.push(node)
    this.start(node)
    return node
  }

  addPeers(count: number): readonly SimNode<P>[] {
    return Array.from({ length: count }, () => this.addPeer())
  }

  /** Starts a peer (again) on its disk. */
  start(node: SimNode<P>): void {
    if (node.alive) throw new Error(`${node.name} runs already`)
    this.#guarded(() => this.#boot(node))
  }

  /** SIGKILL; with `powerLost` the whole machine goes and says nothing. */
  kill(node: SimNode<P>, powerLost = false): void {
    this.#end(node, unit(this.seed, node.index, node.lives, 21), powerLost)
  }

  /** The process ends by itself, after all it had to send left the machine. */
  exit(node: SimNode<P>): void {
    this.#end(node, 1, false)
  }

  restart(node: SimNode<P>): void {
    if (node.alive) this.kill(node)
    this.start(node)
  }

  /** SIGSTOP: nothing runs, sockets stay. */
  freeze(node: SimNode<P>): void {
    node.life?.process.freeze()
    this.schedule.note('freeze', node.index, 0, '')
  }

  thaw(node: SimNode<P>): void {
    node.life?.process.thaw()
    this.schedule.note('thaw', node.index, 0, '')
  }

  clockSkew(node: SimNode<P>, skewMs: number): void {
    node.skewMs = skewMs
  }

  // ---- faults of the network

  /** Nothing passes between the two groups. */
  partition(left: readonly SimNode<P>[], right: readonly SimNode<P>[]): void {
    for (const a of left) {
      for (const b of right) {
        this.network.cut(a.index, b.index)
        this.network.cut(b.index, a.index)
      }
    }
    this.schedule.note('partition', left[0]?.index ?? -1, left.length, `${names(left)} | ${names(right)}`)
  }

  /** Nothing gets from one to the other; the way back stays. */
  cutOneWay(from: SimNode<P>, to: SimNode<P>): void {
    this.network.cut(from.index, to.index)
    this.schedule.note('one-way', from.index, to.index, `${from.name} -> ${to.name}`)
  }

  /** All partitions and cuts end. */
  heal(): void {
    this.schedule.note('heal', -1, 0, '')
    this.network.heal()
  }

  // ---- time

  run(duration: Duration): void {
    this.#guarded(() => this.schedule.runUntil(this.now + milliseconds(duration)))
  }

  /** Runs until `condition` holds; throws with `what` when the time is up. */
  until(condition: () => boolean, within: Duration, what: string): void {
    const end = this.now + milliseconds(within)
    while (!condition()) {
      if (this.now >= end) throw new InvariantError(`waited ${within} in vain for: ${what}`)
      this.run(Math.min(50, end - this.now))
    }
  }

  /** Calls `action` at a virtual time, as part of the run. */
  at(time: number, kind: string, action: () => void): void {
    this.schedule.at(time, kind, -1, action)
  }

  /** Something that the plan does to a peer, with the outer world out of its reach. */
  act(action: () => void): void {
    this.#guarded(action)
  }

  check(invariant: Invariant<P>): void {
    const wrong = invariant(this)
    if (wrong !== null) {
      throw new InvariantError(`seed ${this.seed}, ${(this.now / 1000).toFixed(3)} s, ${invariant.name}: ${wrong}`)
    }
  }

  /** Where a newcomer knocks: at the first peer and a few that run. */
  #addresses(): readonly Address[] {
    const doors = new Set([...this.nodes.slice(0, 1), ...this.alive.slice(0, MAX_DOORS)])
    return [...doors].flatMap(({ setup }) => setup.listen.filter((address) => !address.endsWith(':0')) as Address[])
  }

  #guarded(action: () => void): void {
    if (this.#options.trap === false || this.#inside) {
      action()
      return
    }
    this.#inside = true
    try {
      withoutWorld(action)
    } finally {
      this.#inside = false
    }
  }

  #boot(node: SimNode<P>): void {
    const { schedule, network, seed } = this
    const lifeNumber = node.lives++
    const process = new SimProcess(schedule, seed, node.index, lifeNumber, this.#options.latenessMs ?? 2)
    const { id, publicKey } = node.keys
    const face = { process, host: node.host, id, publicKey, networkTag: this.#network.tag }
    const random = (purpose: number): Random => new Random(seed, node.index, lifeNumber, purpose)
    const syncMs = (): number => this.syncMs
    const store = new SimStore(node.disk, process, random(1), syncMs)
    const datagrams = new SimDatagrams(network, process)
    const env = new SimEnv({
      process,
      keys: node.keys,
      name: node.name,
      network: this.#network,
      links: new SimLinks(network, face),
      datagrams,
      store,
      chunks: new SimChunks({
        files: node.files,
        process,
        random: random(2),
        syncMs,
        badChunks: () => node.badChunks,
        wallTime: () => env.wallTime(),
      }),
      workers: new SimWorkers(process, random(3), this.#options.hashRate ?? 20_000),
      skewMs: () => node.skewMs,
      localPeers: () => network.localListeners(face),
      log: (level, text) => {
        node.remember({ time: this.now, level, text })
        schedule.note('log', node.index, wordOf(text), `${level} ${text}`)
      },
      fatal: (reason) => {
        node.fatal = reason
        process.at(this.now, 'fatal', () => this.kill(node))
      },
    })
    network.register(face, datagrams)
    schedule.note('start', node.index, lifeNumber, `${node.name} ${id.slice(0, 8)} life ${lifeNumber}`)
    node.left = false
    node.life = { process, store, env, peer: this.#options.boot(env, node.setup, node, process) }
  }

  #end(node: SimNode<P>, survives: number, powerLost: boolean): void {
    const { life } = node
    if (life === null) return
    node.life = null
    node.endedAt = this.now
    life.process.die()
    life.store.kill()
    node.files.kill()
    this.network.kill(life.process, survives, powerLost)
    this.schedule.note(powerLost ? 'power lost' : 'end', node.index, node.lives, '')
  }
}

const names = <P>(nodes: readonly SimNode<P>[]): string => nodes.map(({ name }) => name).join(' ')
