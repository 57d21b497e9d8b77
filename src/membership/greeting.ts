/**
 * The first exchange on a fresh link. The dialer's hello comes first; the listener checks it and answers with its own,
 * so for the dialer that answer says that both passed. A hello that does not fit closes the link in clear words.
 * Invariant: nothing but hello and close is sent here; the 5 s that it may take are kept by the link layer.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { Service } from '../../wire/messages/link.js'
import type { LinkMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Link } from '../env.js'

export const PROTOCOL_VERSION = 1
/** Capability of a dedicated anchor: its entry, which follows, says where its tasks are. */
export const TASKS_CAPABILITY = 'tasks'

export type Hello = LinkMessage & { readonly type: 'hello' }
/** One run of one peer: a restart has a later one. */
export type Boot = Pick<Hello, 'startTime' | 'bootNonce'>

export type Judgement =
  | { readonly kind: 'passed' }
  /** We dialed an address of our own. */
  | { readonly kind: 'ourselves' }
  /** Another running process has our identity. */
  | { readonly kind: 'twin'; readonly weAreYounger: boolean }
  | { readonly kind: 'refused'; readonly code: CloseCode; readonly reason: string }

/** Whether a hello fits ours. */
export function judgeHello(ours: Hello, theirs: Hello, self: PeerId, peer: PeerId): Judgement {
  if (peer === self) {
    const order = compareBoots(ours, theirs)
    return order === 0 ? { kind: 'ourselves' } : { kind: 'twin', weAreYounger: order > 0 }
  }
  if (theirs.protocol !== ours.protocol) {
    const versions = [ours.protocol, theirs.protocol].sort((a, b) => a - b).join(' and ')
    const reason = `the two speak protocols ${versions}: update the older p2p-tui`
    return { kind: 'refused', code: 'incompatible', reason }
  }
  if (theirs.chain !== ours.chain) {
    return { kind: 'refused', code: 'other-chain', reason: 'the two keep different chains under one secret' }
  }
  return { kind: 'passed' }
}

/** Negative where `a` started before `b`; 0 for the same run. */
export function compareBoots(a: Boot, b: Boot): number {
  return a.startTime - b.startTime || Buffer.compare(a.bootNonce, b.bootNonce)
}

export interface Refusal {
  readonly code: CloseCode
  readonly reason: string
}

export interface GreetingHooks {
  /** Our hello for a link of this service, as of now. */
  hello(service: Service): Hello
  /** Why a link that came in is not welcome; null where it is. Asked before we answer, so that it never seems to pass. */
  refuse(theirs: Hello): Refusal | null
  passed(theirs: Hello): void
  twin(weAreYounger: boolean): void
}

export class Greeting {
  readonly #link: Link
  readonly #self: PeerId
  readonly #hooks: GreetingHooks
  #state: 'waiting' | 'over' = 'waiting'
  #ours: Hello | null = null

  /** `service` where we dialed; on an accepted link the dialer's hello names it. */
  constructor(link: Link, self: PeerId, service: Service | null, hooks: GreetingHooks) {
    this.#link = link
    this.#self = self
    this.#hooks = hooks
    if (service === null) return
    const ours = hooks.hello(service)
    this.#ours = ours
    link.send(ours)
  }

  receive(theirs: Hello): void {
    if (this.#state === 'over') {
      this.#link.close('protocol', 'a second hello')
      return
    }
    this.#state = 'over'
    const ours = this.#ours ?? this.#hooks.hello(theirs.service)
    const judgement = judgeHello(ours, theirs, this.#self, this.#link.peer)
    switch (judgement.kind) {
      case 'passed':
        this.#answer(ours, theirs)
        return
      case 'ourselves':
        this.#link.close('normal', 'this is me')
        return
      case 'twin':
        // The younger learns it from this hello, or from the close code.
        if (judgement.weAreYounger) this.#link.send(ours)
        this.#link.close('identity-in-use', 'another running peer has this identity')
        this.#hooks.twin(judgement.weAreYounger)
        return
      case 'refused':
        this.#link.close(judgement.code, judgement.reason)
        return
    }
  }

  #answer(ours: Hello, theirs: Hello): void {
    if (theirs.service !== ours.service) {
      this.#link.close('protocol', 'another service than it was dialed for')
      return
    }
    if (this.#ours === null) {
      const refusal = this.#hooks.refuse(theirs)
      if (refusal !== null) {
        this.#link.close(refusal.code, refusal.reason)
        return
      }
      this.#link.send(ours)
    }
    this.#hooks.passed(theirs)
  }
}
