/**
 * Opens data links for downloads. The downloader dials; where it cannot, it asks the source over their control link
 * (`dialMe`), the source dials and names the request (`dialed`) or says why it does not (`notDialed`).
 * Invariants: whoever asked owns the link, and an answer that nobody waits for is closed; a source dials only where a
 * link of that peer led already or where its signed entry says, so that nobody is sent to an address by a stranger.
 */
import type { Message } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import { hostOf, isLoopback } from './address.js'
import { dialData } from './data-dial.js'
import { DIAL_TIMEOUT_MS } from './dialer.js'
import type { Pairs } from './pairs.js'

/** The source has as long as a dial takes; the rest is for the way there and back. */
const ANSWER_MS = DIAL_TIMEOUT_MS + 1000
/** After a dial in vain its place stays taken: requests do not become a hail of dials. */
const PAUSE_MS = 1000
const MAX_WAITING = 256
/** Requests that are being answered: in all, and for one peer. */
const MAX_ANSWERING = 32
const MAX_ANSWERING_PER_PEER = 2
const TOKENS = 2 ** 32
/** Characters of at most three bytes each: fits `notDialed`. */
const REASON_CHARACTERS = 80

const NEITHER = 'neither of the two peers can be dialed, so they cannot exchange data'

type Opened = (link: Link | null, reason: string) => void

interface Waiting {
  readonly peer: PeerId
  readonly opened: Opened
  timer: Cancel
}

export interface DataLinkingHooks {
  /** Where to dial it; of a peer that cannot be dialed from far only what is near. */
  addresses(peer: PeerId): readonly Address[]
  /** Of a dedicated anchor, which has a port for data alone: there, or nowhere. Null of all others. */
  filesTask(peer: PeerId): readonly Address[] | null
  /** Of ourselves too. */
  isDialOut(peer: PeerId): boolean
  send(peer: PeerId, message: Message): void
}

export class DataLinking {
  readonly #env: Pick<Env, 'links' | 'after' | 'identity'>
  readonly #pairs: Pairs
  readonly #hooks: DataLinkingHooks
  /** What we asked for, by token. */
  readonly #waiting = new Map<number, Waiting>() // at most MAX_WAITING
  /** What we were asked for. */
  readonly #answering = new Set<{ readonly peer: PeerId }>() // at most MAX_ANSWERING
  #lastToken = -1

  constructor(env: Pick<Env, 'links' | 'after' | 'identity'>, pairs: Pairs, hooks: DataLinkingHooks) {
    this.#env = env
    this.#pairs = pairs
    this.#hooks = hooks
  }

