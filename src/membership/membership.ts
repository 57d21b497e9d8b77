/**
 * Who is there: builds discovery, links, the peer list and the tracker into one and shows the result to the other
 * protocols as a `Mesh` of peers. Holds no rule of its own: each has its file in this folder, and what follows from what
 * stands in `encounters.ts`.
 */
import { assert, type CloseCode } from '../../wire/errors.js'
import type { Service } from '../../wire/messages/link.js'
import type { PeerEntry, Role, TaskAddress } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { type Done, done as ok, type PeerView, type Result, refused } from '../api.js'
import type { Cancel, ChunkOutcome, Env, Link, LinkHandler } from '../env.js'
import type { Claim, Mesh, PeerInfo, Protocol } from '../mesh.js'
import type { ByteRates } from '../rates.js'
import { isLoopback } from './address.js'
import { assemble } from './assembly.js'
import type { ClockState } from './clock.js'
import { Encounters, type EncountersHooks, type Parts } from './encounters.js'
import { type Hello, type Refusal, TASKS_CAPABILITY } from './greeting.js'
import { paceMs } from './heartbeat.js'
import { LOOPBACK } from './listening.js'
import { ownHello } from './own-hello.js'
import { MAX_ANCHOR_LINKS, MAX_LINKS } from './policy.js'
import { rendezvousAddress } from './rendezvous.js'
import { type AnchorUser, SwarmMesh } from './swarm-mesh.js'
import { peerView } from './view.js'

export interface MembershipOptions {
  /** `--join`: joined for as long as it takes. */
  readonly join: readonly Address[]
  /** `--listen`, beside loopback; port 0 takes a free one. */
  readonly listen: readonly string[]
  /** Addresses of this machine that a wildcard listener (`0.0.0.0`) is announced under. */
  readonly hosts?: readonly string[]
  /** 500 ms where absent. */
  readonly pingIntervalMs?: number
  /** Name and version of the program, for the hello. */
  readonly software?: string
  /** Of a dedicated anchor, where its tasks are: then this peer is an anchor and listens at `listen` alone. */
  readonly tasks?: readonly TaskAddress[]
}

export interface MembershipHooks extends EncountersHooks {
  /** In the order in which they hear of peers. */
  protocols(): readonly Protocol[]
  /** A data link is open, dialed by either side. */
  dataLink(link: Link): LinkHandler
  /** For the hello. */
  claim(): Claim & { readonly chain: Hash }
}

const PING_MS = 500
/** Pings without an answer until it is shown. */
const QUIET_PINGS = 2.5
/** Addresses that an entry can carry. */
const MAX_ADDRESSES = 8
/** Peers that nobody here has met, in the table: of those that are being dialed, and of those that cannot be. */
const MAX_SHOWN_UNMET = 8
const MAX_SHOWN_DIAL_OUT = 64

export class Membership implements Mesh {
  readonly #env: Env
  readonly #options: MembershipOptions
  readonly #hooks: MembershipHooks
  readonly #parts: Parts
  readonly #encounters: Encounters
  #state: 'new' | 'running' | 'leaving' | 'gone' = 'new'

