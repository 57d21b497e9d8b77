/**
 * Decides which peers are alive. Neighbours that matter are watched by datagrams (liveness-watch.ts), others are asked
 * over their link when something speaks against them (liveness-link.ts). Keeps what pings and acks say of lists.
 */
import type { PeerId } from '../../wire/types.js'
import type { Datagram, ListDigest } from '../../wire/udp-datagram.js'
import type { Env } from '../env.js'
import { LinkLiveness } from './liveness-link.js'
import { Relays } from './liveness-relay.js'
import { Watch } from './liveness-watch.js'
import { DATAGRAM_BOUNDS, RoundTrips } from './rtt.js'

/** A suspect has so long, and longer where a round trip by way of a third peer takes longer. */
const PATIENCE_MS = 300
const PATIENCE_TRIPS = 3
const JITTER = 0.2
/** Two successors and two predecessors. */
const MAX_WATCHED = 4

export interface LivenessParts {
  readonly env: Pick<Env, 'now' | 'after' | 'random' | 'log' | 'datagrams'>
  readonly intervalMs: number
  /** Of our own lists, as others shall see them. */
  readonly digest: () => ListDigest
  /** Asks over the link; patiently, so that silence means death, or once. */
  readonly ask: (peer: PeerId, how: 'patiently' | 'once', done: (alive: boolean) => void) => void
  /** Somebody else asks this peer over the link every period. */
  readonly isAsked: (peer: PeerId) => boolean
  /** Who may be asked to ping a suspect. */
  readonly helpers: () => Iterable<PeerId>
  readonly nameOf: (peer: PeerId) => string
}

export class Liveness {
  onDead: (peer: PeerId) => void = () => {}
  /** A peer sent a ping of its own: it is there. */
  onPing: (peer: PeerId) => void = () => {}
  /** So many pings in a row had no ack, and there are more to come. */
  onMissed: (peer: PeerId, misses: number) => void = () => {}
  /** Somebody is suspected now, or no longer. */
  onChanged: () => void = () => {}
  readonly #parts: LivenessParts
  readonly #links: LinkLiveness
  readonly #relays: Relays
  readonly #roundTrips = new RoundTrips(DATAGRAM_BOUNDS)
  readonly #watches = new Map<PeerId, Watch>() // at most MAX_WATCHED
  readonly #digests = new Map<PeerId, ListDigest>() // of those watched

