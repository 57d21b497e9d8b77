/**
 * All links of one service by peer, and for each pair of peers the one control link that carries everything (or, of a
 * dedicated anchor's task, the one link of that task). The lower id of a pair decides (`duplicate.ts`); the higher one
 * obeys `accept`. Data links stand outside that rule.
 * Invariant: at most one settled link a peer; protocols hear `up` before the first message and `down` after the last.
 */
import { assert, type CloseCode } from '../../wire/errors.js'
import type { TaskService } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Env, Link, LinkHandler } from '../env.js'
import { type ByteRates, Rates } from '../rates.js'
import { decide, outdated } from './duplicate.js'
import type { GreetingHooks, Hello, Refusal } from './greeting.js'
import type { HeartbeatOptions } from './heartbeat.js'
import { Session, type SessionHooks } from './session.js'

/** An accepted link has this long to show that it lives when another one would take its place. */
const CHALLENGE_MS = 1000
/** Links of one peer, of all kinds. */
const MAX_LINKS_PER_PEER = 16

const IN_USE = 'another link of this pair is in use'
const LATER_START = 'a later start of the same peer took its place'

/** Services of which a pair of peers has one link. */
export type LinkService = 'control' | TaskService

export type ClosedBy = 'us' | 'them' | 'network'

export interface PairsHooks extends Pick<GreetingHooks, 'hello' | 'twin'> {
  /** A reason not to let a link that came in live; null where it is welcome. */
  refuse(peer: PeerId, hello: Hello): Refusal | null
  /** This is the control link from now on; also where it replaces one without a `down` between. */
  up(peer: PeerId, hello: Hello, link: Link): void
  /** The settled link closed and there is no other. */
  down(peer: PeerId, code: CloseCode, reason: string, by: ClosedBy): void
  /** A link closed before it was settled, and none is left that could still be. */
  failed(peer: PeerId, code: CloseCode, reason: string, by: ClosedBy): void
  message(peer: PeerId, message: Message): void
  drained(peer: PeerId): void
  data(link: Link): LinkHandler
  /** This accepted data link answers that `dialMe`. */
  answered(link: Link, token: number): void
  /** A ping of that peer was answered in time, or was not. */
  pinged(peer: PeerId, inTime: boolean): void
  /** No sign of life of that peer since the last ping but one. */
  quiet(peer: PeerId): void
  /** Whether the byte counts of a peer without links are still wanted. */
  remembers(peer: PeerId): boolean
}

interface Pair {
  readonly control: Set<Session> // with data: at most MAX_LINKS_PER_PEER
  readonly data: Set<Session>
  settled: Session | null
  /** Of links that closed since the peer was met. */
  sent: number
  received: number
  readonly rates: Rates
}

export class Pairs {
  readonly #env: Env
  readonly #service: LinkService
  readonly #hooks: PairsHooks
  readonly #heartbeat: (peer: PeerId) => HeartbeatOptions
  readonly #pairs = new Map<PeerId, Pair>() // peers prove the network's secret; emptied pairs go
  readonly #sessionHooks: SessionHooks

