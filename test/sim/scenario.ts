/**
 * Plays a plan over real peers: users act, fate strikes, then the world calms down and everything that was promised is
 * looked for on every peer. The result counts what really happened, so that a test can tell that it tested something.
 */
import type { Done, LookupView, PeerApi, RequestedView, Result, VoteView } from '../../src/api.js'
import { NO_FAULTS } from './datagrams.js'
import * as invariants from './invariants.js'
import type { Tamper } from './network.js'
import { type Boot, bootPeer, REPLICAS } from './peer.js'
import type { Plan } from './plan.js'
import type { Trace } from './schedule.js'
import { Steps } from './steps.js'
import { Story } from './story.js'
import { type Duration, type Invariant, World } from './world.js'

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

const JOIN_EVERY_MS = 700
const CHECK_EVERY_MS = 250
/** Others' records are mined after 2 block times and a rank, and only then can all be in step. */
const SETTLE_MS = 180_000
/** After a start or a kill the ring needs this long. */
const IDEAL_AFTER_MS = 5000
const HASH_RATE = 50

export function play(plan: Plan, options: PlayOptions = {}): Played {
  const world = new World<PeerApi>({
    seed: plan.seed,
    boot: options.boot ?? bootPeer,
    loss: plan.loss,
    latencyMs: plan.latencyMs,
    datagramFaults: plan.datagrams,
    syncMs: plan.syncMs,
    hashRate: HASH_RATE,
    ...(options.tamper === undefined ? {} : { tamper: options.tamper }),
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  })
  const run = new Run(world, plan)
  run.start()
  run.storm()
  run.calm()
  run.countDatagrams()
  return { hash: world.hash, events: world.schedule.events, counts: run.counts }
}

class Run {
  readonly #world: World<PeerApi>
  readonly #plan: Plan
  readonly #story: Story
  readonly #steps: Steps

  constructor(world: World<PeerApi>, plan: Plan) {
    this.#world = world
    this.#plan = plan
    this.#story = new Story(world, plan)
    this.#steps = new Steps(this.#story)
  }

  get counts(): Readonly<Record<string, number>> {
    return this.#story.counts
  }

