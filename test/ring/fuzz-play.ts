/**
 * Plays a plan over the real ring code: members come, go and die, fate strikes, lookups run all the while; then the
 * faults end and there must be one ideal ring that stays so, in which every lookup is right. The result counts what really
 * happened, so that a run can tell that it tested something.
 */
import type { LookupView, Result } from '../../src/api.js'
import { keyOf } from '../../src/ring/id.js'
import { NO_DATAGRAM_FAULTS } from './flings.js'
import { RingError, Watcher } from './fuzz-checks.js'
import { FEWEST_PEERS, type RingPlan, type RingStep } from './fuzz-plan.js'
import type { Node } from './node.js'
import { World } from './world.js'

export interface RingPlayed {
  readonly hash: string
  readonly events: number
  readonly counts: Readonly<Record<string, number>>
  /** After the last fault until all lists were right. */
  readonly healedMs: number
  /** The longest that peers which could talk were in two rings. */
  readonly longestApartMs: number
}

/** What has to happen in every single play, and how often: what its plan can promise. */
const REQUIRED = {
  peers: FEWEST_PEERS,
  'joins or leaves': 50,
  joins: 1,
  leaves: 1,
  kills: 1,
  freezes: 1,
  partitions: 1,
  bursts: 1,
  lookups: 1,
} as const

/** In every play whose network lets datagrams through. */
const REQUIRED_OF_UDP = { datagrams: 1_000 }

export const requiredOf = ({ udp }: RingPlan): Readonly<Record<string, number>> =>
  udp ? { ...REQUIRED, ...REQUIRED_OF_UDP } : REQUIRED

/** What has to happen in a run of many. */
export const EXPECTED = [
  ...Object.keys({ ...REQUIRED, ...REQUIRED_OF_UDP }),
  ...['restarts', 'outside', 'messages lost', 'messages overtaking'],
  ...['datagrams lost', 'datagrams doubled', 'datagrams late'],
  ...['datagrams repeated', 'datagrams damaged', 'acks by others'],
]

/** Where only the ring itself finds those that were cut off, it asks one buried peer every 4 s. */
const BOUND_MS = { gossip: 15_000, alone: 120_000 }
const STAYS_MS = 6_000
const JOIN_EVERY_MS = 300
const LOOKUP_EVERY_MS = 250
const LAST_LOOKUPS = 20
const CALM_LATENCY_MS = [1, 10] as const
const BURST_MS = [50, 600] as const
const LOSSY = 0.2
const LATE = 0.3

export function playRing(plan: RingPlan, trace: (line: string) => void = () => {}): RingPlayed {
  const run = new Run(plan, trace)
  run.storm()
  const healedMs = run.calm()
  return { ...run.outcome(), healedMs }
}

class Run {
  readonly #plan: RingPlan
  readonly #world: World
  readonly #watcher: Watcher
  readonly #trace: (line: string) => void
  readonly #counts = new Map<string, number>()
  #partition: object | undefined

