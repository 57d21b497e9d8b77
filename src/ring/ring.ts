/**
 * The ring of one peer: puts its parts together, answers other peers, and hands events to the part that they concern.
 * Invariant: only members answer; a peer that is outside or has left is silent. Messages that break the order of a list
 * end the link of whoever sent them.
 */
import type { RingMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Datagram } from '../../wire/udp-datagram.js'
import type { Done, LookupProgress, LookupView, RingView } from '../api.js'
import type { Cancel } from '../env.js'
import type { Mesh, PeerInfo, Protocol } from '../mesh.js'
import { Answers } from './answer.js'
import { closeGap, sayGoodbye } from './departure.js'
import { FingerFixer } from './fix-fingers.js'
import { Joiner } from './join.js'
import { Liveness } from './liveness.js'
import { OwnDigest } from './liveness-digest.js'
import { Lookups } from './lookup.js'
import { MemberList } from './member-list.js'
import { NameLookup } from './name-lookup.js'
import { Neighbours } from './neighbours.js'
import { OwnersNews } from './owners-news.js'
import { Push } from './push.js'
import { Repair } from './repair.js'
import { Calls, FEW_TRIES, type Named, type RingEnv } from './rpc.js'
import { DEADLY_TRIES } from './rtt.js'

import { Stabiliser } from './stabilise.js'
import { RingState } from './state.js'
import { isOrdered } from './successor-list.js'

const JITTER = 0.2
/** Each way: the first are what stabilising rests on, the second take over when the first die. */
const WATCHED = 2

export interface RingOptions {
  /** How many names this peer holds by ring duty. */
  readonly keys: () => number
  /** False while nobody can dial us: then we stay out of the ring. */
  readonly inRing?: () => boolean
  /** Copies of each name (k). */
  readonly replicas?: number
  /** Between two rounds of stabilising. */
  readonly intervalMs?: number
  /** Something that `view` shows changed. */
  readonly changed?: () => void
}

export class Ring implements Protocol {
  /** The ring's members changed, so other peers may own keys now; called a little later, once for many changes. */
  onOwnersChanged: () => void = () => {}
  /** The ring's own checks found this peer dead. */
  onDead: (peer: PeerId) => void = () => {}
  /** It was thought gone, and is heard of again. */
  onRaised: (peer: PeerId) => void = () => {}

  readonly #env: RingEnv
  readonly #mesh: Mesh
  readonly #options: RingOptions
  readonly #inRing: () => boolean
  readonly #intervalMs: number
  readonly #state: RingState
  readonly #members: MemberList
  readonly #calls: Calls
  readonly #liveness: Liveness
  readonly #lookups: Lookups
  readonly #stabiliser: Stabiliser
  readonly #answers: Answers
  readonly #push: Push
  readonly #joiner: Joiner
  readonly #repair: Repair
  readonly #fingers: FingerFixer
  readonly #names: NameLookup
  readonly #neighbours: Neighbours
  readonly #ownersNews: OwnersNews
  #tick: Cancel = () => {}

