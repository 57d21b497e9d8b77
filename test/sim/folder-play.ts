/**
 * Plays a plan over the real folder protocol: users work, fate strikes, then everything heals, and all folders must become
 * one in which nothing is lost that somebody saved. The result counts what really happened.
 */
import type { Env } from '../../src/env.js'
import type { FolderDisk } from '../../src/folder-disk.js'
import type { FolderView } from '../../src/folder-views.js'
import { EPOCH_MS } from './env.js'
import * as checks from './folder-checks.js'
import { Fate } from './folder-fate.js'
import { History, isConflict } from './folder-history.js'
import { bootFolder, type FolderNode, type FolderPeer } from './folder-peer.js'
import type { FolderPlan } from './folder-plan.js'
import { SimTree } from './folder-tree.js'
import { type Site, Users } from './folder-users.js'
import type { Trace } from './schedule.js'
import { InvariantError, World } from './world.js'

export interface FolderPlayed {
  readonly hash: string
  readonly events: number
  readonly counts: Readonly<Record<string, number>>
  /** After the last fault until all folders were one and nobody said anything more. */
  readonly healedMs: number
}

export interface FolderPlayOptions {
  readonly trace?: Trace
  /** Where tests plant their bugs. */
  readonly wrapEnv?: (env: Env) => Env
  readonly wrapDisk?: (disk: FolderDisk, tree: SimTree) => FolderDisk
}

/** What has to happen in a run of many seeds. */
export const EXPECTED = [
  ...['edits', 'twins', 'renames', 'deletes', 'directory moves', 'directory deletes', 'clashes', 'touches', 'x bits'],
  ...['conflicts', 'crashes', 'restarts', 'crashes at a write', 'edits at a write', 'indexes lost', 'markers lost'],
  ...['partitions', 'links cut', 'skews', 'pauses', 'full disks', 'messages'],
] as const
/** What has to happen in every seed. */
export const REQUIRED = { edits: 10, crashes: 1, partitions: 1 } as const

const FILES_BEFORE = 12
const CHECK_EVERY_MS = 250
/** A folder that cannot do something tries again after at most a minute. */
const BOUND_MS = 150_000
/** So long somebody may still find the bytes, or give them up. */
const IN_VAIN_MS = 100_000
const SILENT_MS = 5_000
const QUIET_MS = 10_000
const MOST_TYPES = 30

export function playFolder(plan: FolderPlan, options: FolderPlayOptions = {}): FolderPlayed {
  const run = new Run(plan, options)
  run.start()
  run.storm()
  const healedMs = run.calm()
  run.quiet()
  return { ...run.outcome(), healedMs }
}

class Run {
  readonly #plan: FolderPlan
  readonly #world: World<FolderPeer>
  readonly #trees = new Map<number, SimTree>()
  readonly #sites: Site[] = []
  readonly #history = new History()
  readonly #users: Users
  readonly #fate: Fate
  readonly #counts = new Map<string, number>()
  #messages = 0
  #messageAt = 0
  #calmSince = 0
  readonly #lastTypes: string[] = [] // of the last messages

