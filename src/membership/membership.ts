/**
 * Who is there: builds discovery, links, the peer list and the tracker into one and shows the result to the other
 * protocols as a `Mesh` of peers. Holds no rule of its own: each has its file in this folder, and what follows from what
 * stands in `encounters.ts`.
 */
import { assert, type CloseCode } from '../../wire/errors.js'
import type { Service } from '../../wire/messages/link.js'
import type { PeerEntry, Role } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { type Done, done as ok, type PeerView, type Result, refused } from '../api.js'
import type { Cancel, Env, Link, LinkHandler } from '../env.js'
import type { Claim, Mesh, PeerInfo, Protocol } from '../mesh.js'
import { isLoopback } from './address.js'
import { ClockOffsets, type ClockState } from './clock.js'
import { dialData } from './data-dial.js'
import { Discovery } from './discovery.js'
import { Encounters, type EncountersHooks, type Parts } from './encounters.js'
import { type Hello, PROTOCOL_VERSION } from './greeting.js'
import type { HeartbeatOptions } from './heartbeat.js'
import { Joining } from './joining.js'
import { Linking } from './linking.js'
import { Listening, LOOPBACK } from './listening.js'
import { OwnEntry } from './own-entry.js'
import { Pairs } from './pairs.js'
import { PeerList } from './peer-list.js'
import { MAX_ANCHOR_LINKS, MAX_LINKS } from './policy.js'
import { Reachability } from './reachability.js'
import { Remembered } from './remembered.js'
import { rendezvousAddress } from './rendezvous.js'
import { Roster } from './roster.js'
import { Tracker } from './tracker.js'
import { peerView } from './view.js'
import { Waiters } from './waiters.js'

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
/** With more links each is pinged less often, to four times less. */
const LINKS_PER_PACE = 8
const SLOWEST_PACE = 4
const SILENT_PINGS = 6
const SHORTEST_SILENCE_MS = 3000
/** Addresses that an entry can carry. */
const MAX_ADDRESSES = 8
/** From an open link to its being settled, with a reserve. */
const SETTLE_MS = 6000

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
    this.#parts = this.#build()
    this.#encounters = new Encounters(env, this.#parts, hooks)
  }

  // ---- starting and leaving

  /** Opens the listeners and looks around once; the answer is this peer's address. */
  start(done: Done<Address>): void {
    assert(this.#state === 'new', 'started once')
    this.#state = 'running'
    this.#listen([`${LOOPBACK}:0`, ...this.#options.listen], (failure) => {
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
    const { discovery, joining, linking, listening, own, pairs, tracker } = this.#parts
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
    const role = this.#parts.reachability.role()
    return role === 'peer' && this.#parts.discovery.port !== null ? 'anchor' : role
  }

  peers(): readonly PeerView[] {
    const { roster, linking } = this.#parts
    const shown = [...roster.known()].filter((peer) => {
      const standing = roster.standing(peer)
      return standing !== 'gone' || (roster.wasLost(peer) && linking.attempt(peer) !== undefined)
    })
    return shown.map((peer) => this.#view(peer)).filter((view) => view !== undefined)
  }

  /** Bytes over all links of this run. */
  traffic(): { readonly sent: number; readonly received: number } {
    return this.#parts.pairs.total()
  }

  /** Median of the others' clocks against ours; positive where they are ahead. */
  clockOffsetMs(): number {
    return this.#parts.clock.offsetMs()
  }

  /** 'off' calls for a standing warning, 'wrong' forbids mining. */
  clockState(): ClockState {
    return this.#parts.clock.state()
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
    const { pairs, linking } = this.#parts
    const control = pairs.settled(peer)?.link
    const known = linking.addresses(peer)
    // What led to the control link leads there again.
    const addresses = control?.dialed ? [...new Set([control.remote, ...known])] : known
    return dialData(this.#env, pairs, peer, addresses, opened)
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    this.#encounters.blame(peer, code, reason)
  }

  claim(peer: PeerId): Claim | undefined {
    return this.#encounters.claim(peer)
  }

  // ---- inside

  /** The parts know each other only through what is said here. */
  #build(): Parts {
    const env = this.#env
    const waiters = new Waiters(env)
    const clock = new ClockOffsets(env)
    const remembered = new Remembered(env)
    const list = new PeerList(env, () => this.#hooks.claim().chain, {
      merged: (entries, from) => this.#encounters.merged(entries, from),
      forged: (from) => this.#encounters.forged(from),
    })
    const roster = new Roster(env, {
      protocols: () => this.#hooks.protocols(),
      entryOf: (peer) => list.get(peer),
      isLinked: (peer) => pairs.settled(peer) !== null,
      isWanted: (peer) => linking.isWanted(peer),
      gone: (peer, how) => this.#encounters.gone(peer, how),
      changed: () => this.#hooks.changed(),
    })
    const pairs = this.#buildPairs(roster)
    const linking = new Linking(
      env,
      { pairs, roster, waiters },
      { entryOf: (peer) => list.get(peer), met: (link) => this.#encounters.met(link) },
    )
    const own = new OwnEntry(env, remembered.startTime(), {
      chain: () => this.#hooks.claim().chain,
      role: () => this.role(),
      addresses: () => this.addresses(),
      changed: (entry) => this.#announce(entry),
    })
    const tracker = new Tracker(env, list, {
      send: (peer, message) => this.send(peer, message),
      isAnchor: (peer) => this.#encounters.isAnchor(peer),
      members: () => roster.members(),
      ownEntry: () => own.current(),
      blame: (peer, code, reason) => this.blame(peer, code, reason),
      departed: (peer, entry) => roster.departed(peer, entry),
      metOurselves: (entry) => this.#encounters.metOurselves(entry),
      hinted: (lost, by) => this.#encounters.hinted(lost, by),
    })
    const accepted = (link: Link): LinkHandler => pairs.accepted(link)
    const listening = new Listening(env, this.#options.hosts ?? [], { accepted, changed: () => own.refresh() })
    const reachability = new Reachability(env, {
      send: (peer, message) => void this.send(peer, message),
      entryOf: (peer) => list.get(peer),
      reachableAt: (address) => listening.reachableAt(address),
      roleChanged: () => own.refresh(),
    })
    const joining = new Joining(env, {
      met: (link) => this.#encounters.met(link),
      awaitLink: (peer, done) => {
        if (pairs.settled(peer) !== null) env.after(0, () => done({ linked: true }))
        else waiters.add(peer, SETTLE_MS, done)
      },
      isLinked: (peer) => pairs.settled(peer) !== null,
      welcome: (peer) => {
        roster.welcome(peer)
        linking.pardon(peer)
      },
      tried: () => this.#encounters.founded(),
    })
    const discovery = this.#buildDiscovery(accepted, own)
    return {
      pairs,
      list,
      roster,
      tracker,
      linking,
      listening,
      discovery,
      joining,
      reachability,
      remembered,
      waiters,
      clock,
      own,
    }
  }

  #buildPairs(roster: Roster): Pairs {
    const heartbeat: HeartbeatOptions = {
      intervalMs: () => this.#pace(),
      silenceMs: () => Math.max(SHORTEST_SILENCE_MS, SILENT_PINGS * this.#pace()),
    }
    return new Pairs(this.#env, heartbeat, {
      hello: (service) => this.#hello(service),
      twin: (weAreYounger) => this.#encounters.twin(weAreYounger),
      refuse: (peer) => this.#refuse(peer),
      up: (peer, hello, link) => this.#encounters.up(peer, hello, link),
      down: (peer, code, reason, by) => this.#encounters.down(peer, code, reason, by),
      failed: (peer, code, reason) => this.#encounters.failed(peer, code, reason),
      message: (peer, message) => this.#encounters.message(peer, message),
      drained: (peer) => this.#drained(peer),
      data: (link) => this.#hooks.dataLink(link),
      remembers: (peer) => roster.isMember(peer),
    })
  }

  #buildDiscovery(accepted: (link: Link) => LinkHandler, own: OwnEntry): Discovery {
    return new Discovery(this.#env, {
      met: (link) => this.#encounters.met(link),
      isHeldBy: (address, peer) => {
        const entry = this.#parts.list.get(peer)
        return this.isLinked(peer) && (entry === undefined || entry.addresses.includes(address))
      },
      isAlone: () => this.#parts.pairs.linked().length === 0,
      familiar: () => this.#familiar(),
      remembered: () => [...this.#parts.remembered.others()].flatMap(([, entry]) => entry.addresses),
      accepted,
      holdingChanged: () => own.refresh(),
    })
  }

  #announce(entry: PeerEntry): void {
    const { list, remembered, tracker } = this.#parts
    list.put(this.#env.identity.id, entry)
    remembered.keep(this.#env.identity.id, entry)
    tracker.announce()
    this.#hooks.changed()
  }

  #drained(peer: PeerId): void {
    this.#parts.tracker.drained(peer)
    for (const protocol of this.#hooks.protocols()) protocol.linkDrained(peer)
  }

  /** Where nothing new is to be found: our own addresses and those of linked peers. */
  #familiar(): ReadonlySet<Address> {
    const { pairs, list, listening } = this.#parts
    const familiar = new Set(this.addresses())
    for (const port of listening.ports()) familiar.add(rendezvousAddress(port))
    for (const peer of pairs.linked()) for (const address of list.get(peer)?.addresses ?? []) familiar.add(address)
    return familiar
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
    const { identity } = this.#env
    const { chain, tip, height, work } = this.#hooks.claim()
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      software: this.#options.software ?? 'p2p-tui',
      capabilities: [],
      chain,
      name: identity.name,
      bootNonce: identity.bootNonce,
      startTime: this.#parts.own.startTime,
      service,
      listen: this.addresses(),
      wallTime: this.#env.wallTime(),
      tip,
      height,
      work: new Uint8Array(Buffer.from(work.toString(16).padStart(64, '0'), 'hex')),
    }
  }

  #refuse(peer: PeerId): { readonly code: CloseCode; readonly reason: string } | null {
    if (this.#state !== 'running') return { code: 'leaving', reason: 'this peer is about to exit' }
    const penalty = this.#parts.linking.penaltyOf(peer)
    if (penalty !== null) return { code: 'busy', reason: penalty }
    const most = this.role() === 'anchor' ? MAX_ANCHOR_LINKS : MAX_LINKS
    const isFull = this.#parts.pairs.linked().length >= most && !this.#parts.linking.isWanted(peer)
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
    const { pairs, roster, linking } = this.#parts
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
    const traffic = pairs.traffic(peer)
    const quietMs = 2.5 * this.#pace()
    return peerView({
      info,
      standing,
      suspect: roster.isSuspect(peer),
      link,
      quietMs,
      attempt: linking.attempt(peer),
      traffic,
    })
  }

  #pace(): number {
    const links = this.#parts.pairs.linked().length
    return (this.#options.pingIntervalMs ?? PING_MS) * Math.min(Math.max(links / LINKS_PER_PACE, 1), SLOWEST_PACE)
  }
}
