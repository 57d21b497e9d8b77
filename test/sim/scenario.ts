/**
 * Plays a plan over real peers: users act, fate strikes, then the world calms down and everything that was promised is
 * looked for on every peer. The result counts what really happened, so that a test can tell that it tested something.
 */
import type { Done, LookupView, PeerApi, RequestedView, Result, VoteView } from '../../src/api.js'
import { hasContent } from './files.js'
import * as invariants from './invariants.js'
import type { Tamper } from './network.js'
import { type Boot, bootPeer, REPLICAS } from './peer.js'
import type { Plan, Step } from './plan.js'
import type { Trace } from './schedule.js'
import { type Duration, InvariantError, World } from './world.js'

type Node = invariants.PeerNode

export interface Played {
  readonly hash: string
  readonly events: number
  readonly counts: Readonly<Record<string, number>>
}

export interface PlayOptions {
  /** How a peer is made: where tests plant their bugs. */
  readonly boot?: Boot
  readonly tamper?: Tamper
  readonly trace?: Trace
}

const MAX_PEERS = 10
const CHECK_EVERY_MS = 250
/** Others' records are mined after 2 block times and a rank, and only then can all be in step. */
const SETTLE_MS = 180_000
/** After a start or a kill the ring needs this long. */
const IDEAL_AFTER_MS = 5000
/** A vote that was just mined may not have left its machine. */
const ONLY_HERE_MS = 5000
const SKEW_MS = 15_000
const FILE_BYTES = [0, 1000, 300_000, 1_500_000] as const
const HASH_RATE = 50

export function play(plan: Plan, options: PlayOptions = {}): Played {
  const run = new Run(plan, options)
  run.start()
  run.storm()
  run.calm()
  return run.result()
}