  constructor(env: Env, service: LinkService, heartbeat: (peer: PeerId) => HeartbeatOptions, hooks: PairsHooks) {
    this.#env = env
    this.#service = service
    this.#heartbeat = heartbeat
    this.#hooks = hooks
    this.#sessionHooks = {
      hello: hooks.hello,
      twin: hooks.twin,
      refuse: ({ link }, hello) =>
        hello.service === service || hello.service === 'data'
          ? hooks.refuse(link.peer, hello)
          : { code: 'incompatible', reason: `no ${hello.service} task runs here` },
      passed: (session, hello) => this.#passed(session, hello),
      accepted: (session) => this.#accepted(session),
      message: (session, message) => hooks.message(session.link.peer, message),
      answers: (session, token) => hooks.answered(session.link, token),
      drained: (session) => session.stage === 'settled' && hooks.drained(session.link.peer),
      silent: (session) =>
        this.#drop(session, 'lost', `no answer for ${heartbeat(session.link.peer).silenceMs() / 1000} s`),
      pinged: ({ link }, inTime) => hooks.pinged(link.peer, inTime),
      beat: ({ link }) => this.#sample(link.peer),
      quiet: ({ link }) => hooks.quiet(link.peer),
      closed: (session, code, reason, by) => this.#closed(session, code, reason, by),
    }
  }

  // ---- links that open

  /** A link of our service that we dialed is open. */
  dialed(link: Link): LinkHandler {
    const pair = this.#pairOf(link.peer)
    const session = new Session(this.#env, link, this.#service, this.#sessionHooks)
    pair.control.add(session)
    return session
  }

  /** Whether a new link to that peer that we dialed would only be in the way. */
  isTaken(peer: PeerId): boolean {
    const pair = this.#pairs.get(peer)
    return pair !== undefined && (pair.settled !== null || [...pair.control].some(({ link }) => link.dialed))
  }

  /** A data link that we dialed is open; `ready` follows when both hellos passed, or `failed`. */
  dialedData(link: Link, ready: () => void, failed: (reason: string) => void): LinkHandler {
    const pair = this.#pairOf(link.peer)
    let waiting = true
    const session = new Session(this.#env, link, 'data', {
      ...this.#sessionHooks,
      passed: () => {
        waiting = false
        this.#carry(session)
        ready()
      },
      closed: (closing, code, reason, by) => {
        this.#closed(closing, code, reason, by)
        if (waiting) failed(reason)
      },
    })
    pair.data.add(session)
    return session
  }

  /** A link came in; the hello will say what for. */
  accepted(link: Link): LinkHandler {
    const pair = this.#pairOf(link.peer)
    const session = new Session(this.#env, link, null, this.#sessionHooks)
    pair.control.add(session)
    if (linkCount(pair) > MAX_LINKS_PER_PEER) this.#drop(session, 'busy', 'too many links at once')
    return session
  }

  // ---- what is there

  linked(): PeerId[] {
    const peers: PeerId[] = []
    for (const [peer, { settled }] of this.#pairs) if (settled !== null) peers.push(peer)
    return peers
  }

  settled(peer: PeerId): Session | null {
    return this.#pairs.get(peer)?.settled ?? null
  }

  /** Any control link, settled or on its way to be. */
  hasControl(peer: PeerId): boolean {
    return (this.#pairs.get(peer)?.control.size ?? 0) > 0
  }

  /** There are as many links with that peer as there may be. */
  isCrowded(peer: PeerId): boolean {
    const pair = this.#pairs.get(peer)
    return pair !== undefined && linkCount(pair) >= MAX_LINKS_PER_PEER
  }

  /** Bytes over all links to that peer. */
  traffic(peer: PeerId): { readonly sent: number; readonly received: number } {
    const pair = this.#pairs.get(peer)
    let { sent, received } = pair ?? { sent: 0, received: 0 }
    for (const { link } of [...(pair?.control ?? []), ...(pair?.data ?? [])]) {
      sent += link.bytesSent
      received += link.bytesReceived
    }
    return { sent, received }
  }

  /** Bytes a second over all links to that peer. */
  rates(peer: PeerId): ByteRates {
    const { sent, received } = this.traffic(peer)
    return this.#pairs.get(peer)?.rates.read(this.#env.now(), received, sent) ?? { down: 0, up: 0 }
  }

  /** Bytes a second over all links. */
  totalRates(): ByteRates {
    let [down, up] = [0, 0]
    for (const peer of this.#pairs.keys()) {
      const rates = this.rates(peer)
      down += rates.down
      up += rates.up
    }
    return { down, up }
  }

  /** Closes every link to a peer. */
  cut(peer: PeerId, code: CloseCode, reason: string): void {
    const pair = this.#pairs.get(peer)
    if (pair === undefined) return
    for (const session of [...pair.data]) session.end(code, reason)
    for (const session of [...pair.control]) this.#drop(session, code, reason)
  }

  /** The control link to that peer is dead, though nobody closed it. */
  lose(peer: PeerId, reason: string): void {
    const settled = this.settled(peer)
    if (settled !== null) this.#drop(settled, 'lost', reason)
  }

  closeAll(code: CloseCode, reason: string): void {
    for (const peer of [...this.#pairs.keys()]) this.cut(peer, code, reason)
  }

  // ---- hellos and the choice

  #passed(session: Session, hello: Hello): void {
    const { peer } = session.link
    const pair = this.#pairOf(peer)
    if (hello.service === 'data') {
      pair.control.delete(session)
      pair.data.add(session)
      this.#carry(session)
      return
    }
    this.#replaceOldBoots(pair)
    this.#choose(peer, pair)
  }

  #replaceOldBoots(pair: Pair): void {
    const old = new Set(outdated([...pair.control]))
    const stale = [...pair.control].filter(({ serial }) => old.has(serial))
    // The settled one goes last: its end makes the choice among the others.
    for (const session of stale.sort((a) => (a === pair.settled ? 1 : -1))) {
      if (session === pair.settled) for (const data of [...pair.data]) data.end('replaced', LATER_START)
      this.#drop(session, 'replaced', LATER_START)
    }
  }

  /** The lower id's part of the rule. */
  #choose(peer: PeerId, pair: Pair): void {
    if (this.#env.identity.id > peer) return
    const decision = decide([...pair.control])
    if (decision.kind === 'wait') return
    if (decision.kind === 'challenge') {
      this.#challenge(peer, pair)
      return
    }
    const session = [...pair.control].find(({ serial }) => serial === decision.serial)
    assert(session !== undefined, 'the chosen link is one of the pair')
    this.#settle(peer, pair, session)
  }

  #challenge(peer: PeerId, pair: Pair): void {
    const { settled } = pair
    settled?.heartbeat?.challenge(
      CHALLENGE_MS,
      () => {
        const rivals = [...pair.control].filter((session) => session !== pair.settled && session.stage === 'greeted')
        for (const rival of rivals) this.#drop(rival, 'duplicate', IN_USE)
      },
      () => {
        if (settled !== pair.settled) return
        this.#drop(settled, 'lost', 'no answer while another link came up')
        this.#choose(peer, pair)
      },
    )
  }

  /** The higher id's part: the other side chose. */
  #accepted(session: Session): void {
    const { peer } = session.link
    const pair = this.#pairOf(peer)
    if (this.#env.identity.id < peer || session.stage !== 'greeted' || !pair.control.has(session)) {
      this.#drop(session, 'protocol', 'accept out of turn')
      return
    }
    this.#settle(peer, pair, session)
  }

  #settle(peer: PeerId, pair: Pair, session: Session): void {
    const { hello } = session
    assert(hello !== null, 'a link is settled after its hello')
    pair.settled = session
    session.settle(this.#service, this.#heartbeat(peer))
    if (this.#env.identity.id < peer) session.link.send({ type: 'accept' })
    for (const rival of [...pair.control].filter((other) => other !== session)) {
      pair.control.delete(rival)
      rival.end('duplicate', IN_USE)
    }
    this.#hooks.up(peer, hello, session.link)
  }

  // ---- links that end

  #carry(session: Session): void {
    session.link.promote('data')
    session.carry(this.#hooks.data(session.link))
  }

  /** Ends a control link and counts it as gone at once; its `closed` comes later. */
  #drop(session: Session, code: CloseCode, reason: string): void {
    if (session.ended) return
    session.end(code, reason)
    this.#gone(session, code, reason, 'us')
  }

  #closed(session: Session, code: CloseCode, reason: string, by: ClosedBy): void {
    const { link } = session
    const pair = this.#pairs.get(link.peer)
    if (pair !== undefined) {
      pair.sent += link.bytesSent
      pair.received += link.bytesReceived
    }
    if (link.peer === this.#env.identity.id && code === 'identity-in-use' && by === 'them') this.#hooks.twin(true)
    this.#gone(session, code, reason, by)
  }

  #gone(session: Session, code: CloseCode, reason: string, by: ClosedBy): void {
    const { peer } = session.link
    const pair = this.#pairs.get(peer)
    if (pair === undefined || (!pair.control.delete(session) && !pair.data.delete(session))) return
    // from now on no ping takes samples
    this.#sample(peer)
    if (session === pair.settled) {
      pair.settled = null
      this.#hooks.down(peer, code, reason, by)
      this.#choose(peer, pair)
    } else if (session.hello?.service !== 'data') {
      this.#choose(peer, pair)
      if (pair.control.size === 0) this.#hooks.failed(peer, code, reason, by)
    }
    if (!this.#hooks.remembers(peer)) this.forget(peer)
  }

  #sample(peer: PeerId): void {
    const { sent, received } = this.traffic(peer)
    this.#pairs.get(peer)?.rates.note(this.#env.now(), received, sent)
  }

  #pairOf(peer: PeerId): Pair {
    let pair = this.#pairs.get(peer)
    if (pair === undefined) {
      pair = { control: new Set(), data: new Set(), settled: null, sent: 0, received: 0, rates: new Rates() }
      this.#pairs.set(peer, pair)
    }
    return pair
  }

  /** Forgets the byte counts of a peer without links. */
  forget(peer: PeerId): void {
    const pair = this.#pairs.get(peer)
    if (pair !== undefined && pair.control.size === 0 && pair.data.size === 0) this.#pairs.delete(peer)
  }
}

function linkCount({ control, data }: Pair): number {
  return control.size + data.size
}
