/**
 * Keeps the links that the policy wants: dials who is listed and not linked, again after a loss, less often the longer it
 * fails. Of two peers that want each other the lower id dials at once and the higher a little later, so that most pairs
 * never have two links; nothing depends on it. Peers that are known from hearsay only are looked for one after the other,
 * linked or not, and given up soon.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { Address, PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Cancel, DialFailure, Env, Link, LinkHandler } from '../env.js'
import { isLoopback } from './address.js'
import { type Attempt, Dialer } from './dialer.js'
import type { Pairs } from './pairs.js'
import type { PeerList } from './peer-list.js'
import { PENALTY_MS, Penalties } from './penalties.js'
import { FULL_MESH, wantedLinks } from './policy.js'
import { ignore } from './reachability.js'
import type { Roster } from './roster.js'
import type { Waiters } from './waiters.js'

const LOWER_DELAY_MS = 20
const HIGHER_DELAY_MS = 300
/** Then only discovery and the peer itself bring it back. */
const GIVE_UP_TRIES = 20
const DIAL_OUT_TRIES = 3
/** A member without a link that cannot be dialed so often is lost; sooner where there was a doubt before. */
const SURE_TRIES = 6
const DOUBTED_TRIES = 2
const BUSY_MS = 5000
const REACH_MS = 6000
/** Changes of one moment lead to one choice. */
const CHOOSE_MS = 200
const MAX_DOUBTED = 1000
/** The next peer that nobody met is looked for: at once for as many as a lively network has, else at a slow pace. */
const SEARCH_MS = 250
const QUICK_SEARCH_MS = 10
const QUICK_SEARCHES = 64
const QUICK_SEARCHES_PER_SECOND = 1
/** Tries for such a peer: fewer where there are more of them than honest joins bring. */
const UNMET_TRIES = 8
const FEW_UNMET = 128
const MANY_UNMET_TRIES = 2
/** Those that call themselves anchors and that a link is wanted with for that reason. */
const MAX_UNMET_ANCHORS = 16

export interface LinkingHooks {
  entryOf(peer: PeerId): PeerEntry | undefined
  unmet(): PeerList['unmet']
  /** It proved to be there. */
  found(peer: PeerId): void
  /** It is not to be found. */
  drop(peer: PeerId): void
  met(link: Link): LinkHandler
}

export class Linking {
  readonly #env: Env
  readonly #pairs: Pairs
  readonly #roster: Roster
  readonly #waiters: Waiters
  readonly #hooks: LinkingHooks
  readonly #dialer: Dialer
  readonly #penalties: Penalties
  /** Members without a link that somebody missed. */
  readonly #doubted = new Set<PeerId>() // at most MAX_DOUBTED
  /** Beyond a full mesh: whom the policy chose last. */
  #chosen: ReadonlySet<PeerId> = new Set()
  #choosing: Cancel | null = null
  #searching: Cancel | null = null
  readonly #quick: Bucket
  #coming = 0
  #stopped = false