class Run {
  readonly world: World<PeerApi>
  readonly #plan: Plan
  readonly #counts = new Map<string, number>()
  readonly #acknowledged: { votes: Acked['votes'][number][]; files: Acked['files'][number][] } = {
    votes: [],
    files: [],
  }
  readonly #destroyed = new Set<Node>()
  /** When a peer was started or ended without a goodbye last. */
  #troubleAt = 0
  #offers: { readonly name: string; readonly seed: number; readonly size: number }[] = []

  constructor(plan: Plan, options: PlayOptions) {
    this.#plan = plan
    this.world = new World<PeerApi>({
      seed: plan.seed,
      boot: options.boot ?? bootPeer,
      loss: plan.loss,
      latencyMs: plan.latencyMs,
      syncMs: plan.syncMs,
      hashRate: HASH_RATE,
      ...(options.tamper === undefined ? {} : { tamper: options.tamper }),
      ...(options.trace === undefined ? {} : { trace: options.trace }),
    })
  }

  start(): void {
    for (let n = 0; n < this.#plan.peers; n++) {
      this.#count('joins')
      this.world.addPeer()
      this.world.run(700)
    }
    if (this.#plan.line) this.#standInLine()
    for (const step of this.#plan.steps) this.world.at(step.at, step.kind, () => this.#do(step))
    this.world.at(this.world.now, 'check', () => this.#checkAgain())
    if (!this.#plan.sound) return
    const nobodySkipped = (world: World<PeerApi>): string | null =>
      world.now - this.#troubleAt < IDEAL_AFTER_MS ? null : invariants.nobodySkipped(world)
    this.world.always.push({ kind: 'ringLeave', invariant: nobodySkipped })
  }

  /** Until the plan says that it is enough. */
  storm(): void {
    this.world.run(Math.max(0, this.#plan.calmAt - this.world.now))
    if (this.#plan.line) this.#settle('every acknowledged vote passed on', invariants.votesKept(this.#acknowledged))
  }

  /** Everything heals and whoever was killed comes back; then nothing may be missing. */
  calm(): void {
    const { world } = this
    world.network.loss = 0
    world.syncMs = 4
    world.heal()
    for (const node of world.nodes) {
      node.badChunks = 0
      world.clockSkew(node, 0)
      if (node.alive) world.thaw(node)
      else if (!node.left && !this.#destroyed.has(node)) world.start(node)
    }
    if (world.alive.length === 0) return
    const kept = invariants.votesKept(this.#acknowledged)
    this.#settle('every peer linked to every other', invariants.everybodyLinked)
    this.#settle('one ideal ring', invariants.idealRing)
    this.#settle('every acknowledged vote in every chain', kept)
    this.#settle('equal tallies', invariants.talliesEqual)
    // two blocks of equal work are a tie that only the next block decides
    this.#lastWord()
    this.#settle('one chain', invariants.oneTip)
    this.#settle('one link a pair', invariants.oneLinkAPair)
    this.#settle('copies at their owners', invariants.copiesAtOwners(this.#acknowledged, REPLICAS))
    world.run('1 s')
    this.#checkNow()
    for (const invariant of [invariants.idealRing, invariants.oneTip, kept, invariants.talliesEqual])
      world.check(invariant)
    world.check(invariants.filesKept(this.#acknowledged, this.#plan.excused))
    this.#lookups()
    this.#requests()
    this.#checkNow()
  }

  result(): Played {
    const counts = Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    return { hash: this.world.hash, events: this.world.schedule.events, counts }
  }

  // ---- checks

  #checkNow(): void {
    for (const invariant of [invariants.nobodyBrokeARule, invariants.nobodyGaveUp, invariants.ringListsInOrder]) {
      this.world.check(invariant)
    }
    if (this.#plan.sound) this.world.check(invariants.deadAreBypassed)
  }

  #checkAgain(): void {
    this.#checkNow()
    this.world.at(this.world.now + CHECK_EVERY_MS, 'check', () => this.#checkAgain())
  }

  #settle(what: string, invariant: (world: World<PeerApi>) => string | null): void {
    const end = this.world.now + SETTLE_MS
    for (let wrong = invariant(this.world); wrong !== null; wrong = invariant(this.world)) {
      if (this.world.now >= end)
        throw new InvariantError(`seed ${this.#plan.seed}: not ${what} after ${SETTLE_MS / 1000} s: ${wrong}`)
      this.world.run(250)
    }
  }

  #lastWord(): void {
    const [node] = this.world.alive
    if (node === undefined) return
    const vote = { poll: 'default', timeoutMs: null }
    const { ballot } = this.#await<VoteView>(`last vote at ${node.name}`, '120 s', (done) => {
      node.peer.vote('the last voter', 'yes', vote, () => {}, done)
    })
    this.#acknowledged.votes.push({ ballot, voter: 'the last voter', by: node.name, at: this.world.now })
  }

  /** Any peer, asked for any name, finds the owner that the ring of all peers has. */
  #lookups(): void {
    const members = invariants.membersOf(this.world)
    for (const [place, node] of members.entries()) {
      const what = `lookup at ${node.name}`
      const { key, owner } = this.#await<LookupView>(what, '20 s', (done) => node.peer.lookup(`name ${place}`, done))
      const right = members.find(({ id }) => id >= key) ?? members[0]
      if (owner !== right?.id)
        throw new InvariantError(`seed ${this.#plan.seed}: ${node.name} takes ${owner} for the owner of ${key}`)
      this.#count('lookups')
    }
  }

  /** Every acknowledged file that somebody has can be had, whole and right. */
  #requests(): void {
    const { world } = this
    for (const [place, file] of this.#acknowledged.files.entries()) {
      if (!world.alive.some((node) => invariants.holdsWhole(node, file))) continue
      const node = world.alive[place % world.alive.length]
      if (node === undefined) return
      const target = `/final/${place}`
      this.#await<RequestedView>(`request of ${file.name} at ${node.name}`, '120 s', (done) => {
        node.peer.request(file.name, { target }, () => {}, done)
      })
      this.#sameContent(node, target, file)
      this.#count('fetched')
    }
  }

  /** Runs the world until a user's command is answered; the answer must be good. */
  #await<T>(what: string, within: Duration, command: (done: Done<T>) => void): T {
    const answers: Result<T>[] = []
    this.world.act(() => command((result) => void answers.push(result)))
    this.world.until(() => answers.length > 0, within, `seed ${this.#plan.seed}: ${what}`)
    const [answer] = answers
    if (answer?.ok) return answer.value
    throw new InvariantError(`seed ${this.#plan.seed}: ${what} failed: ${answer?.message}`)
  }

  #sameContent(
    node: Node,
    target: string,
    file: { readonly name: string; readonly seed: number; readonly size: number },
  ): void {
    const got = node.files.files.get(target)
    const equal = got !== undefined && hasContent(got, file.size, file.seed)
    if (!equal)
      throw new InvariantError(`seed ${this.#plan.seed}: ${file.name} arrived at ${node.name} with other bytes`)
  }

  #standInLine(): void {
    const { world } = this
    for (const node of world.nodes) {
      const others = world.nodes.filter(({ index }) => Math.abs(index - node.index) > 1)
      this.#count('cuts', others.length)
      world.partition([node], others)
    }
  }

  // ---- steps

  #do(step: Step): void {
    const { world } = this
    switch (step.kind) {
      case 'join':
        if (world.nodes.length >= MAX_PEERS) return
        this.#count('joins')
        this.#troubleAt = world.now
        world.addPeer()
        return
      case 'vote':
        this.#pick(
          step,
          world.nodes.filter(({ awake, left }) => awake && !left),
          (node) => this.#vote(node, step),
        )
        return
      case 'store':
        this.#pick(
          step,
          world.nodes.filter(({ awake, left }) => awake && !left),
          (node) => this.#store(node, step),
        )
        return
      case 'request':
        this.#pick(
          step,
          world.nodes.filter(({ awake, left }) => awake && !left),
          (node) => this.#request(node, step),
        )
        return
      case 'kill':
        this.#pick(step, world.alive, (node) => this.#kill(node, step.value % 4 === 0))
        return
      case 'blackout':
        this.#blackout()
        return
      case 'restart':
        this.#pick(
          step,
          world.nodes.filter((node) => !node.alive && !this.#destroyed.has(node)),
          (node) => this.#start(node),
        )
        return
      case 'quit':
        this.#pick(
          step,
          world.nodes.filter(({ awake, left }) => awake && !left),
          (node) => this.#quit(node),
        )
        return
      case 'destroy':
        if (this.#destroyed.size === 0) this.#pick(step, world.alive, (node) => this.#destroy(node))
        return
      default:
        this.#fault(step)
    }
  }

  #fault(step: Step): void {
    const { world } = this
    const later = (action: () => void): void => world.at(world.now + step.forMs, 'end of fault', action)
    switch (step.kind) {
      case 'freeze':
        this.#pick(
          step,
          world.nodes.filter(({ awake }) => awake),
          (node) => {
            this.#count('freezes')
            world.freeze(node)
            later(() => world.thaw(node))
          },
        )
        return
      case 'partition': {
        const left = world.nodes.filter((_, place) => ((step.value >> place) & 1) === 0)
        const right = world.nodes.filter((node) => !left.includes(node))
        if (left.length === 0 || right.length === 0) return
        this.#count('partitions')
        world.partition(left, right)
        later(() => world.heal())
        return
      }
      case 'one-way':
        this.#pick(step, world.alive, (from) => {
          const to = world.alive[step.value % world.alive.length]
          if (to === undefined || to === from) return
          this.#count('one-way')
          world.cutOneWay(from, to)
          later(() => world.heal())
        })
        return
      case 'skew':
        this.#pick(step, world.alive, (node) => {
          world.clockSkew(node, (step.value % (2 * SKEW_MS)) - SKEW_MS)
        })
        return
      case 'slow-disk': {
        const before = this.#plan.syncMs
        world.syncMs = 300
        later(() => {
          world.syncMs = before
        })
        return
      }
      case 'bad-chunks':
        this.#pick(step, world.alive, (node) => {
          node.badChunks = 0.3
          later(() => {
            node.badChunks = 0
          })
        })
        return
      default:
    }
  }

  #vote(node: Node, step: Step): void {
    const voter = `voter ${step.value}`
    this.#count('votes')
    const choice = step.value % 2 === 0 ? 'yes' : 'no'
    node.peer.vote(
      voter,
      choice,
      { poll: 'default', timeoutMs: null },
      () => {},
      (result) => {
        if (!result.ok || result.value.status !== 'added') return
        this.#count('votes acknowledged')
        this.#acknowledged.votes.push({ ballot: result.value.ballot, voter, by: node.name, at: this.world.now })
        this.#onDone(node, step)
      },
    )
  }

  #store(node: Node, step: Step): void {
    const name = `file ${step.value}`
    const size = FILE_BYTES[step.value % FILE_BYTES.length] ?? 0
    const path = `/home/${name}`
    this.#count('stores')
    node.files.put(path, size, step.value)
    this.#offers.push({ name, seed: step.value, size })
    node.peer.store(
      path,
      { as: name },
      () => {},
      (result) => {
        if (!result.ok) return
        this.#count('stores acknowledged')
        const alone = !node.peer.peers().some(({ state }) => state === 'up')
        this.#acknowledged.files.push({ name, id: result.value.id, size, seed: step.value, by: node.name, alone })
        this.#onDone(node, step)
      },
    )
  }

  #request(node: Node, step: Step): void {
    const file = this.#offers[step.value % Math.max(1, this.#offers.length)]
    if (file === undefined) return
    const target = `/home/got ${step.value}`
    this.#count('requests')
    node.peer.request(
      file.name,
      { target },
      () => {},
      (result) => {
        if (!result.ok) return
        this.#count('requests done')
        this.#sameContent(node, target, file)
      },
    )
  }

  #onDone(node: Node, step: Step): void {
    if (step.onDone === 'kill') this.#kill(node, step.value % 2 === 0)
    if (step.onDone === 'blackout') this.#blackout()
  }

  #kill(node: Node, powerLost: boolean): void {
    if (!node.alive) return
    this.#count('kills')
    this.#troubleAt = this.world.now
    this.world.kill(node, powerLost)
    if (!this.#destroyed.has(node)) this.world.at(this.world.now + 15_000, 'restart', () => this.#start(node))
  }

  /** The machine burns, with its disk. What only it could have is nobody's fault. */
  #destroy(node: Node): void {
    this.#count('destroyed')
    this.#destroyed.add(node)
    this.#kill(node, true)
    const { votes, files } = this.#acknowledged
    const fresh = this.world.now - ONLY_HERE_MS
    this.#acknowledged.votes = votes.filter(({ by, at }) => by !== node.name || at < fresh)
    this.#acknowledged.files = files.filter(({ by, alone }) => by !== node.name || !alone)
  }

  /** The lights go out for everybody, and come back. */
  #blackout(): void {
    this.#count('blackouts')
    for (const node of this.world.alive) this.#kill(node, true)
    this.world.at(this.world.now + 500, 'power', () => {
      for (const node of this.world.nodes) {
        if (!node.left && !this.#destroyed.has(node)) this.#start(node)
      }
    })
  }

  #start(node: Node): void {
    if (node.alive || this.world.now >= this.#plan.calmAt) return
    this.#count('restarts')
    this.#troubleAt = this.world.now
    this.world.start(node)
  }

  #quit(node: Node): void {
    // the first peer stays: it is the door that every newcomer knows
    if (node.index === 0) return
    // whoever is alone has nobody to hand its files to
    if (!this.#plan.excused && node.peer.peers().filter(({ state }) => state === 'up').length < 2) return
    this.#count('quits')
    node.left = true
    const { process } = node.life ?? {}
    node.peer.quit(() => {
      if (node.life?.process === process) this.world.exit(node)
    })
  }

  #pick(step: Step, among: readonly Node[], action: (node: Node) => void): void {
    const node = among[step.who % Math.max(1, among.length)]
    if (node !== undefined) action(node)
  }

  #count(what: string, times = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + times)
  }
}

type Acked = invariants.Acknowledged
