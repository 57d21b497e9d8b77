/** What happens to the peers of a shared folder: each step of a plan, applied to a peer that it can happen to. */
import type { History } from './folder-history.js'
import type { FolderNode, FolderPeer } from './folder-peer.js'
import type { FolderPlan, FolderStep, FolderStepKind } from './folder-plan.js'
import { idAt, type Site, type Users } from './folder-users.js'
import { Random, unit } from './random.js'
import type { World } from './world.js'

export interface FateOptions {
  readonly plan: FolderPlan
  readonly world: World<FolderPeer>
  readonly users: Users
  readonly history: History
  readonly count: (what: string, times?: number) => void
  readonly siteOf: (node: FolderNode) => Site
}

const SKEW_MS = 5_000
/** What stood in a folder that is found anew counts as older for so long: until its first scan has surely ended. */
const WEAK_MS = 5_000
/** What a peer did in this time before its end may not be in its index. */
const FORGOTTEN_MS = 3_000
const ROOM_BYTES = 20_000

export class Fate {
  /** Waits for the next write of a peer, by its number. */
  readonly #ambushes = new Map<number, (path: string) => void>()
  /** What each peer wrote of its own when, by path. */
  readonly #written = new Map<number, Map<string, number>>()
  /** Peers that ended before they had scanned what they found anew, and since when they may have missed something. */
  readonly #unscanned = new Map<number, number>()
  /** When each peer's marker was lost last. */
  readonly #markerLost = new Map<number, number>()
  readonly #calm: (() => void)[] = []

