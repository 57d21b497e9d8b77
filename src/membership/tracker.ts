/**
 * The tracker that every peer carries: who links says SYN with its signed entry, who leaves says FIN and is answered,
 * and the peer list follows over all links. Anchors tell every change to everyone; other peers only to the anchors (to
 * everyone where there is none), which keeps a change from being told by all to all. What falls through is found by
 * comparing digests now and then (Demers et al. 1987, anti-entropy).
 * Invariant: an entry is passed on only after its subject's signature was verified.
 */
import type { CloseCode } from '../../wire/errors.js'
import { sha256 } from '../../wire/hash.js'
import type { PeerEntry } from '../../wire/messages/membership.js'
import type { MembershipMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Cancel, Env } from '../env.js'
import { PacedLog } from '../paced-log.js'
import { idOf } from './entry.js'
import { Feed } from './feed.js'
import type { Listed, PeerList } from './peer-list.js'

/** News of one moment travel together. */
const GATHER_MS = 20
/** One randomly chosen peer gets a digest about this often. */
const DIGEST_MS = 8000
/** A list that differs is sent whole at most this often on one link; a longer list less often. */
const WHOLE_MS = 4000
const MEMBERS_PER_PAUSE = 50
/** News of peers that we have not met: less than a receiver takes from one link, so that news of real ones pass. */
const UNMET_BURST = 32
const UNMET_PER_SECOND = 2
const MAX_HELD = 4096
/** Goodbye: nobody waits longer for an answer. */
export const FIN_MS = 1000

export interface TrackerHooks {
  send(peer: PeerId, message: MembershipMessage): 'sent' | 'full' | 'none'
  isAnchor(peer: PeerId): boolean
  /** Known from hearsay only. */
  isUnmet(peer: PeerId): boolean
  /** Everybody who is here, but not ourselves. */
  members(): Iterable<PeerId>
  /** Our own entry, signed. */
  ownEntry(): PeerEntry
  blame(peer: PeerId, code: CloseCode, reason: string): void
  /** It said goodbye. */
  departed(peer: PeerId, entry: PeerEntry): void
  /** An entry of our own id that we did not make in this run. */
  metOurselves(entry: PeerEntry): void
  /** That peer says that these are gone. */
  hinted(lost: readonly PeerId[], by: PeerId): void
}

export class Tracker {
  readonly #env: Pick<Env, 'now' | 'after' | 'random' | 'identity' | 'log'>
  readonly #list: PeerList
  readonly #hooks: TrackerHooks
  readonly #feeds = new Map<PeerId, Feed>() // one per linked peer
  readonly #unmetNews: Bucket
  readonly #said: PacedLog
  /** News of peers that we have not met, told when we do. */
  readonly #held = new Set<PeerId>() // at most MAX_HELD
  #gathering: Cancel | null = null
  #comparing: Cancel | null = null
  /** Peers whose answer to our FIN is due; null while we stay. */
  #unanswered: Set<PeerId> | null = null // at most the linked peers
  #gone: () => void = () => {}

  constructor(env: Pick<Env, 'now' | 'after' | 'random' | 'identity' | 'log'>, list: PeerList, hooks: TrackerHooks) {
    this.#env = env
    this.#list = list
    this.#hooks = hooks
    this.#unmetNews = new Bucket(env, UNMET_BURST, UNMET_PER_SECOND)
    this.#said = new PacedLog(env)
  }