  /** A data link to that peer, dialed by either side; the caller owns it. */
  open(peer: PeerId, opened: Opened): Cancel {
    let stop: Cancel = () => {}
    let over = false
    const ask = (failure: string): void => {
      if (!over) stop = this.#ask(peer, failure, opened)
    }
    const addresses = this.#ways(peer)
    if (addresses.length === 0) stop = this.#env.after(0, () => ask(''))
    else {
      stop = dialData(this.#env, this.#pairs, peer, addresses, (link, reason) => {
        if (link === null) ask(reason)
        else opened(link, '')
      })
    }
    return () => {
      over = true
      stop()
    }
  }

  /** As a source: that peer wants a data link and cannot dial us. */
  asked(peer: PeerId, token: number): void {
    const addresses = this.#ways(peer)
    const sameAsker = [...this.#answering].filter((answering) => answering.peer === peer).length
    if (addresses.length === 0) this.#refuse(peer, token, NEITHER)
    else if (
      this.#answering.size >= MAX_ANSWERING ||
      sameAsker >= MAX_ANSWERING_PER_PEER ||
      this.#pairs.isCrowded(peer)
    ) {
      this.#refuse(peer, token, 'it opens too many links already')
    } else this.#answer(peer, token, addresses)
  }

  /** As a downloader: this link is what we asked for. */
  answered(link: Link, token: number): void {
    const waiting = this.#waiting.get(token)
    if (waiting === undefined || waiting.peer !== link.peer) {
      link.close('normal', 'nobody waits for this link any more')
      return
    }
    this.#waiting.delete(token)
    waiting.timer()
    waiting.opened(link, '')
  }

  /** The source does not dial. */
  refused(peer: PeerId, token: number, reason: string): void {
    if (this.#waiting.get(token)?.peer === peer) this.#fail(token, reason)
  }

  /** Without a control link no answer comes. */
  linkDown(peer: PeerId): void {
    for (const [token, waiting] of this.#waiting) {
      if (waiting.peer !== peer) continue
      waiting.timer()
      waiting.timer = this.#env.after(0, () => this.#fail(token, 'the link to it was lost'))
    }
  }

  /** What led to the control link leads there again. None where only the other side can dial. */
  #ways(peer: PeerId): readonly Address[] {
    const task = this.#hooks.filesTask(peer)
    if (task !== null) return task
    const control = this.#pairs.settled(peer)?.link
    const known = this.#hooks.addresses(peer)
    if (control === undefined) return known
    if (control.dialed) return [...new Set([control.remote, ...known])]
    const isNear = isLoopback(control.remote) || hostOf(control.remote) === hostOf(control.local)
    return isNear || !this.#hooks.isDialOut(peer) ? known : []
  }

  /** `failure`: of our own dial; empty where there was none. */
  #ask(peer: PeerId, failure: string, opened: Opened): Cancel {
    const why = this.#whyNot(peer, failure)
    if (why !== null) {
      opened(null, why)
      return () => {}
    }
    this.#lastToken = (this.#lastToken + 1) % TOKENS
    const token = this.#lastToken
    const timer = this.#env.after(ANSWER_MS, () => this.#fail(token, 'it was asked to dial this peer and did not'))
    this.#waiting.set(token, { peer, opened, timer })
    this.#hooks.send(peer, { type: 'dialMe', token })
    return () => {
      this.#waiting.get(token)?.timer()
      this.#waiting.delete(token)
    }
  }

  /** Why there is no use in asking that peer; null where there is. */
  #whyNot(peer: PeerId, failure: string): string | null {
    if (this.#waiting.size >= MAX_WAITING) return 'too many data links are being opened'
    if (this.#hooks.filesTask(peer) !== null) return failure === '' ? 'no address of its files is known' : failure
    if (this.#pairs.settled(peer) !== null) return null
    if (!this.#hooks.isDialOut(peer)) return failure === '' ? 'no address of it can be dialed' : failure
    return this.#hooks.isDialOut(this.#env.identity.id) ? NEITHER : 'it cannot be dialed, and has no link to this peer'
  }

  #fail(token: number, reason: string): void {
    const waiting = this.#waiting.get(token)
    this.#waiting.delete(token)
    waiting?.timer()
    waiting?.opened(null, reason)
  }

  #answer(peer: PeerId, token: number, addresses: readonly Address[]): void {
    const place = { peer }
    this.#answering.add(place)
    const inVain = (reason: string): void => {
      this.#env.after(PAUSE_MS, () => this.#answering.delete(place))
      this.#refuse(peer, token, reason)
    }
    const timer = this.#env.after(DIAL_TIMEOUT_MS, () => {
      cancel()
      inVain('its dial took too long')
    })
    const cancel = dialData(this.#env, this.#pairs, peer, addresses, (link, reason) => {
      timer()
      if (link === null) {
        inVain(reason)
        return
      }
      this.#answering.delete(place)
      link.send({ type: 'dialed', token })
    })
  }

  #refuse(peer: PeerId, token: number, reason: string): void {
    const text = reason
      .normalize('NFC')
      .slice(0, REASON_CHARACTERS)
      .replace(/[\ud800-\udfff]/gu, '')
    this.#hooks.send(peer, { type: 'notDialed', token, reason: text })
  }
}