  start(): void {
    for (let n = 0; n < this.#plan.peers; n++) {
      for (const what of ['peers', 'joins', 'joins or leaves']) this.#story.count(what)
      this.#world.addPeer()
      this.#world.run(JOIN_EVERY_MS)
    }
    if (this.#plan.line) this.#standInLine()
    for (const step of this.#plan.steps) this.#world.at(step.at, step.kind, () => this.#steps.do(step))
    this.#checkAgain()
    this.#world.always.push({ invariant: invariants.lastCopyKept(this.#story) })
    if (!this.#plan.sound) return
    const nobodySkipped: Invariant<PeerApi> = (world) =>
      world.now - this.#story.troubleAt < IDEAL_AFTER_MS ? null : invariants.nobodySkipped(world)
    this.#world.always.push({ kind: 'ringLeave', invariant: nobodySkipped })
  }

  /** Until the plan says that it is enough. */
  storm(): void {
    this.#world.run(Math.max(0, this.#plan.calmAt - this.#world.now))
    if (this.#plan.line) this.#settle('every acknowledged vote passed on', invariants.votesKept(this.#story))
  }

  /** Everything heals and whoever was killed comes back; then nothing may be missing. */
  calm(): void {
    const world = this.#world
    world.network.loss = 0
    // a network that lets no datagram through stays one: peers must do without
    if (this.#plan.datagrams.loss < 1) world.network.datagramFaults = NO_FAULTS
    world.syncMs = 4
    world.heal()
    for (const node of world.nodes) {
      node.badChunks = 0
      world.clockSkew(node, 0)
      if (node.alive) world.thaw(node)
      // whoever left while cut off may have the only copy of something: it comes back too
      else if ((this.#plan.excused || !node.left) && !this.#story.destroyed.has(node)) world.start(node)
    }
    if (world.alive.length === 0) return
    this.#agree()
    world.run('1 s')
    this.#checkNow()
    const kept = invariants.votesKept(this.#story)
    for (const invariant of [invariants.idealRing, invariants.oneTip, kept, invariants.talliesEqual]) {
      world.check(invariant)
    }
    world.check(invariants.filesKept(this.#story))
    this.#lookups()
    this.#requests()
    this.#checkNow()
  }

  countDatagrams(): void {
    const { flung, dropped } = this.#world.network
    for (const [what, count] of Object.entries({ ...flung, ...dropped })) this.#story.count(what, count)
  }

  #agree(): void {
    this.#settle('every peer linked to every other', invariants.everybodyLinked)
    this.#settle('one ideal ring', invariants.idealRing)
    this.#settle('every acknowledged vote in every chain', invariants.votesKept(this.#story))
    this.#settle('every poll with an end closed', invariants.endsClosed)
    this.#settle('equal tallies', invariants.talliesEqual)
    // two blocks of equal work are a tie that only the next block decides
    this.#lastWord()
    this.#settle('one chain', invariants.oneTip)
    this.#settle('one link a pair', invariants.oneLinkAPair)
    this.#settle('copies at their owners', invariants.copiesAtOwners(this.#story, REPLICAS))
  }

  // ---- checks

  #checkNow(): void {
    for (const invariant of [invariants.nobodyBrokeARule, invariants.nobodyGaveUp, invariants.ringListsInOrder]) {
      this.#world.check(invariant)
    }
    if (this.#plan.sound) this.#world.check(invariants.deadAreBypassed)
  }

  #checkAgain(): void {
    this.#checkNow()
    this.#world.at(this.#world.now + CHECK_EVERY_MS, 'check', () => this.#checkAgain())
  }

  #settle(what: string, invariant: Invariant<PeerApi>): void {
    const end = this.#world.now + SETTLE_MS
    for (let wrong = invariant(this.#world); wrong !== null; wrong = invariant(this.#world)) {
      if (this.#world.now >= end) this.#story.fail(`not ${what} after ${SETTLE_MS / 1000} s: ${wrong}`)
      this.#world.run(CHECK_EVERY_MS)
    }
  }

  #lastWord(): void {
    const [node] = this.#world.alive
    if (node === undefined) return
    const voter = 'the last voter'
    const { ballot } = this.#await<VoteView>(`last vote at ${node.name}`, '120 s', (done) => {
      node.peer.vote(voter, 'yes', { poll: 'default', timeoutMs: null }, () => {}, done)
    })
    this.#story.votes.push({ ballot, voter, by: node.name, at: this.#world.now })
  }

  /** Any peer, asked for any name, finds the owner that the ring of all peers has. */
  #lookups(): void {
    const members = invariants.membersOf(this.#world)
    for (const [place, node] of members.entries()) {
      const what = `lookup at ${node.name}`
      const { key, owner } = this.#await<LookupView>(what, '20 s', (done) => node.peer.lookup(`name ${place}`, done))
      const right = members.find(({ id }) => id >= key) ?? members[0]
      if (owner !== right?.id) this.#story.fail(`${node.name} takes ${owner} for the owner of ${key}`)
      this.#story.count('lookups')
    }
  }

  /** Every acknowledged file that somebody has can be had, whole and right. */
  #requests(): void {
    const { alive } = this.#world
    for (const [place, file] of this.#story.files.entries()) {
      if (!alive.some((node) => invariants.holdsWhole(node, file))) continue
      const node = alive[place % alive.length]
      if (node === undefined) return
      const target = `/final/${place}`
      this.#await<RequestedView>(`request of ${file.name} at ${node.name}`, '120 s', (done) => {
        node.peer.request(file.name, { target }, () => {}, done)
      })
      this.#story.sameContent(node, target, file)
      this.#story.count('fetched')
    }
  }

  /** Runs the world until a user's command is answered; the answer must be good. */
  #await<T>(what: string, within: Duration, command: (done: Done<T>) => void): T {
    const answers: Result<T>[] = []
    this.#world.act(() => command((result) => void answers.push(result)))
    this.#world.until(() => answers.length > 0, within, `seed ${this.#plan.seed}: ${what}`)
    const [answer] = answers
    return answer?.ok ? answer.value : this.#story.fail(`${what} failed: ${answer?.message}`)
  }

  #standInLine(): void {
    const { nodes } = this.#world
    for (const node of nodes) {
      const others = nodes.filter(({ index }) => Math.abs(index - node.index) > 1)
      this.#story.count('cuts', others.length)
      this.#world.partition([node], others)
    }
  }
}