  constructor(plan: FolderPlan, options: FolderPlayOptions) {
    const { seed, loss, latencyMs, bytesPerMs, syncMs, missedEvents } = plan
    this.#plan = plan
    this.#world = new World<FolderPeer>({
      ...{ seed, loss, latencyMs, bytesPerMs, syncMs },
      boot: (env, _setup, node, process) =>
        bootFolder(env, node, process, {
          ...options,
          ...{ world: this.#world, tree: this.#treeOf(node), syncMs, missedEvents },
          onOwn: (path) => this.#fate.wrote(node, path),
        }),
      tamper: {
        outgoing: (_link, message) => {
          if (message.type.startsWith('folder')) this.#told(message.type)
          return message
        },
        incoming: () => {},
      },
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    })
    const count = (what: string, times = 1): void => void this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
    const telling = { count, now: () => this.#world.now }
    this.#users = new Users(this.#history, telling)
    this.#fate = new Fate({
      ...{ plan, world: this.#world, users: this.#users, history: this.#history, count },
      siteOf: (node) => this.#siteOf(node),
    })
  }

  start(): void {
    for (let n = 0; n < this.#plan.peers; n++) {
      const node = this.#world.addPeer()
      const site: Site = { index: node.index, tree: this.#treeOf(node), weakUntil: 0 }
      this.#sites.push(site)
      if (this.#plan.begin !== 'empty') this.#users.begin(site, FILES_BEFORE, this.#plan.begin === 'identical')
    }
    for (const step of this.#plan.steps) this.#world.at(step.at, step.kind, () => this.#fate.do(step, this.#sites))
  }

  storm(): void {
    this.#world.run(this.#plan.calmAt)
  }

  /** Everything heals; then all folders must become one. */
  calm(): number {
    const world = this.#world
    const since = world.now
    this.#calmSince = since
    this.#fate.heal(this.#sites)
    for (let wrong = this.#unsettled(); wrong !== null; wrong = this.#unsettled()) {
      if (world.now - since >= BOUND_MS) this.#fail(`not settled after ${BOUND_MS / 1000} s: ${wrong}`)
      world.run(CHECK_EVERY_MS)
      this.#fate.answerQuestions()
    }
    return world.now - since
  }

  /** Then nothing may move any more, and nothing may be missing. */
  quiet(): void {
    const before = this.#sites.map((site) => checks.inodesOf(site))
    const { length } = this.#sites.flatMap(({ tree }) => tree.trash)
    const messages = this.#messages
    this.#world.run(QUIET_MS)
    for (const [place, site] of this.#sites.entries()) {
      this.#must(checks.somethingMoved(site, before[place] ?? new Map()))
    }
    // whoever waits in vain asks again
    if (this.#world.nodes.some(({ peer }) => this.#waitsInVain(peer.folder.folder())))
      this.#counts.set('bytes nowhere', 1)
    else if (this.#messages > messages) {
      const types = this.#lastTypes.slice(messages - this.#messages)
      this.#fail(`${this.#messages - messages} messages though all is in sync: ${types}`)
    }
    if (this.#sites.flatMap(({ tree }) => tree.trash).length !== length) this.#fail('something went to the trash')
    this.#must(checks.treesDiffer(this.#sites, this.#awaited()))
    this.#must(checks.somethingLost(this.#sites, this.#history))
    this.#must(checks.somethingBack(this.#sites, this.#history))
    this.#must(checks.needlessConflict(this.#sites, this.#history))
    this.#must(this.#ruleBroken())
  }

  outcome(): Omit<FolderPlayed, 'healedMs'> {
    const conflicts = this.#sites[0]?.tree.paths.filter(isConflict).length ?? 0
    const counts = { ...Object.fromEntries(this.#counts), conflicts, messages: this.#messages }
    return { hash: this.#world.hash, events: this.#world.schedule.events, counts }
  }

  #unsettled(): string | null {
    for (const { name, peer } of this.#world.nodes) {
      const { state, reason, inSync, need, problems } = peer.folder.folder()
      if ((state === 'in sync' && inSync) || this.#waitsInVain(peer.folder.folder())) continue

      return `${name} is ${state} (${reason}) with ${need.items} to do, problems ${JSON.stringify(problems)}`
    }
    const silentMs = this.#world.now - this.#messageAt
    return checks.treesDiffer(this.#sites, this.#awaited()) ?? (silentMs < SILENT_MS ? 'messages flow' : null)
  }

  /** Whether all that is still to do here waits for bytes that are gone with what some peer knew. */
  #waitsInVain({ state, need, problems }: FolderView): boolean {
    const isLong = this.#world.now - this.#calmSince >= IN_VAIN_MS
    return isLong && state === 'syncing' && need.items > 0 && this.#inVain(problems).length === need.items
  }

  #inVain(problems: FolderView['problems']): FolderView['problems'] {
    const { missed } = this.#history
    return problems.filter(({ path, reason }) => missed.has(path) && reason.startsWith('no peer'))
  }

  #awaited(): ReadonlySet<string> {
    const problems = this.#world.nodes.flatMap(({ peer }) => peer.folder.folder().problems)
    return new Set(this.#inVain(problems).map(({ path }) => path))
  }

  #ruleBroken(): string | null {
    const [violation] = this.#world.network.violations
    if (violation !== undefined) return `${violation.by} cut an honest peer off: ${violation.reason}`
    const ended = this.#world.nodes.find(({ fatal }) => fatal !== null)
    return ended === undefined ? null : `${ended.name} gave up: ${ended.fatal}`
  }

  #told(type: string): void {
    this.#messages++
    this.#lastTypes.push(type)
    if (this.#lastTypes.length > MOST_TYPES) this.#lastTypes.shift()
    this.#messageAt = this.#world.now
  }

  #treeOf(node: FolderNode): SimTree {
    const tree = this.#trees.get(node.index) ?? new SimTree(() => EPOCH_MS + Math.floor(this.#world.now) + node.skewMs)
    this.#trees.set(node.index, tree)
    return tree
  }

  #siteOf(node: FolderNode): Site {
    const site = this.#sites[node.index]
    if (site === undefined) throw new Error(`${node.name} has no folder`)
    return site
  }

  #must(wrong: string | null): void {
    if (wrong !== null) this.#fail(wrong)
  }

  #fail(wrong: string): never {
    throw new InvariantError(`seed ${this.#plan.seed}, ${(this.#world.now / 1000).toFixed(3)} s: ${wrong}`)
  }
}