  constructor(env: Env, options: MembershipOptions, hooks: MembershipHooks) {
    this.#env = env
    this.#options = options
    this.#hooks = hooks
    this.#parts = assemble({
      env,
      pingIntervalMs: options.pingIntervalMs ?? PING_MS,
      hosts: options.hosts ?? [],
      encounters: () => this.#encounters,
      protocols: () => hooks.protocols(),
      chain: () => hooks.claim().chain,
      hello: (service) => this.#hello(service),
      refuse: (peer) => this.#refuse(peer),
      role: () => this.role(),
      addresses: () => this.addresses(),
      tasks: () => options.tasks ?? [],
      dataLink: (link) => hooks.dataLink(link),
      send: (peer, message) => this.send(peer, message),
      changed: () => hooks.changed(),
    })
    this.#encounters = new Encounters(env, this.#parts, hooks)
  }

  // ---- starting and leaving

  /** Opens the listeners and looks around once; the answer is this peer's address. */
  start(done: Done<Address>): void {
    assert(this.#state === 'new', 'started once')
    this.#state = 'running'
    const { listen } = this.#options
    this.#listen(this.#isDedicated ? listen : [`${LOOPBACK}:0`, ...listen], (failure) => {
      if (this.#state !== 'running') return
      if (failure !== null) {
        done(failure)
        return
      }
      this.#parts.joining.seek(this.#options.join)
      this.#parts.discovery.start((found) => {
        this.#encounters.lookedAround(found)
        done(ok(this.address()))
      })
    })
  }

  /** Goodbye to everybody: `done` when it was answered, at the latest after a second. */
  quit(done: () => void): void {
    const { discovery, joining, linking, listening, own, pairs, tracker, taskLinking } = this.#parts
    if (this.#state === 'leaving' || this.#state === 'gone') return
    this.#state = 'leaving'
    this.#encounters.leave()
    joining.stop()
    linking.stop()
    tracker.fin(own.leave(), () => {
      this.#state = 'gone'
      discovery.stop()
      listening.close()
      pairs.closeAll('leaving', 'goodbye')
      taskLinking.stop()
      done()
    })
  }

  /** Joins by an address that the user gave. */
  join(address: Address, done: Done<PeerView>): void {
    if (this.#parts.listening.addresses().includes(address)) {
      const failure = refused(`${address} is this peer itself: give the address of another one`)
      this.#env.after(0, () => done(failure))
      return
    }
    this.#parts.joining.join(address, (result) => {
      const view = result.ok ? this.#view(result.value) : undefined
      if (!result.ok) done(result)
      else if (view === undefined) done(refused(`the peer at ${address} left again`))
      else done(ok(view))
    })
  }

  /** Closes the link to a peer (id, unique prefix of one, or name) until one of both asks again. */
  leave(peer: string, done: Done<PeerView>): void {
    const { joining, linking, pairs, roster } = this.#parts
    const result = this.#find(peer)
    if (result.ok) {
      const { id } = result.value
      joining.forget(id)
      linking.forget(id)
      pairs.cut(id, 'leaving', 'the user of that peer closed the link')
      roster.dismiss(id)
      this.#hooks.changed()
    }
    this.#env.after(0, () => done(result))
  }

  /** Opens one more listener; port 0 takes a free one. */
  listen(address: string, done: Done<Address>): void {
    this.#parts.listening.open(address, done)
  }

  /** The network as the swarm is to see it. */
  swarmMesh(swarm: () => AnchorUser): SwarmMesh {
    return new SwarmMesh(this.#env, this, this.#parts.taskLinking, swarm)
  }

  // ---- views

  /** Where others dial this peer best. */
  address(): Address {
    return this.addresses()[0] ?? rendezvousAddress(1)
  }

  addresses(): readonly Address[] {
    const { port } = this.#parts.discovery
    const rendezvous = port === null ? [] : [rendezvousAddress(port)]
    return [...this.#parts.listening.addresses().slice(0, MAX_ADDRESSES - rendezvous.length), ...rendezvous]
  }

  /** Addresses for a ticket; refused where no other machine could use it. */
  invite(): Result<readonly Address[]> {
    const open = this.addresses().filter((address) => !isLoopback(address))
    if (open.length > 0) return ok(open)
    return refused(
      'this peer listens on this machine only: open it with `invite --lan`, or start with --lan or --listen <host:port>',
    )
  }

  role(): Role {
    if (this.#isDedicated) return 'anchor'
    const role = this.#parts.reachability.role()
    return role === 'peer' && this.#parts.discovery.port !== null ? 'anchor' : role
  }

  peers(): readonly PeerView[] {
    const { roster, linking, list } = this.#parts
    let looking = 0
    let undialed = 0
    const shown = [...roster.known()].filter((peer) => {
      const standing = roster.standing(peer)
      if (list.unmet.has(peer)) {
        if (list.get(peer)?.role === 'dial-out') return standing === 'member' && undialed++ < MAX_SHOWN_DIAL_OUT
        return linking.attempt(peer) !== undefined && looking++ < MAX_SHOWN_UNMET
      }
      return standing !== 'gone' || (roster.wasLost(peer) && linking.attempt(peer) !== undefined)
    })
    return shown.map((peer) => this.#view(peer)).filter((view) => view !== undefined)
  }

  /** What came of asking that peer for a chunk: part of its score. */
  chunkAnswered(peer: PeerId, outcome: ChunkOutcome): void {
    this.#parts.scores.count(peer, outcome)
  }

  /** Bytes a second over all links. */
  rates(): ByteRates {
    return this.#parts.pairs.totalRates()
  }

  /** Median of the others' clocks against ours; positive where they are ahead. */
  clockOffsetMs(): number {
    return this.#parts.clock.offsetMs()
  }

  /** 'off' calls for a standing warning, 'wrong' forbids mining. */
  clockState(): ClockState {
    return this.#parts.clock.state()
  }

  /** What all members last signed, as far as it has been told. */
  *entries(): Iterable<readonly [PeerId, PeerEntry]> {
    const { roster, list } = this.#parts
    for (const peer of roster.members()) {
      const entry = list.get(peer)
      if (entry !== undefined) yield [peer, entry]
    }
  }

  /** Entries whose signatures are being checked. */
  get unverified(): number {
    return this.#parts.list.unverified
  }

  // ---- Mesh

  linked(): Iterable<PeerId> {
    return this.#parts.pairs.linked()
  }

  isLinked(peer: PeerId): boolean {
    return this.#parts.pairs.settled(peer) !== null
  }

  *members(): Iterable<PeerInfo> {
    const { roster } = this.#parts
    for (const peer of [...roster.members()]) {
      const info = roster.info(peer)
      if (info !== undefined) yield info
    }
  }

  member(peer: PeerId): PeerInfo | undefined {
    const { roster } = this.#parts
    return roster.isMember(peer) ? roster.info(peer) : undefined
  }

  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none' {
    return this.#parts.pairs.settled(peer)?.link.send(message) ?? 'none'
  }

  reach(peer: PeerId, done: (linked: boolean) => void): void {
    this.#parts.linking.reach(peer, done)
  }

  openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel {
    return this.#parts.dataLinking.open(peer, opened)
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    this.#encounters.blame(peer, code, reason)
  }

  claim(peer: PeerId): Claim | undefined {
    return this.#encounters.claim(peer)
  }

  // ---- what the ring finds

  /** It answers no question of the ring. */
  foundDead(peer: PeerId): void {
    if (this.#state === 'running') this.#parts.roster.foundDead(peer)
  }

  /** The ring hears of it again. */
  foundAlive(peer: PeerId): void {
    this.#parts.roster.foundAlive(peer)
  }

  // ---- inside

  get #isDedicated(): boolean {
    return (this.#options.tasks ?? []).length > 0
  }

  #listen(addresses: readonly string[], done: (failure: (Result<never> & { ok: false }) | null) => void): void {
    const [first, ...rest] = addresses
    if (first === undefined) {
      done(null)
      return
    }
    this.#parts.listening.open(first, (result) => {
      if (!result.ok) {
        done(result)
        return
      }
      this.#env.log('info', `Listening for peers on ${result.value}`)
      this.#listen(rest, done)
    })
  }

  #hello(service: Service): Hello {
    return ownHello(this.#env, {
      service,
      capabilities: this.#isDedicated ? [TASKS_CAPABILITY] : [],
      startTime: this.#parts.own.startTime,
      software: this.#options.software,
      listen: this.addresses(),
      claim: this.#hooks.claim(),
    })
  }

  #refuse(peer: PeerId): Refusal | null {
    if (this.#state !== 'running') return { code: 'leaving', reason: 'this peer is about to exit' }
    const penalty = this.#parts.linking.penaltyOf(peer)
    if (penalty !== null) return { code: 'busy', reason: penalty }
    const most = this.role() === 'anchor' ? MAX_ANCHOR_LINKS : MAX_LINKS
    const { pairs, linking } = this.#parts
    // Another link of a peer that is linked takes no more room.
    const isFull = pairs.linked().length >= most && pairs.settled(peer) === null && !linking.isWanted(peer)
    return isFull ? { code: 'busy', reason: `it has ${most} links already` } : null
  }

  /** A peer by what a user calls it. */
  #find(word: string): Result<PeerView> {
    const views = this.peers()
    const byName = views.filter(({ name }) => name === word)
    const found =
      byName.length > 0 ? byName : views.filter(({ id }) => word.length > 0 && id.startsWith(word.toLowerCase()))
    const [first, second] = found
    if (first === undefined) return refused(`no peer is called ${word}: see \`peers\``)
    if (second !== undefined) return refused(`${word} fits ${found.length} peers: give more of the id`)
    return ok(first)
  }

  #view(peer: PeerId): PeerView | undefined {
    const { pairs, roster, linking, taskLinking, scores } = this.#parts
    const info = roster.info(peer)
    const standing = roster.standing(peer)
    if (info === undefined || standing === undefined) return undefined
    const session = pairs.settled(peer)
    const { heartbeat } = session ?? {}
    const link =
      session === null
        ? null
        : {
            remote: session.link.remote,
            dialed: session.link.dialed,
            rttMs: heartbeat?.rttMs ?? null,
            silentMs: heartbeat?.silentMs() ?? 0,
          }
    const quietMs = QUIET_PINGS * paceMs(this.#options.pingIntervalMs ?? PING_MS, pairs.linked().length)
    return peerView({
      info,
      standing,
      suspect: roster.isSuspect(peer),
      link,
      quietMs,
      attempt: linking.attempt(peer),
      traffic: sum(pairs.traffic(peer), taskLinking.traffic(peer)),
      rates: pairs.rates(peer),
      software: roster.software(peer),
      since: roster.since(peer),
      score: scores.of(peer),
      isTaskLinked: (service) => taskLinking.isLinked(peer, service),
    })
  }
}

type Traffic = { readonly sent: number; readonly received: number }

function sum(a: Traffic, b: Traffic): Traffic {
  return { sent: a.sent + b.sent, received: a.received + b.received }
}