  readonly #faults: Partial<Record<FolderStepKind, (step: FolderStep) => void>> = {
    crash: (step) => this.#toAlive(step, (node) => this.#crash(node, step)),
    'crash at a write': (step) => this.#toAlive(step, (node) => this.#crashAtWrite(node, step)),
    'edit at a write': (step) => this.#toAlive(step, (node) => this.#editAtWrite(node, step)),
    'lose the index': (step) => this.#toAlive(step, (node) => this.#loseIndex(node, step)),
    'lose the marker': (step) => this.#toAlive(step, (node) => this.#loseMarker(node, step)),
    partition: (step) => this.#partition(step),
    'cut links': (step) => this.#cutLinks(step),
    skew: (step) => this.#pick(step, this.options.world.nodes, (node) => this.#skew(node, step)),
    pause: (step) => this.#toAlive(step, (node) => this.#pause(node, step)),
    'disk full': (step) => this.#pick(step, this.options.world.nodes, (node) => this.#fillDisk(node, step)),
  }

  constructor(private readonly options: FateOptions) {}

  do(step: FolderStep, sites: readonly Site[]): void {
    const { world, users, siteOf } = this.options
    const fault = this.#faults[step.kind]
    if (fault !== undefined) fault(step)
    else this.#pick(step, world.nodes, (node) => void users.do(step, siteOf(node), sites))
  }

  /** A peer's own write, at the very moment. */
  wrote(node: FolderNode, path: string): void {
    const { world } = this.options
    const written = this.#written.get(node.index) ?? new Map<string, number>()
    this.#written.set(node.index, written.set(path, world.now))
    const ambush = this.#ambushes.get(node.index)
    this.#ambushes.delete(node.index)
    ambush?.(path)
  }

  /** All faults end, and whoever does not run is started. */
  heal(sites: readonly Site[]): void {
    const { world } = this.options
    this.#ambushes.clear()
    for (const end of this.#calm.splice(0)) end()
    world.network.loss = 0
    world.heal()
    for (const { tree } of sites) tree.capacity = Number.POSITIVE_INFINITY
    for (const node of world.nodes) if (!node.alive) this.#start(node)
  }

  /** Whoever is paused goes on; somebody is asked whether many deletions were meant. */
  answerQuestions(): void {
    const { world, plan, history } = this.options
    for (const node of world.alive) {
      const { state, heldDeletions } = node.peer.folder.folder()
      if (state === 'paused' && heldDeletions === 0) this.#resume(node)
      if (state !== 'paused' || heldDeletions === 0) continue
      this.options.count('questions')
      if (plan.answer === 'restore') history.forgetDeletions(node.index, 0)
      world.act(() => node.peer.folder.folderResume(plan.answer, () => {}))
    }
  }

  #pick(step: FolderStep, from: readonly FolderNode[], action: (node: FolderNode) => void): void {
    if (from.length > 0) action(new Random(step.who).pick(from))
  }

  #toAlive(step: FolderStep, action: (node: FolderNode) => void): void {
    this.#pick(step, this.options.world.alive, action)
  }

  #later(step: FolderStep, action: () => void): void {
    let isDone = false
    const once = (): void => {
      if (!isDone) action()
      isDone = true
    }
    this.#calm.push(once)
    this.options.world.at(this.options.world.now + step.forMs, 'end of fault', once)
  }

  #crash(node: FolderNode, step: FolderStep): void {
    this.#kill(node)
    this.#later(step, () => this.#start(node))
  }

  #crashAtWrite(node: FolderNode, step: FolderStep): void {
    this.#ambushes.set(node.index, () => {
      this.options.count('crashes at a write')
      this.#crash(node, step)
    })
  }

  #editAtWrite(node: FolderNode, step: FolderStep): void {
    const { users, siteOf, count } = this.options
    this.#ambushes.set(node.index, (path) => {
      if (users.save(siteOf(node), path, new Random(step.value))) count('edits at a write')
    })
  }

  #kill(node: FolderNode): void {
    const { world, history } = this.options
    if (!node.alive) return
    this.options.count('crashes')
    for (const [path, at] of this.#written.get(node.index) ?? []) {
      if (world.now - at < FORGOTTEN_MS) history.unclear.add(path)
    }
    if (world.now < this.options.siteOf(node).weakUntil) this.#unscanned.set(node.index, world.now - FORGOTTEN_MS)
    world.kill(node)
  }

  #start(node: FolderNode): void {
    if (node.alive) return
    this.options.count('restarts')
    // what was to be found anew is still to be
    const since = this.#unscanned.get(node.index)
    if (since !== undefined) this.#foundAnew(node, since)
    this.#unscanned.delete(node.index)
    this.options.world.start(node)
  }

  #loseIndex(node: FolderNode, step: FolderStep): void {
    const since = this.options.world.now - FORGOTTEN_MS
    this.#kill(node)
    this.#later(step, () => {
      if (node.alive) return
      this.options.count('indexes lost')
      for (const table of node.disk.durable.values()) table.clear()
      this.#foundAnew(node, since)
      this.#start(node)
    })
  }

  #loseMarker(node: FolderNode, step: FolderStep): void {
    const { world, siteOf } = this.options
    this.options.count('markers lost')
    this.#markerLost.set(node.index, world.now)
    siteOf(node).tree.loseMarker()
    this.#later(step, () => this.#resume(node))
  }

  /** Nobody here knows any more what these files are: whatever others know is newer. */
  #foundAnew(node: FolderNode, since: number): void {
    const { world, history, siteOf } = this.options
    const site = siteOf(node)
    site.weakUntil = world.now + WEAK_MS
    const lostAt = this.#markerLost.get(node.index) ?? world.now
    // nothing was seen since its marker went
    history.forgetDeletions(node.index, site.tree.marker === null ? Math.min(since, lostAt - FORGOTTEN_MS) : since)
    history.forgot(node.index)
    for (const path of site.tree.paths) history.found(path, idAt(site.tree, path))
  }

  #pause(node: FolderNode, step: FolderStep): void {
    this.options.count('pauses')
    node.peer.folder.folderPause()
    this.#later(step, () => this.#resume(node))
  }

  #resume(node: FolderNode): void {
    if (!node.awake || node.peer.folder.folder().state !== 'paused') return
    if (this.options.siteOf(node).tree.marker === null) this.#foundAnew(node, this.options.world.now)
    this.options.world.act(() => node.peer.folder.folderResume(null, () => {}))
  }

  #skew(node: FolderNode, { value }: FolderStep): void {
    this.options.count('skews')
    this.options.world.clockSkew(node, Math.floor((2 * unit(value) - 1) * SKEW_MS))
  }

  #partition(step: FolderStep): void {
    const { world } = this.options
    const lonely = step.who % world.nodes.length
    const left = world.nodes.filter(({ index }) => index === lonely || unit(step.value, index) < 0.3)
    const right = world.nodes.filter((node) => !left.includes(node))
    if (right.length === 0) right.push(...left.splice(1))
    this.options.count('partitions')
    world.partition(left, right)
    this.#later(step, () => world.heal())
  }

  /** Links break, each for both sides. */
  #cutLinks(step: FolderStep): void {
    const links = [...this.options.world.network.links()]
    for (const link of links) {
      if (link.closed || unit(step.value, link.serial, link.process.index) < 0.7) continue
      const { partner } = link
      link.arrive({ kind: 'end' })
      partner.arrive({ kind: 'end' })
      this.options.count('links cut')
    }
  }

  #fillDisk(node: FolderNode, step: FolderStep): void {
    const { tree } = this.options.siteOf(node)
    this.options.count('full disks')
    tree.capacity = tree.usedBytes + (step.value % ROOM_BYTES)
    this.#later(step, () => {
      tree.capacity = Number.POSITIVE_INFINITY
    })
  }
}