  constructor(plan: RingPlan, trace: (line: string) => void) {
    const { seed, gossip, loss, latencyMs, udp, datagrams } = plan
    this.#plan = plan
    this.#trace = trace
    this.#world = new World({ seed, gossip, addressBook: !gossip, loss, latencyMs, udp })
    this.#world.flings.faults = datagrams
    this.#watcher = new Watcher(this.#world, this.#boundMs)
    const watch = this.#world.onSend
    this.#world.onSend = (from, to, message) => {
      watch(from, to, message)
      this.#trace(`${this.#world.now.toFixed(1)} ${from.info.name} -> ${to.slice(0, 4)} ${message.type}`)
    }
  }

  outcome(): Omit<RingPlayed, 'healedMs'> {
    const { events, hash, lost, overtaking, flings } = this.#world
    const counts = {
      ...Object.fromEntries(this.#counts),
      'messages lost': lost,
      'messages overtaking': overtaking,
      ...flings.counts,
    }
    return { hash: hash.toString(16), events, counts, longestApartMs: this.#watcher.longestApartMs }
  }

  storm(): void {
    const { peers, steps, calmAt } = this.#plan
    for (let count = 0; count < peers; count++) {
      this.#add()
      this.#world.run(JOIN_EVERY_MS)
    }
    this.#count('peers', this.#world.alive().length)
    for (const step of steps) this.#world.after(step.at - this.#world.now, () => this.#do(step))
    this.#lookUpAgain()
    this.#world.run(calmAt - this.#world.now)
  }

  /** Returns how long it took until all was right. */
  calm(): number {
    const world = this.#world
    world.loss = 0
    world.reorder = 0
    world.flings.faults = NO_DATAGRAM_FAULTS
    world.latencyMs = CALM_LATENCY_MS
    world.heal()
    for (const node of world.alive()) {
      world.thaw(node)
      node.setRole('peer')
    }
    this.#watcher.changed()
    const healedMs = world.until('ideal ring', this.#boundMs, world.ideal)
    // questions asked before the calm may still end in a false death
    world.run(STAYS_MS)
    world.until('ideal ring', this.#boundMs, world.ideal)
    world.checkLookups(LAST_LOOKUPS)
    this.#count('lookups', LAST_LOOKUPS)
    world.run(STAYS_MS)
    if (!world.ideal()) this.#fail(`does not stay ideal: ${world.describe()}`)
    const blamed = world.nodes.find((node) => node.blamed.length > 0)
    if (blamed !== undefined) this.#fail(`${blamed.info.name} blames ${blamed.blamed[0]}`)
    return healedMs
  }

  // ---- what happens

  #do(step: RingStep): void {
    this.#trace(`${this.#world.now.toFixed(1)} ---- ${step.kind} ${step.who} for ${step.forMs}`)
    this.#watcher.changed()
    const present = this.#world.alive()
    switch (step.kind) {
      case 'join':
      case 'leave':
        this.#comeOrGo(step, present)
        return
      case 'kill':
      case 'vanish':
        if (present.length > FEWEST_PEERS) this.#kill(pick(step, present), step.kind === 'vanish')
        return
      case 'restart':
        this.#restart(step)
        return
      case 'partition':
        this.#cut(step)
        return
      case 'freeze':
        this.#freeze(pick(step, present), step.forMs)
        return
      case 'outside':
        this.#outside(pick(step, present), step.forMs)
        return
      default:
        this.#spoil(step)
    }
  }

  /** Too many go, too few come. */
  #comeOrGo(step: RingStep, present: readonly Node[]): void {
    const awake = present.filter((node) => node.awake && !node.left)
    const comes = step.kind === 'join' ? present.length < this.#plan.mostPeers : awake.length <= FEWEST_PEERS
    if (comes) {
      this.#add()
      return
    }
    this.#count('joins or leaves')
    this.#count('leaves')
    this.#world.leave(pick(step, awake))
  }

  #add(): void {
    this.#count('joins or leaves')
    this.#count('joins')
    this.#watcher.changed()
    this.#world.add()
  }

  #kill(node: Node, silent: boolean): void {
    this.#count('kills')
    this.#world.kill(node, silent)
  }

  #restart(step: RingStep): void {
    const dead = this.#world.nodes.filter((node) => !node.alive)
    if (dead.length === 0) return
    this.#count('restarts')
    this.#world.add(pick(step, dead).id)
  }

  #freeze(node: Node, forMs: number): void {
    if (node.frozen || node.left) return
    this.#count('freezes')
    this.#world.freeze(node)
    this.#world.after(forMs, () => {
      if (node.frozen) this.#world.thaw(node)
      this.#watcher.changed()
    })
  }

  #outside(node: Node, forMs: number): void {
    if (node.info.role === 'dial-out') return
    this.#count('outside')
    node.setRole('dial-out')
    this.#world.after(forMs, () => {
      node.setRole('peer')
      this.#watcher.changed()
    })
  }

  #cut(step: RingStep): void {
    const present = this.#world.alive()
    const sides = new Map(present.map((node, place) => [node, (step.value >> (place % 30)) & 1]))
    // all on one side is no cut: one peer stands alone then
    if (new Set(sides.values()).size < 2) sides.set(pick(step, present), 2)
    this.#count('partitions')
    const partition = {}
    this.#partition = partition
    this.#world.partition((node) => sides.get(node) ?? 0)
    this.#world.after(step.forMs, () => {
      if (this.#partition === partition) this.#world.heal()
    })
  }

  #spoil(step: RingStep): void {
    const { loss, latencyMs } = this.#plan
    const world = this.#world
    if (step.kind === 'loss') world.loss = LOSSY
    if (step.kind === 'burst') world.latencyMs = BURST_MS
    if (step.kind === 'reorder') world.reorder = LATE
    if (step.kind === 'burst') this.#count('bursts')
    world.after(step.forMs, () => {
      if (world.now >= this.#plan.calmAt) return
      if (step.kind === 'loss') world.loss = loss
      if (step.kind === 'burst') world.latencyMs = latencyMs
      if (step.kind === 'reorder') world.reorder = 0
    })
  }

  // ---- lookups

  /** All the while somebody looks something up; who is named must have been of the ring, whatever it looks like now. */
  #lookUpAgain(): void {
    if (this.#world.now >= this.#plan.calmAt) return
    this.#world.after(LOOKUP_EVERY_MS, () => this.#lookUpAgain())
    const asking = this.#world.alive().filter((node) => node.awake && !node.left)
    const node = asking[Math.floor(this.#world.random() * asking.length)]
    if (node === undefined) return
    const name = `name ${this.#counts.get('lookups') ?? 0}`
    this.#count('lookups')
    node.ring.lookup(name, (result) => this.#found(name, result))
  }

  #found(name: string, result: Result<LookupView>): void {
    if (!result.ok) {
      this.#count('lookups given up')
      return
    }
    const { key, owner, path } = result.value
    if (key !== keyOf(name)) this.#fail(`the key of ${name} is ${key}`)
    if (this.#world.node(owner) === undefined) this.#fail(`${owner} owns ${name}, and never was`)
    if (new Set(path).size !== path.length) this.#fail(`the path to ${name} comes twice to one peer`)
  }

  // ---- small things

  get #boundMs(): number {
    return this.#plan.gossip ? BOUND_MS.gossip : BOUND_MS.alone
  }

  #count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }

  #fail(what: string): never {
    throw new RingError(what)
  }
}

const pick = (step: RingStep, among: readonly Node[]): Node => among[step.who % among.length]!