  constructor(parts: LivenessParts) {
    this.#parts = parts
    this.#relays = new Relays(parts.env)
    this.#links = new LinkLiveness((peer, done) => parts.ask(peer, 'patiently', done))
    this.#links.onDead = (peer) => {
      // while its link is sick, datagrams may say better
      if (!this.decides(peer)) this.onDead(peer)
    }
  }

  // ---- evidence

  /** Something speaks against this peer (a closed link, a question without answer): asks it now. */
  suspect(peer: PeerId): void {
    if (this.#watches.get(peer)?.doubt() !== true) this.#links.suspect(peer)
  }

  /** Its link closed: asks it over a new one. */
  linkDown(peer: PeerId): void {
    this.#watches.get(peer)?.linkDown()
    this.suspect(peer)
  }

  /** Others fell silent, perhaps this peer did, too: asks it now, though nothing speaks against it. */
  probe(peer: PeerId): void {
    if (this.#watches.get(peer)?.doubt() !== true) this.#links.check(peer)
  }

  /** Somebody should look after this peer, if nobody does. */
  check(peer: PeerId): void {
    if (!this.isVouched(peer)) this.#links.check(peer)
  }

  /** A message of this peer came in over its link. */
  heard(peer: PeerId): void {
    this.#links.heard(peer)
  }

  /** A new link: both ends learn by one ping whether datagrams pass. */
  linkUp(peer: PeerId): void {
    const watch = this.#watches.get(peer)
    if (watch === undefined) this.#ping(peer)
    else watch.linkUp()
  }

  receive(from: PeerId, datagram: Datagram, sequence: number): void {
    switch (datagram.type) {
      case 'ping':
        this.#pinged(from, sequence, datagram.digest)
        break
      case 'ack':
        this.#acked(from, datagram.answers, datagram.digest)
        break
      case 'askPing': {
        const ping = this.#ping(datagram.target)
        if (ping !== null) this.#relays.asked(from, sequence, datagram.target, ping)
        break
      }
      case 'vouch': {
        const target = this.#relays.vouched(from, datagram.answers)
        if (target !== undefined) this.#watches.get(target)?.vouched()
        break
      }
    }
  }

  // ---- verdicts

  isSuspect(peer: PeerId): boolean {
    return this.#watches.get(peer)?.isSuspect === true || this.#links.isSuspect(peer)
  }

  /** Datagrams say that it is alive. */
  isVouched(peer: PeerId): boolean {
    return this.#watches.get(peer)?.isVouched === true
  }

  /** Datagrams decide whether it lives: no silence of its link does. */
  decides(peer: PeerId): boolean {
    return this.#watches.get(peer)?.decides === true
  }

  /** Smoothed round trip by datagram; null where there is none. */
  smoothedMs(peer: PeerId): number | null {
    return this.#roundTrips.smoothedMs(peer)
  }

  /** What a watched peer last said of its lists. */
  digestOf(peer: PeerId): ListDigest | undefined {
    return this.#digests.get(peer)
  }

  // ---- whom to watch

  /** From now on these peers are watched, and no others. */
  watch(peers: readonly PeerId[]): void {
    const wanted = new Set(peers.slice(0, MAX_WATCHED))
    for (const [peer, watch] of this.#watches) {
      if (wanted.has(peer)) continue
      watch.stop()
      this.#watches.delete(peer)
      this.#digests.delete(peer)
    }
    for (const peer of wanted) if (!this.#watches.has(peer)) this.#watches.set(peer, this.#newWatch(peer))
  }

  stop(): void {
    this.watch([])
    this.#links.stop()
    this.#relays.stop()
  }

  #newWatch(peer: PeerId): Watch {
    const { env, intervalMs, ask, isAsked, helpers } = this.#parts
    return new Watch(env, {
      ping: () => this.#ping(peer),
      timeoutMs: () => this.#roundTrips.timeoutMs(peer),
      patienceMs: () => Math.max(PATIENCE_MS, PATIENCE_TRIPS * (this.#roundTrips.smoothedMs(peer) ?? 0)),
      restMs: () => intervalMs * (1 + (env.random() - 0.5) * JITTER),
      askOthers: () => this.#relays.ask(peer, helpers()),
      probe: (done) => ask(peer, 'once', done),
      heartbeat: () => {
        if (!isAsked(peer)) this.#links.check(peer)
      },
      missed: (misses) => this.onMissed(peer, misses),
      measured: (ms) => this.#roundTrips.measured(peer, ms),
      changed: () => this.onChanged(),
      dead: () => {
        this.#watches.delete(peer)
        this.#digests.delete(peer)
        this.#roundTrips.forget(peer)
        this.onDead(peer)
      },
    })
  }

  #ping(peer: PeerId): number | null {
    return this.#parts.env.datagrams.send(peer, { type: 'ping', digest: this.#parts.digest() })
  }

  #pinged(from: PeerId, sequence: number, digest: ListDigest): void {
    const { env, nameOf } = this.#parts
    env.log('debug', `Ping request received from ${nameOf(from)}`)
    env.datagrams.send(from, { type: 'ack', answers: sequence, digest: this.#parts.digest() })
    this.onPing(from)
    this.#watches.get(from)?.pinged()
    this.#told(from, digest)
  }

  #acked(from: PeerId, answers: number, digest: ListDigest): void {
    this.#relays.acked(from, answers)
    if (this.#watches.get(from)?.acked(answers) !== true) return
    this.#parts.env.log('debug', `Ping response received from ${this.#parts.nameOf(from)}`)
    this.#told(from, digest)
  }

  #told(from: PeerId, digest: ListDigest): void {
    if (this.#watches.has(from)) this.#digests.set(from, digest)
  }
}
