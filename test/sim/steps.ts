/** What users and fate do: each step of a plan, applied to a peer that it can happen to. */
import type { Result, VoteView } from '../../src/api.js'
import { ownPath } from './chunks.js'
import { EPOCH_MS } from './env.js'
import type { PeerNode } from './invariants.js'
import type { Step } from './plan.js'
import type { Story } from './story.js'

const MAX_PEERS = 10
const FEW_PEERS = 4
const BACK_AFTER_MS = 15_000
const LIGHTS_ON_AFTER_MS = 500
/** A vote that was just mined may not have left its machine. */
const ONLY_HERE_MS = 5000
const SKEW_MS = 15_000
const SLOW_SYNC_MS = 300
const POLL_OPEN_MS = 4000
const POLL_LONGER_S = 40
const FILE_BYTES = [0, 1000, 300_000, 1_500_000] as const

export class Steps {
  readonly #story: Story

  constructor(story: Story) {
    this.#story = story
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'join':
        this.#join()
        return
      case 'come-or-go':
        this.#comeOrGo(step)
        return
      case 'vote':
        this.#pick(step, this.#users(), (node) => this.#vote(node, step))
        return
      case 'poll':
        this.#pick(step, this.#users(), (node) => this.#poll(node, step))
        return
      case 'store':
        this.#pick(step, this.#users(), (node) => this.#store(node, step))
        return
      case 'request':
        this.#pick(step, this.#users(), (node) => this.#request(node, step))
        return
      case 'quit':
        this.#pick(step, this.#users(), (node) => this.#quit(node))
        return
      case 'kill':
        this.#pick(step, this.#world.alive, (node) => this.#kill(node, step.value % 4 === 0))
        return
      case 'restart':
        this.#pick(step, this.#startable(), (node) => this.#start(node))
        return
      case 'blackout':
        this.#blackout()
        return
      case 'destroy':
        if (this.#story.destroyed.size > 0) return
        // nor burns the door
        this.#pick(
          step,
          this.#world.alive.filter(({ index }) => index !== 0),
          (node) => this.#destroy(node),
        )
        return
      default:
        this.#fault(step)
    }
  }

  #fault(step: Step): void {
    const later = (action: () => void): void => this.#world.at(this.#world.now + step.forMs, 'end of fault', action)
    switch (step.kind) {
      case 'freeze':
        this.#pick(step, this.#users(), (node) => this.#freeze(node, later))
        // right after a blackout there is nobody to freeze
        if (this.#users().length === 0 && this.#story.counts['freezes'] === undefined) later(() => this.#fault(step))
        return
      case 'partition':
        this.#partition(step, later)
        return
      case 'one-way':
        this.#pick(step, this.#world.alive, (node) => this.#cutOneWay(node, step, later))
        return
      case 'skew':
        this.#pick(step, this.#world.alive, (node) => {
          this.#world.clockSkew(node, (step.value % (2 * SKEW_MS)) - SKEW_MS)
        })
        return
      case 'slow-disk':
        this.#world.syncMs = SLOW_SYNC_MS
        later(() => {
          this.#world.syncMs = this.#story.plan.syncMs
        })
        return
      case 'bad-chunks':
        this.#pick(step, this.#world.alive, (node) => {
          node.badChunks = 0.3
          later(() => {
            node.badChunks = 0
          })
        })
        return
      default:
    }
  }

  // ---- users

  #vote(node: PeerNode, step: Step): void {
    const { process } = node
    const voter = `voter ${step.value}`
    const choice = step.value % 2 === 0 ? 'yes' : 'no'
    this.#story.count('votes')
    const waits = { poll: 'default', timeoutMs: null }
    node.peer.vote(voter, choice, waits, NOTHING, (result) => {
      if (process.dead || !result.ok || result.value.status !== 'added') return
      this.#story.count('votes acknowledged')
      this.#story.votes.push({ ballot: result.value.ballot, voter, by: node.name, at: this.#world.now })
      this.#acknowledged(node, step)
    })
  }

  /** Registers a poll, or votes in the newest; a heavier branch may lose a ballot for good once its poll has ended. */
  #poll(node: PeerNode, step: Step): void {
    const { process } = node
    const waits = { timeoutMs: null }
    const newest = this.#story.polls.at(-1)
    const count = (what: string) => (result: Result<VoteView>) => {
      if (!process.dead && result.ok) this.#story.count(`${what} ${result.value.status}`)
    }
    if (newest !== undefined && step.value % 3 > 0) {
      node.peer.vote(`voter ${step.value}`, 'yes', { poll: newest, ...waits }, NOTHING, count('ballots'))
      return
    }
    const poll = `poll ${step.value}`
    const closes = Math.floor((EPOCH_MS + this.#world.now + POLL_OPEN_MS) / 1000) + (step.value % POLL_LONGER_S)
    this.#story.polls.push(poll)
    const draft = { poll, question: '', options: ['yes', 'no'], closes, roll: [] }
    node.peer.createPoll(draft, waits, NOTHING, count('polls'))
  }

  #store(node: PeerNode, step: Step): void {
    const { process } = node
    const name = `file ${step.value}`
    const size = FILE_BYTES[step.value % FILE_BYTES.length] ?? 0
    const path = `/home/${name}`
    this.#story.count('stores')
    node.files.put(path, size, step.value)
    this.#story.offers.push({ name, seed: step.value, size })
    node.peer.store(path, { as: name }, NOTHING, (result) => {
      if (process.dead || !result.ok) return
      this.#story.count('stores acknowledged')
      const alone = !isLinked(node)
      this.#story.files.push({ name, id: result.value.id, size, seed: step.value, by: node.name, alone })
      this.#acknowledged(node, step)
    })
  }

  #request(node: PeerNode, step: Step): void {
    const { process } = node
    const file = this.#story.offers[step.value % Math.max(1, this.#story.offers.length)]
    if (file === undefined) return
    const target = `/home/got ${step.value}`
    this.#story.count('requests')
    node.peer.request(file.name, { target }, NOTHING, (result) => {
      if (process.dead || !result.ok) return
      this.#story.count('requests done')
      this.#story.sameContent(node, target, file)
    })
  }

  #quit(node: PeerNode): void {
    // the first peer stays: it is the door that every newcomer knows
    if (node.index === 0) return
    // whoever is alone has nobody to hand its files to
    if (!this.#story.plan.excused && node.peer.peers().filter(({ state }) => state === 'up').length < 2) return
    this.#story.count('quits')
    this.#story.count('joins or leaves')
    node.left = true
    const { process } = node
    node.peer.quit(() => {
      if (node.life?.process === process) this.#world.exit(node)
    })
  }

  /** What the plan has in store for whoever was just told that it is done. */
  #acknowledged(node: PeerNode, step: Step): void {
    if (step.onDone === 'kill') this.#kill(node, step.value % 2 === 0)
    if (step.onDone === 'blackout') this.#blackout()
  }

  // ---- fate

  /** Always one of both, so that a plan can promise how often members change. */
  #comeOrGo(step: Step): void {
    const here = this.#users().filter(({ index }) => index !== 0)
    const down = this.#startable()
    const back = down[step.who % Math.max(1, down.length)]
    const room = back !== undefined || this.#world.nodes.length < MAX_PEERS
    const comes = here.length < FEW_PEERS || step.value % 2 === 0
    if (!comes || !room) this.#pick(step, here, (node) => this.#quit(node))
    else if (back === undefined) this.#join()
    else this.#start(back)
  }

  #join(): void {
    if (this.#world.nodes.length >= MAX_PEERS) return
    this.#story.count('joins')
    this.#story.count('joins or leaves')
    this.#story.troubleAt = this.#world.now
    this.#world.addPeer()
  }

  #kill(node: PeerNode, powerLost: boolean): void {
    if (!node.alive) return
    this.#story.count('kills')
    if (this.#story.files.some(({ id }) => node.files.files.has(ownPath(id)))) this.#story.count('holders lost')
    this.#story.troubleAt = this.#world.now
    this.#world.kill(node, powerLost)
    if (!this.#story.destroyed.has(node)) {
      this.#world.at(this.#world.now + BACK_AFTER_MS, 'restart', () => this.#start(node))
    }
  }

  /** The machine burns, with its disk. What only it could have is nobody's fault. */
  #destroy(node: PeerNode): void {
    this.#story.count('destroyed')
    this.#story.destroyed.add(node)
    this.#kill(node, true)
    const fresh = this.#world.now - ONLY_HERE_MS
    this.#story.votes = this.#story.votes.filter(({ by, at }) => by !== node.name || at < fresh)
    this.#story.files = this.#story.files.filter(({ by, alone }) => by !== node.name || !alone)
  }

  /** The lights go out for everybody, and come back. */
  #blackout(): void {
    this.#story.count('blackouts')
    for (const node of this.#world.alive) this.#kill(node, true)
    this.#world.at(this.#world.now + LIGHTS_ON_AFTER_MS, 'power', () => {
      for (const node of this.#startable()) if (!node.left) this.#start(node)
    })
  }

  #start(node: PeerNode): void {
    if (node.alive || this.#world.now >= this.#story.plan.calmAt) return
    this.#story.count('restarts')
    this.#story.count('joins or leaves')
    this.#story.troubleAt = this.#world.now
    this.#world.start(node)
  }

  #freeze(node: PeerNode, later: (action: () => void) => void): void {
    this.#story.count('freezes')
    this.#world.freeze(node)
    later(() => this.#world.thaw(node))
  }

  #partition(step: Step, later: (action: () => void) => void): void {
    const { nodes } = this.#world
    const halves = nodes.filter((_, place) => ((step.value >> place) & 1) === 0)
    // all on one side is no cut: one peer stands alone then
    const left = halves.length % nodes.length === 0 ? nodes.slice(0, 1) : halves
    const right = nodes.filter((node) => !left.includes(node))
    if (right.length === 0) return
    this.#story.count('partitions')
    this.#world.partition(left, right)
    later(() => this.#world.heal())
  }

  #cutOneWay(from: PeerNode, step: Step, later: (action: () => void) => void): void {
    const to = this.#world.alive[step.value % this.#world.alive.length]
    if (to === undefined || to === from) return
    this.#story.count('one-way')
    this.#world.cutOneWay(from, to)
    later(() => this.#world.heal())
  }

  // ---- whom it can happen to

  get #world(): Story['world'] {
    return this.#story.world
  }

  #users(): readonly PeerNode[] {
    return this.#world.nodes.filter(({ awake, left }) => awake && !left)
  }

  #startable(): readonly PeerNode[] {
    return this.#world.nodes.filter((node) => !node.alive && !this.#story.destroyed.has(node))
  }

  #pick(step: Step, among: readonly PeerNode[], action: (node: PeerNode) => void): void {
    const node = among[step.who % Math.max(1, among.length)]
    if (node !== undefined) action(node)
  }
}

const NOTHING = (): void => {}

const isLinked = ({ peer }: PeerNode): boolean => peer.peers().some(({ state }) => state === 'up')