  constructor(env: Env, parts: { pairs: Pairs; roster: Roster; waiters: Waiters }, hooks: LinkingHooks) {
    this.#env = env
    this.#quick = new Bucket(env, QUICK_SEARCHES, QUICK_SEARCHES_PER_SECOND)
    this.#pairs = parts.pairs
    this.#roster = parts.roster
    this.#waiters = parts.waiters
    this.#hooks = hooks
    this.#penalties = new Penalties(env)
    this.#dialer = new Dialer(env, 'control', {
      addresses: (peer) => this.addresses(peer),
      isUnmet: (peer) => hooks.unmet().has(peer),
      opened: (link) => this.#opened(link),
      failed: (peer, failure, detail, tries) => this.#dialFailed(peer, failure, detail, tries),
    })
  }

  // ---- what should be

  /** Members came or went: beyond a full mesh, the wanted ones are others now. */
  membersChanged(): void {
    if (this.#roster.active < FULL_MESH || this.#choosing !== null) return
    this.#choosing = this.#env.after(CHOOSE_MS, () => {
      this.#choosing = null
      const others = [...this.#roster.members()]
      const isAnchor = this.#anchors()
      // dedicated anchors have no place on the ring
      const ring = others.filter((peer) => !this.#isDedicated(peer))
      const dedicated = others.filter((peer) => this.#isDedicated(peer) && isAnchor(peer))
      this.#chosen = new Set([...wantedLinks(this.#env.identity.id, ring, isAnchor), ...dedicated])
      // In a large network a list is enough to be a member.
      for (const peer of this.#roster.candidates()) if (!this.#chosen.has(peer)) this.#roster.present(peer)
      for (const peer of this.#chosen) this.consider(peer)
    })
  }

  /** Looks for all peers that nobody met, one after the other. */
  search(): void {
    if (this.#stopped || this.#searching !== null || this.#hooks.unmet().size === 0) return
    this.#searching = this.#env.after(this.#quick.take() ? QUICK_SEARCH_MS : SEARCH_MS, () => {
      this.#searching = null
      const peer = this.#hooks.unmet().next((each) => this.#isSought(each))
      if (peer !== undefined) this.#dialer.want(peer, 0)
      this.search()
    })
  }

  /** Whether a link with that peer is wanted and can be had by dialing. */
  isWanted(peer: PeerId): boolean {
    if (this.#hooks.entryOf(peer)?.role === 'dial-out' || this.addresses(peer).length === 0) return false
    return this.#roster.active + this.#coming < FULL_MESH || this.#chosen.has(peer)
  }

  /** So many of a list are about to become known: whether all link with all is judged with them. */
  expect(count: number): void {
    this.#coming = count
  }

  /** Where to dial, those that work from far first; of a peer that cannot be dialed from far only what is near. */
  addresses(peer: PeerId): readonly Address[] {
    const entry = this.#hooks.entryOf(peer)
    const all = entry?.addresses ?? this.#roster.info(peer)?.addresses ?? []
    return entry?.role === 'dial-out' ? all.filter(isLoopback) : all
  }

  /** Why a link that came in is refused; null where it is welcome. */
  penaltyOf(peer: PeerId): string | null {
    return this.#penalties.of(peer)
  }

  punish(peer: PeerId): void {
    this.#penalties.punish(peer)
  }

  pardon(peer: PeerId): void {
    this.#penalties.pardon(peer)
  }

  // ---- what is done about it

  /** Dials that peer soon, if it should be linked and is not. */
  consider(peer: PeerId): void {
    if (!this.#mayDial(peer) || !(this.isWanted(peer) || this.#isNearDialOut(peer))) return
    const isLower = this.#env.identity.id < peer
    const delay = isLower ? LOWER_DELAY_MS * this.#env.random() : HIGHER_DELAY_MS * (1 + 0.3 * this.#env.random())
    this.#dialer.want(peer, delay)
  }

  /** Links with that peer now; `done` tells whether it is linked. */
  reach(peer: PeerId, done: (linked: boolean) => void): void {
    if (this.#pairs.settled(peer) !== null) {
      this.#env.after(0, () => done(this.#pairs.settled(peer) !== null))
      return
    }
    const hasWay = this.addresses(peer).length > 0 || this.#pairs.hasControl(peer)
    if (!hasWay || this.#roster.isDismissed(peer) || this.penaltyOf(peer) !== null) {
      this.#env.after(0, () => done(false))
      return
    }
    this.#waiters.add(peer, REACH_MS, ({ linked }) => done(linked))
    if (this.#doubted.size < MAX_DOUBTED) this.#doubted.add(peer)
    if (!this.#pairs.isTaken(peer)) this.#dialer.want(peer, 0)
  }

  attempt(peer: PeerId): Attempt | undefined {
    return this.#dialer.attempt(peer)
  }

  linked(peer: PeerId): void {
    this.#doubted.delete(peer)
    this.#dialer.stop(peer)
  }

  forget(peer: PeerId): void {
    this.#doubted.delete(peer)
    this.#dialer.stop(peer)
  }

  stop(): void {
    this.#stopped = true
    this.#choosing?.()
    this.#searching?.()
    this.#dialer.stopAll()
  }

  /** A link with that peer closed before it was of use. */
  linkFailed(peer: PeerId, code: CloseCode, reason: string): void {
    this.#waiters.resolve(peer, { linked: false, reason })
    if (!this.#mayDial(peer) || this.#roster.standing(peer) === undefined) return
    switch (code) {
      case 'leaving':
        this.#dialer.stop(peer)
        return
      case 'normal':
        this.consider(peer)
        return
      case 'incompatible':
      case 'other-chain':
      case 'protocol':
        this.#dialer.again(peer, PENALTY_MS)
        return
      case 'busy':
        this.#roster.present(peer)
        this.#dialer.again(peer, BUSY_MS)
        return
      case 'replaced':
        this.#dialer.again(peer, BUSY_MS)
        return
      default:
        this.#dialer.again(peer)
    }
  }

  #dialFailed(peer: PeerId, failure: DialFailure, detail: string, tries: number): boolean {
    this.#waiters.resolve(peer, { linked: false, reason: `${failure}: ${detail}` })
    if (!this.#mayDial(peer)) return false
    const doubted = this.#doubted.has(peer)
    const unmet = this.#hooks.unmet()
    if (unmet.has(peer) && this.#hooks.entryOf(peer)?.role !== 'dial-out') {
      const most = unmet.size > FEW_UNMET || doubted ? MANY_UNMET_TRIES : UNMET_TRIES
      if (tries >= most) this.#hooks.drop(peer)
      return tries < most
    }
    if (this.#isNearDialOut(peer)) return tries < DIAL_OUT_TRIES
    if (tries >= (doubted ? DOUBTED_TRIES : SURE_TRIES)) {
      this.#doubted.delete(peer)
      this.#roster.unreachable(peer)
    }
    return tries < GIVE_UP_TRIES && (doubted || this.isWanted(peer))
  }

  /** A dial that was only to see whether that peer is there ends here. */
  #opened(link: Link): LinkHandler {
    const { peer } = link
    const wasUnmet = this.#hooks.unmet().has(peer)
    this.#hooks.found(peer)
    if (!wasUnmet || this.#waiters.has(peer) || this.isWanted(peer) || this.#isNearDialOut(peer)) {
      return this.#hooks.met(link)
    }
    this.#dialer.stop(peer)
    link.close('normal', 'it is there, and no link is wanted now')
    return ignore
  }

  #isSought(peer: PeerId): boolean {
    const entry = this.#hooks.entryOf(peer)
    return (
      entry?.role !== 'dial-out' &&
      entry?.state === 'up' &&
      this.addresses(peer).length > 0 &&
      this.#dialer.attempt(peer) === undefined &&
      this.#mayDial(peer)
    )
  }

  /** Who counts as an anchor: of those that only say so, a few. */
  #anchors(): (peer: PeerId) => boolean {
    let room = MAX_UNMET_ANCHORS
    return (peer) => {
      if (this.#hooks.entryOf(peer)?.role !== 'anchor') return false
      if (!this.#hooks.unmet().has(peer)) return true
      room--
      return room >= 0
    }
  }

  #isDedicated(peer: PeerId): boolean {
    return (this.#hooks.entryOf(peer)?.tasks.length ?? 0) > 0
  }

  #mayDial(peer: PeerId): boolean {
    const standing = this.#roster.standing(peer)
    return (
      peer !== this.#env.identity.id &&
      standing !== undefined &&
      (standing !== 'gone' || this.#roster.wasLost(peer)) &&
      !this.#roster.isDismissed(peer) &&
      this.penaltyOf(peer) === null &&
      !this.#pairs.isTaken(peer)
    )
  }

  /** It may be on this machine, where a dial works whatever stands around it. */
  #isNearDialOut(peer: PeerId): boolean {
    return this.#hooks.entryOf(peer)?.role === 'dial-out' && this.addresses(peer).length > 0
  }
}
