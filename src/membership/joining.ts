/**
 * Joins a network by an address that somebody gave: says in clear words why it does not work, and, for the addresses of
 * the command line, keeps trying in the background for as long as the program runs.
 */
import type { Address, PeerId } from '../../wire/types.js'
import { type Failure, type Result, refused } from '../api.js'
import type { Cancel, DialFailure, Env, Link, LinkHandler } from '../env.js'
import { hostOf } from './address.js'
import { DIAL_TIMEOUT_MS } from './dialer.js'
import { retryDelayMs } from './retry.js'
import type { Outcome } from './waiters.js'

/** Addresses of `--join` and of successful `join` commands. */
const MAX_TARGETS = 32
/** After a link to a target was lost, its own reconnection gets this long before the address is tried again. */
const SETTLE_MS = 5000
/** The first background retry already waits like a fourth one: an address given by hand is seldom back in 200 ms. */
const EXTRA_TRIES = 3

interface Target {
  readonly address: Address
  peer: PeerId | null
  tries: number
  timer: Cancel | null
}

export interface JoiningHooks {
  met(link: Link): LinkHandler
  /** Tells once whether there is a link with that peer. */
  awaitLink(peer: PeerId, done: (outcome: Outcome) => void): void
  isLinked(peer: PeerId): boolean
  /** The user asks for that peer, whatever was before. */
  welcome(peer: PeerId): void
  /** The first try of every address of the command line is over. */
  tried(): void
}

export class Joining {
  readonly #env: Env
  readonly #hooks: JoiningHooks
  readonly #targets = new Map<Address, Target>() // at most MAX_TARGETS
  #untried = 0
  #stopped = false

  constructor(env: Env, hooks: JoiningHooks) {
    this.#env = env
    this.#hooks = hooks
  }

  /** Joins these as long as it takes. */
  seek(addresses: readonly Address[]): void {
    for (const address of addresses.slice(0, MAX_TARGETS)) {
      if (this.#targets.has(address)) continue
      const target: Target = { address, peer: null, tries: 0, timer: null }
      this.#targets.set(address, target)
      this.#untried++
      this.#try(target)
    }
  }

  /** Whether an address of the command line has not been tried to the end yet. */
  get pending(): boolean {
    return this.#untried > 0
  }

  /** Joins once; an address that worked is kept for later. */
  join(address: Address, done: (result: Result<PeerId>) => void): void {
    this.#dial(address, (result) => {
      if (result.ok && !this.#targets.has(address) && this.#targets.size < MAX_TARGETS) {
        this.#targets.set(address, { address, peer: result.value, tries: 0, timer: null })
      }
      done(result)
    })
  }

  /** The last link to that peer is gone. */
  lost(peer: PeerId): void {
    for (const target of this.#targets.values()) if (target.peer === peer) this.#later(target, SETTLE_MS)
  }

  /** The user wants that peer no more. */
  forget(peer: PeerId): void {
    for (const target of [...this.#targets.values()]) {
      if (target.peer !== peer) continue
      target.timer?.()
      this.#targets.delete(target.address)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const { timer } of this.#targets.values()) timer?.()
  }

  #try(target: Target): void {
    if (this.#stopped || (target.peer !== null && this.#hooks.isLinked(target.peer))) return
    this.#dial(target.address, (result) => {
      const first = target.tries === 0 && target.peer === null
      if (result.ok) {
        target.peer = result.value
        target.tries = 0
      } else {
        target.tries++
        if (first) this.#env.log('warn', `${result.message}; still trying`)
        this.#later(target, retryDelayMs(target.tries + EXTRA_TRIES, this.#env.random()))
      }
      if (first) this.#untried--
      if (first && this.#untried === 0) this.#hooks.tried()
    })
  }

  #later(target: Target, delayMs: number): void {
    target.timer?.()
    target.timer = this.#env.after(delayMs, () => {
      target.timer = null
      if (this.#targets.get(target.address) === target) this.#try(target)
    })
  }

  #dial(address: Address, done: (result: Result<PeerId>) => void): void {
    this.#env.links.dial(address, {
      service: 'control',
      timeoutMs: DIAL_TIMEOUT_MS,
      opened: (link) => {
        this.#hooks.welcome(link.peer)
        const handler = this.#hooks.met(link)
        if (link.peer === this.#env.identity.id) {
          done(refused(`${address} is this peer itself: give the address of another one`))
        } else {
          this.#hooks.awaitLink(link.peer, (outcome) => {
            if (outcome.linked) done({ ok: true, value: link.peer })
            else done(refused(`the peer at ${address} did not let us in: ${outcome.reason}`))
          })
        }
        return handler
      },
      failed: (failure, detail) => done(whyNotJoined(address, failure, detail)),
    })
  }
}

/** What went wrong and what to do next (exit 4 for a timeout). */
export function whyNotJoined(address: Address, failure: DialFailure, detail: string): { readonly ok: false } & Failure {
  const where = `cannot join ${address}`
  switch (failure) {
    case 'refused':
      return refusal(
        `${where}: refused, nothing listens there; is p2p-tui running, and open to other machines (:invite)?`,
      )
    case 'timeout':
      return {
        ok: false,
        kind: 'timeout',
        message: `${where}: timed out; a firewall in between, a wrong address, or that machine is off`,
      }
    case 'wrong-network':
      return refusal(`${where}: not this network's secret; ask its owner for a ticket (:invite) and use --join -`)
    case 'unknown-host':
      return refusal(`${where}: unknown host ${hostOf(address)}; check the spelling`)
    case 'unreachable':
      return refusal(`${where}: no route to ${hostOf(address)}; is this machine on that network?`)
    case 'wrong-peer':
      return refusal(`${where}: another peer answers there`)
    case 'closed':
      return refusal(`${where}: it hung up during the introduction; is that a p2p-tui peer of this version?`)
    case 'cancelled':
      return refusal(`${where}: given up${detail === '' ? '' : ` (${detail})`}`)
  }
}

const refusal = (message: string): { readonly ok: false } & Failure => ({ ok: false, kind: 'refused', message })
