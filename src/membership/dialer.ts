/**
 * Dials peers by their addresses, one after the other, and tries again with backoff until told to stop.
 * Invariant: at most one dial a peer at once, and at most `MAX_DIALS` in all; the rest waits its turn. Peers that nobody
 * ever met get only a part of that, and a number of dials a second: whoever makes them up does not make us busy.
 */
import type { Address, PeerId } from '../../wire/types.js'
import { Bucket } from '../bucket.js'
import type { Cancel, DialFailure, Env, Link, LinkHandler } from '../env.js'
import { isLoopback } from './address.js'
import type { LinkService } from './pairs.js'
import { retryDelayMs } from './retry.js'

export const DIAL_TIMEOUT_MS = 5000
const LOOPBACK_TIMEOUT_MS = 2000
const MAX_DIALS = 32
/** Peers that are being dialed or wait for their next try. */
const MAX_TARGETS = 10_000
const TURN_MS = 50
/** Of those, for peers that were never met. */
const MAX_UNMET_DIALS = 16
const MAX_UNMET_TARGETS = 128
const UNMET_BURST = 64
const UNMET_PER_SECOND = 8
const UNMET_TURN_MS = 400

export interface DialerHooks {
  /** Where that peer may be reached, best first. */
  addresses(peer: PeerId): readonly Address[]
  /** Known from hearsay only. */
  isUnmet(peer: PeerId): boolean
  opened(link: Link): LinkHandler
  /** All addresses failed, for the `tries`th time: whether to try again. */
  failed(peer: PeerId, failure: DialFailure, detail: string, tries: number): boolean
}

export interface Attempt {
  readonly dialing: boolean
  readonly tries: number
  readonly nextInMs: number
}

interface Target {
  /** Was never met when we began. */
  readonly unmet: boolean
  tries: number
  /** Waits for the next try. */
  timer: Cancel | null
  dueAt: number
  /** Ends the dial under way. */
  dial: Cancel | null
}

export class Dialer {
  readonly #env: Pick<Env, 'now' | 'after' | 'random' | 'links'>
  readonly #service: LinkService
  readonly #hooks: DialerHooks
  readonly #targets = new Map<PeerId, Target>() // at most MAX_TARGETS
  readonly #unmetDials: Bucket
  #active = 0
  #unmetActive = 0
  #unmetTargets = 0

  constructor(env: Pick<Env, 'now' | 'after' | 'random' | 'links'>, service: LinkService, hooks: DialerHooks) {
    this.#env = env
    this.#service = service
    this.#hooks = hooks
    this.#unmetDials = new Bucket(env, UNMET_BURST, UNMET_PER_SECOND)
  }

  /** Dials that peer in `delayMs`, unless a try is under way or comes sooner. */
  want(peer: PeerId, delayMs: number): void {
    const target = this.#targetOf(peer)
    if (target === undefined || target.dial !== null) return
    const dueAt = this.#env.now() + delayMs
    if (target.timer !== null) {
      if (target.dueAt <= dueAt) return
      target.timer()
    }
    target.dueAt = dueAt
    target.timer = this.#env.after(delayMs, () => {
      target.timer = null
      this.#start(peer, target)
    })
  }

  /** The link that we dialed closed before it was of use: the next try waits longer. */
  again(peer: PeerId, atLeastMs = 0): void {
    const target = this.#targetOf(peer)
    if (target === undefined) return
    target.tries++
    this.want(peer, Math.max(atLeastMs, retryDelayMs(target.tries, this.#env.random())))
  }

  /** There is a link, or none is wanted. */
  stop(peer: PeerId): void {
    const target = this.#targets.get(peer)
    if (target === undefined) return
    this.#remove(peer, target)
    target.timer?.()
    const { dial } = target
    if (dial === null) return
    this.#ended(target)
    dial()
  }

  stopAll(): void {
    for (const peer of [...this.#targets.keys()]) this.stop(peer)
  }

  attempt(peer: PeerId): Attempt | undefined {
    const target = this.#targets.get(peer)
    if (target === undefined) return undefined
    const nextInMs = target.timer === null ? 0 : Math.max(0, target.dueAt - this.#env.now())
    return { dialing: target.dial !== null, tries: target.tries, nextInMs }
  }

  /** Peers that wait for a try or are being dialed. */
  targets(): Iterable<PeerId> {
    return this.#targets.keys()
  }

  #start(peer: PeerId, target: Target): void {
    if (this.#active >= MAX_DIALS) {
      this.want(peer, TURN_MS * (1 + this.#env.random()))
      return
    }
    if (target.unmet && (this.#unmetActive >= MAX_UNMET_DIALS || !this.#unmetDials.take())) {
      this.want(peer, UNMET_TURN_MS * (1 + this.#env.random()))
      return
    }
    const addresses = this.#hooks.addresses(peer)
    this.#active++
    this.#unmetActive += Number(target.unmet)
    this.#dial(peer, target, addresses, 0, 'unreachable', 'no address of it is known')
  }

  #dial(
    peer: PeerId,
    target: Target,
    addresses: readonly Address[],
    place: number,
    failure: DialFailure,
    detail: string,
  ): void {
    const address = addresses[place]
    if (address === undefined) {
      this.#failed(peer, target, failure, detail)
      return
    }
    let over = false
    const cancel = this.#env.links.dial(address, {
      service: this.#service,
      expect: peer,
      timeoutMs: isLoopback(address) ? LOOPBACK_TIMEOUT_MS : DIAL_TIMEOUT_MS,
      opened: (link) => {
        over = true
        this.#ended(target)
        return this.#hooks.opened(link)
      },
      failed: (reason, words) => {
        if (over) return
        over = true
        this.#dial(peer, target, addresses, place + 1, reason, words)
      },
    })
    target.dial = () => {
      over = true
      cancel()
    }
  }

  #failed(peer: PeerId, target: Target, failure: DialFailure, detail: string): void {
    this.#ended(target)
    target.tries++
    if (this.#hooks.failed(peer, failure, detail, target.tries) && this.#targets.get(peer) === target) {
      this.want(peer, retryDelayMs(target.tries, this.#env.random()))
    } else if (this.#targets.get(peer) === target && target.timer === null) {
      this.#remove(peer, target)
    }
  }

  #ended(target: Target): void {
    target.dial = null
    this.#active--
    this.#unmetActive -= Number(target.unmet)
  }

  #remove(peer: PeerId, target: Target): void {
    this.#targets.delete(peer)
    this.#unmetTargets -= Number(target.unmet)
  }

  #targetOf(peer: PeerId): Target | undefined {
    let target = this.#targets.get(peer)
    if (target === undefined && this.#targets.size < MAX_TARGETS) {
      const unmet = this.#hooks.isUnmet(peer)
      if (unmet && this.#unmetTargets >= MAX_UNMET_TARGETS) return undefined
      this.#unmetTargets += Number(unmet)
      target = { unmet, tries: 0, timer: null, dueAt: 0, dial: null }
      this.#targets.set(peer, target)
    }
    return target
  }
}
