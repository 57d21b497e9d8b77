/**
 * What follows when a peer is met, listed, lost or found again: which part of this folder hears of it, in which order.
 * The parts know nothing of each other; here is the only place where one event leads to another.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Env, Link, LinkHandler } from '../env.js'
import type { Claim } from '../mesh.js'
import { hostOf, isLoopback, portOf } from './address.js'
import type { ClockOffsets } from './clock.js'
import type { DataLinking } from './data-linking.js'
import { DIAL_TIMEOUT_MS } from './dialer.js'
import type { Discovery } from './discovery.js'
import { signedEntry } from './entry.js'
import type { Hello } from './greeting.js'
import type { Joining } from './joining.js'
import type { Linking } from './linking.js'
import type { Listening } from './listening.js'
import type { OwnEntry } from './own-entry.js'
import type { ClosedBy, Pairs } from './pairs.js'
import type { Listed, PeerList } from './peer-list.js'
import { ignore, type Reachability } from './reachability.js'
import type { Remembered } from './remembered.js'
import { rendezvousAddress } from './rendezvous.js'
import type { Roster } from './roster.js'
import type { Scores } from './scores.js'
import type { TaskLinking } from './task-linking.js'
import type { Tracker } from './tracker.js'
import type { Waiters } from './waiters.js'

export interface Parts {
  readonly pairs: Pairs
  readonly list: PeerList
  readonly roster: Roster
  readonly tracker: Tracker
  readonly linking: Linking
  readonly dataLinking: DataLinking
  readonly taskLinking: TaskLinking
  readonly listening: Listening
  readonly discovery: Discovery
  readonly joining: Joining
  readonly reachability: Reachability
  readonly remembered: Remembered
  readonly waiters: Waiters
  readonly clock: ClockOffsets
  readonly own: OwnEntry
  readonly scores: Scores
}

export interface EncountersHooks {
  /** A message that is not of this folder. */
  receive(from: PeerId, message: Message): void
  /** A peer said SYN. */
  registered?(peer: PeerId): void
  changed(): void
}

export class Encounters {
  readonly #env: Env
  readonly #parts: Parts
  readonly #hooks: EncountersHooks
  readonly #claims = new Map<PeerId, Claim>() // by linked peer
  /** Whether the user knows how this start went. `lonely`: nobody answered, but addresses are still being tried. */
  #story: 'untold' | 'lonely' | 'told' = 'untold'
  /** The last start time of our own id that was not ours and was looked into. */
  #twinSeen = 0
  #leaving = false

  constructor(env: Env, parts: Parts, hooks: EncountersHooks) {
    this.#env = env
    this.#parts = parts
    this.#hooks = hooks
  }

  claim(peer: PeerId): Claim | undefined {
    return this.#claims.get(peer)
  }

  isAnchor(peer: PeerId): boolean {
    return this.#parts.list.get(peer)?.role === 'anchor'
  }

  /** From now on links close because we go. */
  leave(): void {
    this.#leaving = true
  }

  // ---- links

  /** A control link that we dialed is open: use it, unless there is one or none is wanted. */
  met(link: Link): LinkHandler {
    const { pairs, roster, linking } = this.#parts
    const { peer } = link
    if (pairs.isTaken(peer)) {
      link.close('duplicate', 'there is a link already')
      return ignore
    }
    if (this.#leaving || roster.isDismissed(peer) || linking.penaltyOf(peer) !== null) {
      link.close('normal', 'no link is wanted now')
      return ignore
    }
    return pairs.dialed(link)
  }

  up(peer: PeerId, hello: Hello, link: Link): void {
    const { clock, linking, tracker, roster, waiters, list } = this.#parts
    const isNew = !roster.isMember(peer)
    this.proved(peer)
    this.#claims.set(peer, { tip: hello.tip, height: hello.height, work: toBigInt(hello.work) })
    clock.heard(peer, hello.wallTime)
    linking.linked(peer)
    tracker.linkUp(peer)
    if (isNew) this.#env.log('info', `New peer connection from ${hello.name} (${link.remote})`)
    if (isNew) this.#env.log('debug', `SYN sent to ${hello.name}`)
    roster.up(peer, hello)
    this.#parts.taskLinking.retry(peer)
    linking.membersChanged()
    waiters.resolve(peer, { linked: true })
    this.#learnRoute(link)
    const entry = list.get(peer)
    if (entry !== undefined) this.#look(peer, entry)
    if (this.#story !== 'told') {
      this.#story = 'told'
      this.#env.log('notice', `joined network "${this.#env.network.name}" through ${hello.name} at ${link.remote}`)
    }
    this.#hooks.changed()
  }