  /** First words on a settled link: who we are, and all peers that we know to be there. */
  linkUp(peer: PeerId): void {
    const feed = new Feed(
      (message) => this.#hooks.send(peer, message),
      (id) => this.#list.get(id),
    )
    this.#feeds.set(peer, feed)
    this.#hooks.send(peer, { type: 'syn', entry: this.#hooks.ownEntry() })
    this.#feedAll(peer, feed)
    if (this.#comparing === null) this.#compareLater()
  }

  linkDown(peer: PeerId): void {
    this.#feeds.delete(peer)
    this.#answered(peer)
  }

  drained(peer: PeerId): void {
    this.#feeds.get(peer)?.drained()
  }

  /** Our own entry changed. */
  announce(): void {
    for (const peer of this.#feeds.keys()) this.#hooks.send(peer, { type: 'syn', entry: this.#hooks.ownEntry() })
  }

  /** Passes on what was merged from one peer. */
  tell(entries: readonly Listed[], from: PeerId): void {
    // A new anchor is told all, so that nobody hides behind a peer that is none.
    for (const { id, entry } of entries) {
      const feed = this.#feeds.get(id)
      if (entry.role === 'anchor' && feed !== undefined) this.#feedAll(id, feed)
    }
    const news = entries.filter(({ id }) => this.#mayTell(id))
    for (const [peer, feed] of this.#audience(from)) {
      for (const { id } of news) if (id !== peer) feed.changed(id)
    }
    this.#gather()
  }

  /** That peer is hearsay no more: what was held back of it is told. */
  met(met: PeerId): void {
    if (!this.#held.delete(met)) return
    for (const [peer, feed] of this.#audience(met)) if (peer !== met) feed.changed(met)
    this.#gather()
  }

  /** Passes on that a peer is gone without a goodbye. */
  tellLost(lost: PeerId): void {
    for (const [, feed] of this.#audience(lost)) feed.lost(lost)
    this.#gather()
  }

  receive(from: PeerId, message: MembershipMessage): void {
    switch (message.type) {
      case 'syn':
        this.#syn(from, message.entry)
        return
      case 'peers':
        this.#peers(from, message)
        return
      case 'fin':
        this.#fin(from, message.entry)
        return
      case 'finAck':
        this.#answered(from)
        return
      case 'digest':
        this.#compare(from, message.digest)
        return
      case 'observed':
        return
    }
  }

  /** Says goodbye to all; `gone` when all have answered, at the latest after a second. */
  fin(entry: PeerEntry, gone: () => void): void {
    this.#comparing?.()
    this.#unanswered = new Set(this.#feeds.keys())
    const cancel = this.#env.after(this.#unanswered.size === 0 ? 0 : FIN_MS, () => this.#finish())
    this.#gone = () => {
      cancel()
      gone()
    }
    for (const peer of this.#unanswered) this.#hooks.send(peer, { type: 'fin', entry })
    const { size } = this.#unanswered
    this.#env.log('info', `FIN sent to ${size} ${size === 1 ? 'peer' : 'peers'}`)
  }

  #syn(from: PeerId, entry: PeerEntry): void {
    if (idOf(entry.publicKey) !== from) {
      this.#hooks.blame(from, 'protocol', 'a syn for another peer')
      return
    }
    const feed = this.#feeds.get(from)
    this.#said.say(feed?.greeted ? 'debug' : 'info', `SYN received from ${entry.name}`)
    if (feed !== undefined) feed.greeted = true
    this.#list.offer([entry], from)
  }

  #peers(from: PeerId, message: MembershipMessage & { readonly type: 'peers' }): void {
    if (this.#feeds.get(from)?.isNext(message.version) === false) {
      this.#hooks.blame(from, 'protocol', 'peer lists out of order')
      return
    }
    const { id } = this.#env.identity
    const others: PeerEntry[] = []
    for (const entry of message.entries) {
      if (idOf(entry.publicKey) === id) this.#hooks.metOurselves(entry)
      else others.push(entry)
    }
    this.#list.offer(others, from)
    if (message.lost.length > 0) this.#hooks.hinted(message.lost, from)
  }

  #fin(from: PeerId, entry: PeerEntry): void {
    if (idOf(entry.publicKey) !== from || entry.state !== 'left') {
      this.#hooks.blame(from, 'protocol', 'a fin must carry the own entry, as left')
      return
    }
    this.#said.say('info', `FIN received from ${entry.name}`)
    this.#list.offer([entry], from, () => {
      this.#hooks.send(from, { type: 'finAck' })
      this.#hooks.departed(from, entry)
    })
  }

  #feedAll(peer: PeerId, feed: Feed): void {
    const members = [...this.#hooks.members()].filter((id) => id !== peer)
    // whom we have met first: the receiver takes only so much at once
    for (const id of members) if (!this.#hooks.isUnmet(id)) feed.changed(id)
    for (const id of members) if (this.#hooks.isUnmet(id)) feed.changed(id)
    feed.flush()
  }

  #mayTell(id: PeerId): boolean {
    if (!this.#hooks.isUnmet(id) || this.#unmetNews.take()) return true
    if (this.#held.size < MAX_HELD) this.#held.add(id)
    return false
  }

  #compareLater(): void {
    this.#comparing = this.#env.after(DIGEST_MS * (0.75 + 0.5 * this.#env.random()), () => {
      const peers = [...this.#feeds.keys()]
      const peer = peers[Math.floor(this.#env.random() * peers.length)]
      if (peer !== undefined) this.#hooks.send(peer, { type: 'digest', digest: this.#digest() })
      if (this.#unanswered === null) this.#compareLater()
    })
  }

  #compare(from: PeerId, digest: Hash): void {
    const feed = this.#feeds.get(from)
    if (feed === undefined || digest === this.#digest()) return
    const pauseMs = WHOLE_MS * Math.max(1, [...this.#hooks.members()].length / MEMBERS_PER_PAUSE)
    if (feed.mayRepeat(this.#env.now(), pauseMs)) this.#feedAll(from, feed)
  }

  /** Over what each member, ourselves included, last signed. */
  #digest(): Hash {
    const entries = [...this.#hooks.members()].map((id) => this.#list.get(id)).filter((entry) => entry !== undefined)
    const signatures = [...entries, this.#hooks.ownEntry()].map(({ signature }) => signature).sort(Buffer.compare)
    return sha256(...signatures)
  }

  #answered(peer: PeerId): void {
    if (this.#unanswered === null || !this.#unanswered.delete(peer)) return
    if (this.#unanswered.size === 0) this.#finish()
  }

  #finish(): void {
    const gone = this.#gone
    this.#gone = () => {}
    gone()
  }

  /** Whom we tell what came from `from`. */
  *#audience(from: PeerId): Iterable<readonly [PeerId, Feed]> {
    const all = [...this.#feeds].filter(([peer]) => peer !== from)
    const anchors = all.filter(([peer]) => this.#hooks.isAnchor(peer))
    const weAreAnchor = this.#hooks.ownEntry().role === 'anchor'
    yield* weAreAnchor || (anchors.length === 0 && !this.#hooks.isAnchor(from)) ? all : anchors
  }

  #gather(): void {
    if (this.#gathering !== null) return
    this.#gathering = this.#env.after(GATHER_MS, () => {
      this.#gathering = null
      for (const feed of this.#feeds.values()) feed.flush()
    })
  }
}