  constructor(env: RingEnv, mesh: Mesh, options: RingOptions) {
    const self = env.identity.id
    this.#env = env
    this.#mesh = mesh
    this.#options = options
    this.#inRing = options.inRing ?? (() => true)
    this.#intervalMs = options.intervalMs ?? 500
    this.#members = new MemberList(mesh, {
      self,
      inRing: this.#inRing,
      buried: (peer) => this.#state.graves.has(peer),
    })
    const state = new RingState(self, this.#members.eligible)
    const calls = new Calls(env, mesh)
    const digest = new OwnDigest(state)
    const liveness = new Liveness({
      env,
      intervalMs: this.#intervalMs,
      digest: () => digest.value,
      ask: (peer, how, done) => calls.ping(peer, how === 'patiently' ? DEADLY_TRIES : FEW_TRIES, done),
      isAsked: (peer) => state.successors.first === peer,
      helpers: () => this.#members.linked(),
      nameOf: (peer) => this.#members.nameOf(peer),
    })
    const lookups = new Lookups(env, state, calls)
    const stabiliser = new Stabiliser(state, calls, liveness)
    const candidates = () => this.#candidates()
    this.#state = state
    this.#calls = calls
    this.#liveness = liveness
    this.#lookups = lookups
    this.#stabiliser = stabiliser
    this.#answers = new Answers(env, state, this.#members, stabiliser)
    this.#push = new Push(env, state, calls)
    this.#joiner = new Joiner(env, state, calls, lookups, candidates)
    this.#repair = new Repair({
      env,
      state,
      calls,
      lookups,
      liveness,
      members: this.#members,
      stabiliser,
      linked: () => this.#members.linked(),
      isLinked: (peer) => mesh.isLinked(peer),
    })
    this.#fingers = new FingerFixer(state, lookups)
    const changed = () => options.changed?.()
    const replicas = options.replicas ?? 4
    this.#names = new NameLookup({ env, state, calls, lookups, liveness, candidates, replicas, changed })
    this.#neighbours = new Neighbours({ env, state, calls, liveness, members: this.#members })
    this.#ownersNews = new OwnersNews(env, this.#members, () => this.onOwnersChanged())
    this.#connectParts()
  }

  /** Begins as a ring of one; joins the others as soon as it hears of any. */
  start(): void {
    if (this.#inRing()) this.#state.reset('alone')
    this.#tick = this.#env.after(this.#env.random() * this.#intervalMs, () => this.#round())
  }

  // ---- what other parts of the peer ask

  view(): RingView {
    return this.#neighbours.view(this.#options.keys())
  }

  /** The owner of a name by a walk over the fingers, with its path. */
  lookup(name: string, done: Done<LookupView>): void {
    this.#names.lookup(name, done)
  }

  /** The newest lookup of a name, under way or over. */
  lookupProgress(): LookupProgress | null {
    return this.#names.newest
  }

  /** Owner first, then those clockwise after it, from the complete member list; ourselves included where due. */
  owners(key: Hash, count: number): readonly PeerId[] {
    return this.#members.owners(key, count)
  }

  /** Says goodbye and falls silent for good. */
  leave(done: () => void): void {
    if (this.#state.standing !== 'left') {
      this.#goodbye('left')
      this.#tick()
      this.#ownersNews.stop()
      this.#liveness.stop()
      this.#calls.stop()
    }
    this.#env.after(0, done)
  }

  // ---- what the mesh tells

  linkUp(peer: PeerId): void {
    this.#raise(peer)
    if (this.#state.standing !== 'left') this.#liveness.linkUp(peer)
    this.#met(peer)
  }

  linkDown(peer: PeerId): void {
    if (this.#mayMatter(peer)) this.#liveness.linkDown(peer)
  }

  linkDrained(_peer: PeerId): void {}

  memberJoined(info: PeerInfo): void {
    this.#members.remember(info)
    this.#raise(info.id)
    this.#ownersNews.mayChange()
    this.#met(info.id)
  }

  memberLeft(peer: PeerId, how: 'left' | 'lost'): void {
    if (this.#state.standing === 'left') return
    this.#depart(peer, how)
    this.#ownersNews.mayChange()
  }

  /** A ring message came in over a control link. */
  receive(from: PeerId, message: RingMessage): void {
    if (this.#state.standing === 'left') return
    const wrong = disorder(from, message)
    if (wrong !== null) {
      this.#mesh.blame(from, 'protocol', wrong)
      return
    }
    this.#liveness.heard(from)
    if (message.type !== 'ringLeave') this.#raise(from)
    switch (message.type) {
      case 'ringPong':
        this.#env.log('debug', `Ping response received from ${this.#members.nameOf(from)}`)
        this.#calls.receive(from, message)
        break
      case 'ringNeighbours':
      case 'ringRoute':
      case 'ringWelcome':
        this.#calls.receive(from, message)
        break
      case 'ringUpdate':
        this.#stabiliser.updated(from, message)
        break
      case 'ringLeave':
        this.#left(from, message)
        break
      default: {
        const answer = this.#answers.to(from, message)
        // whoever asked is linked; if that link closed meanwhile, nobody waits
        if (answer !== null) this.#mesh.send(from, answer)
      }
    }
  }

  #datagram(from: PeerId, datagram: Datagram, sequence: number): void {
    const { standing } = this.#state
    // whoever is not in the ring is silent
    if (standing !== 'left' && standing !== 'outside') this.#liveness.receive(from, datagram, sequence)
  }

  // ---- rounds

  #round(): void {
    this.#tick = this.#env.after(this.#intervalMs * (1 + (this.#env.random() - 0.5) * JITTER), () => this.#round())
    this.#state.graves.sweep(this.#env.now(), (peer) => this.#mesh.isLinked(peer) && this.#members.isEligible(peer))
    this.#ownersNews.mayChange()
    if (!this.#inRing()) {
      this.#goodbye('outside')
      return
    }
    if (this.#state.standing === 'outside') this.#state.reset('alone')
    this.#joiner.wanted()
    this.#repair.round()
    if (!this.#state.connected) return
    this.#stabiliser.tick()
    this.#fingers.round()
  }

  // ---- comings and goings

  /** A peer is there that may be of use: to join, or as a nearer successor. */
  #met(peer: PeerId): void {
    if (!this.#members.eligible(peer)) return
    this.#joiner.wanted()
    if (this.#state.connected) this.#stabiliser.consider(peer)
  }

  #raise(peer: PeerId): void {
    if (!this.#state.graves.raise(peer)) return
    this.#ownersNews.mayChange()
    this.onRaised(peer)
  }

  #left(from: PeerId, farewell: Named<'ringLeave'>): void {
    this.#state.graves.bury(from, 'left', this.#env.now())
    const neighbour = this.#neighbours.has(from)
    closeGap(this.#state, from, farewell)
    this.#depart(from, 'left', neighbour)
    this.#stabiliser.round()
  }

  #died(peer: PeerId): void {
    if (this.#state.standing === 'left' || this.#state.graves.has(peer)) return
    if (this.#neighbours.has(peer)) this.#env.log('info', `Peer ${this.#members.nameOf(peer)} is no longer alive`)
    this.#depart(peer, 'lost')
    this.onDead(peer)
  }

  #depart(peer: PeerId, how: 'left' | 'lost', neighbour = this.#neighbours.has(peer)): void {
    const { successors, graves } = this.#state
    const wasFirst = successors.first === peer
    graves.bury(peer, how, this.#env.now())
    this.#members.invalidate()
    this.#state.drop(peer)
    this.#calls.abandon(peer)
    if (neighbour) this.#env.log('info', `Peer ${this.#members.nameOf(peer)} departed`)
    this.#neighbours.forget(peer)
    this.#ownersNews.mayChange()
    if (!this.#state.connected) return
    if (successors.first === undefined) this.#lostAll()
    else if (wasFirst) this.#repair.successorDied()
    if (wasFirst) this.#stabiliser.round()
  }

  #lostAll(): void {
    if (this.#repair.guess()) return
    this.#state.reset('alone')
    this.#fingers.restart()
  }

  /** Leaves the ring, for good or until others can dial us again. */
  #goodbye(standing: 'outside' | 'left'): void {
    if (this.#state.connected) sayGoodbye(this.#state, this.#calls)
    if (this.#state.standing !== standing) this.#state.reset(standing)
    this.#fingers.restart()
    this.#joiner.stop()
    this.#push.stop()
  }

  /** It may be in the ring, and we are. */
  #mayMatter(peer: PeerId): boolean {
    const { standing, graves } = this.#state
    return standing !== 'left' && !graves.has(peer) && this.#members.eligible(peer)
  }

  // ---- news

  #connectParts(): void {
    const died = (peer: PeerId) => this.#died(peer)
    this.#env.datagrams.onDatagram = (...came) => this.#datagram(...came)
    this.#env.datagrams.onRefused = (peer) => {
      if (this.#mayMatter(peer)) this.#liveness.suspect(peer)
    }
    this.#liveness.onDead = died
    this.#liveness.onPing = (peer) => {
      // a ping that was under way when its sender said goodbye is not its return
      if (this.#state.graves.isLost(peer)) this.#raise(peer)
    }
    this.#liveness.onChanged = () => this.#options.changed?.()
    this.#stabiliser.onDead = died
    this.#stabiliser.onHeard = () => this.#repair.successorHeard()
    const missed = (peer: PeerId, tries: number) => {
      if (peer === this.#state.successors.first) this.#repair.successorSilent(tries)
    }
    this.#calls.onMissed = missed
    this.#liveness.onMissed = missed
    this.#lookups.onSilent = (peer) => this.#liveness.suspect(peer)
    this.#joiner.onJoined = () => {
      // whom we joined may be alone until now: it must hear of us before it is asked where it stands
      this.#push.flush()
      this.#stabiliser.round()
      this.#repair.place()
    }
    this.#stabiliser.onDeserted = () => {
      this.#state.reset('alone')
      this.#fingers.restart()
      this.#joiner.wanted()
    }
    this.#state.onListsChanged = () => {
      this.#watchNeighbours()
      this.#push.listsChanged()
      this.#neighbours.changed()
      this.#options.changed?.()
    }
  }

  #watchNeighbours(): void {
    const { successors, predecessors } = this.#state
    const first = (peers: readonly PeerId[]) => peers.slice(0, WATCHED)
    this.#liveness.watch([...new Set([...first(successors.entries), ...first(predecessors.entries)])])
  }

  /** Known members in random order, those with a link first. */
  #candidates(): readonly PeerId[] {
    const shuffled = this.#members.others().map((peer) => ({ peer, place: this.#env.random() }))
    const rank = (peer: PeerId) => (this.#mesh.isLinked(peer) ? 0 : 1)
    return shuffled.sort((a, b) => rank(a.peer) - rank(b.peer) || a.place - b.place).map(({ peer }) => peer)
  }
}

/** What is wrong with the lists of a message, null where nothing is. */
function disorder(from: PeerId, message: RingMessage): string | null {
  if ('successors' in message && !isOrdered('clockwise', from, message.successors))
    return `${message.type}: successors out of order`
  if ('predecessors' in message && !isOrdered('counter-clockwise', from, message.predecessors))
    return `${message.type}: predecessors out of order`
  return null
}