  down(peer: PeerId, code: CloseCode, reason: string, by: ClosedBy): void {
    const { clock, tracker, roster, reachability, discovery, joining, linking, dataLinking, list } = this.#parts
    this.#claims.delete(peer)
    list.linkDown(peer)
    clock.forget(peer)
    tracker.linkDown(peer)
    reachability.linkDown(peer)
    dataLinking.linkDown(peer)
    if (this.#leaving) return
    this.#env.log('debug', `link to ${this.name(peer)} closed: ${reason === '' ? code : reason}`)
    if (by === 'us' && (code === 'protocol' || code === 'flood' || code === 'too-large')) linking.punish(peer)
    // A peer that goes for good says fin first; one that only closes wants no link for now.
    if (code === 'leaving' && by === 'them' && this.#parts.list.get(peer)?.state !== 'left') roster.dismiss(peer)
    roster.down(peer, whyDown(code, by))
    discovery.gone(peer)
    joining.lost(peer)
    linking.consider(peer)
    this.#hooks.changed()
  }

  failed(peer: PeerId, code: CloseCode, reason: string): void {
    if (peer === this.#env.identity.id || this.#leaving) return
    this.#parts.linking.linkFailed(peer, code, reason)
  }

  message(peer: PeerId, message: Message): void {
    const { tracker, reachability, dataLinking } = this.#parts
    switch (message.type) {
      case 'syn':
        this.#hooks.registered?.(peer)
        tracker.receive(peer, message)
        return
      case 'peers':
      case 'fin':
      case 'finAck':
      case 'digest':
        tracker.receive(peer, message)
        return
      case 'observed':
        if (this.isAnchor(peer)) reachability.observed(peer, message.reachable)
        return
      case 'dialMe':
        dataLinking.asked(peer, message.token)
        return
      case 'notDialed':
        dataLinking.refused(peer, message.token, message.reason)
        return
      default:
        this.#hooks.receive(peer, message)
    }
  }

  // ---- the peer list

  merged(entries: readonly Listed[], from: PeerId): void {
    const { roster, linking, tracker, taskLinking } = this.#parts
    linking.expect(entries.filter(({ id, entry }) => entry.state === 'up' && !roster.isMember(id)).length)
    for (const { id, entry } of entries) {
      roster.listed(id, entry)
      taskLinking.consider(id)
      this.#look(id, entry)
    }
    linking.expect(0)
    for (const { id } of entries) linking.consider(id)
    linking.membersChanged()
    linking.search()
    if (!this.#leaving) tracker.tell(entries, from)
    this.#hooks.changed()
  }

  forged(from: PeerId): void {
    this.blame(from, 'protocol', 'it passed on a peer entry with a false signature')
  }

  /** That peer is where it should be, whether a link is kept or not. */
  proved(peer: PeerId): void {
    this.#parts.list.met(peer)
    this.#parts.tracker.met(peer)
  }

  /** That entry had to go: so has all that is known of its subject, without a word to the user. */
  forgotten(peer: PeerId): void {
    const { linking, roster, pairs } = this.#parts
    linking.forget(peer)
    roster.forget(peer)
    if (roster.standing(peer) === undefined) pairs.forget(peer)
    linking.membersChanged()
  }

  hinted(lost: readonly PeerId[], by: PeerId): void {
    const { roster, linking, pairs } = this.#parts
    for (const peer of lost) {
      if (!roster.isMember(peer) || roster.isSuspect(peer) || pairs.settled(peer) !== null) continue
      // Whoever can be asked is asked; of others an anchor knows best.
      if (linking.addresses(peer).length > 0) linking.reach(peer, () => {})
      else if (this.isAnchor(by)) roster.unreachable(peer)
    }
  }

  /** A member is one no more. */
  gone(peer: PeerId, how: 'left' | 'lost'): void {
    const { tracker, linking, pairs, list, taskLinking } = this.#parts
    taskLinking.forget(peer)
    if (!list.unmet.has(peer)) this.#env.log('info', `Peer disconnected: ${this.name(peer)} (${how})`)
    if (how === 'lost') tracker.tellLost(peer)
    else linking.forget(peer)
    pairs.forget(peer)
    linking.membersChanged()
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    this.#env.log('warn', `${this.name(peer)} is cut off: ${reason}`)
    this.#parts.linking.punish(peer)
    this.#parts.taskLinking.forget(peer)
    this.#parts.pairs.cut(peer, code, reason)
  }

  // ---- our own identity elsewhere

  twin(weAreYounger: boolean): void {
    if (weAreYounger) {
      this.#env.fatal(
        'identity in use: another running peer has the same key; start this one with another --data directory',
      )
    } else this.#env.log('warn', 'another peer was started with the identity of this one; it has to stop')
  }

  /** An entry of our id from another run: if it is signed and later than ours, somebody runs with our key. */
  metOurselves(entry: PeerEntry): void {
    const { own, pairs } = this.#parts
    if (entry.startTime <= own.startTime || entry.startTime === this.#twinSeen || entry.state === 'left') return
    this.#env.workers.verify([signedEntry(own.chain(), entry)], ([valid]) => {
      if (valid !== true || this.#leaving || this.#twinSeen === entry.startTime) return
      this.#twinSeen = entry.startTime
      for (const address of entry.addresses) {
        this.#env.links.dial(address, {
          service: 'control',
          expect: this.#env.identity.id,
          timeoutMs: DIAL_TIMEOUT_MS,
          opened: (link) => pairs.dialed(link),
          failed: () => {},
        })
      }
    })
  }

  // ---- how the start went

  /** The first look around is over. */
  lookedAround(found: boolean): void {
    if (this.#story !== 'untold' || found) return
    this.#story = 'lonely'
    if (!this.#parts.joining.pending) this.founded()
  }

  /** Nobody answered anywhere. */
  founded(): void {
    if (this.#story !== 'lonely') return
    this.#story = 'told'
    const next = this.#parts.own.isDedicated
      ? 'run p2p-tui in another terminal, or p2p-tui invite for a ticket'
      : 'open a second terminal and run p2p-tui again, or :invite for another machine'
    this.#env.log('notice', `no anchor answered: founded network "${this.#env.network.name}"; ${next}`)
  }

  name(peer: PeerId): string {
    return this.#parts.roster.info(peer)?.name ?? peer.slice(0, 8)
  }

  // ---- what an entry or a link teaches

  /** A current entry of a peer: worth keeping, worth a probe, worth a look at the rendezvous ports. */
  #look(peer: PeerId, entry: PeerEntry): void {
    const { pairs, remembered, reachability, discovery, own } = this.#parts
    const session = pairs.settled(peer)
    if (entry.state === 'left') return
    if (session !== null) {
      remembered.keep(peer, entry)
      if (discovery.port !== null || own.isDedicated) reachability.check(session.link, entry)
    }
    const { port } = discovery
    const isRival =
      port !== null && entry.addresses.some((at) => at === rendezvousAddress(portOf(at)) && portOf(at) < port)
    if (isRival && entry.role === 'anchor') discovery.nudge(0)
  }

  /** A route to another machine: those who come after us there must be able to dial us. */
  #learnRoute(link: Link): void {
    const host = hostOf(link.local)
    // the other tasks of a dedicated anchor would not be there
    if (this.#parts.own.isDedicated) return
    if (link.dialed && !isLoopback(link.remote) && hostOf(link.remote) !== host) this.#parts.listening.ensure(host)
  }
}

function whyDown(code: CloseCode, by: ClosedBy): 'left' | 'apart' | 'rebooted' | 'lost' {
  if (code === 'leaving') return 'left'
  if (code === 'normal' || code === 'busy') return 'apart'
  return code === 'replaced' && by === 'us' ? 'rebooted' : 'lost'
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}
