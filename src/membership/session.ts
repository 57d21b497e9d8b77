/**
 * One link from its opening to its end: greeting, then (control) waiting to be chosen, then traffic; or (data) handed to
 * whoever moves chunks. Keeps what belongs to the link alone; which of several links stays is `pairs.ts`.
 */
import { assert, type CloseCode } from '../../wire/errors.js'
import type { Service } from '../../wire/messages/link.js'
import type { Message } from '../../wire/messages.js'
import type { Env, Link, LinkHandler } from '../env.js'
import type { Contender } from './duplicate.js'
import { Greeting, type GreetingHooks, type Hello, type Refusal } from './greeting.js'
import { Heartbeat, type HeartbeatOptions } from './heartbeat.js'

export interface SessionHooks extends Pick<GreetingHooks, 'hello' | 'twin'> {
  refuse(session: Session, hello: Hello): Refusal | null
  passed(session: Session, hello: Hello): void
  /** The other side, which has the lower id, chose this link. */
  accepted(session: Session): void
  message(session: Session, message: Message): void
  /** A data link that the other side dialed because it was asked to. */
  answers(session: Session, token: number): void
  drained(session: Session): void
  /** No byte for too long, though pinged. */
  silent(session: Session): void
  pinged(session: Session, inTime: boolean): void
  /** At each ping. */
  beat(session: Session): void
  /** No sign of life since the last ping but one. */
  quiet(session: Session): void
  closed(session: Session, code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void
}

export class Session implements LinkHandler, Contender {
  readonly link: Link
  readonly dialedByLower: boolean
  stage: 'greeting' | 'greeted' | 'settled' = 'greeting'
  ended = false
  readonly #env: Env
  readonly #hooks: SessionHooks
  readonly #greeting: Greeting
  #hello: Hello | null = null
  #heartbeat: Heartbeat | null = null
  #data: LinkHandler | null = null

  /** `service` where we dialed, null on an accepted link. */
  constructor(env: Env, link: Link, service: Service | null, hooks: SessionHooks) {
    this.#env = env
    this.link = link
    this.dialedByLower = link.dialed === env.identity.id < link.peer
    this.#hooks = hooks
    this.#greeting = new Greeting(link, env.identity.id, service, {
      hello: hooks.hello,
      twin: hooks.twin,
      refuse: (hello) => hooks.refuse(this, hello),
      passed: (hello) => {
        this.#hello = hello
        this.stage = 'greeted'
        hooks.passed(this, hello)
      },
    })
  }

  get serial(): number {
    return this.link.serial
  }

  /** What the other side said; null while greeting. */
  get hello(): Hello | null {
    return this.#hello
  }

  get boot(): Hello | null {
    return this.#hello
  }

  get heartbeat(): Heartbeat | null {
    return this.#heartbeat
  }

  /** The link of the pair and this service from now on. */
  settle(service: Service, options: HeartbeatOptions): void {
    assert(this.stage === 'greeted', 'only a greeted link is settled')
    this.stage = 'settled'
    this.link.promote(service)
    this.#heartbeat = new Heartbeat(this.#env, this.link, options, {
      dead: () => this.#hooks.silent(this),
      answered: (inTime) => this.#hooks.pinged(this, inTime),
      beat: () => this.#hooks.beat(this),
      quiet: () => this.#hooks.quiet(this),
    })
  }

  /** A data link from now on. */
  carry(handler: LinkHandler): void {
    this.#data = handler
  }

  /** Ends the link; `closed` follows. */
  end(code: CloseCode, reason: string): void {
    this.ended = true
    this.#heartbeat?.stop()
    this.link.close(code, reason)
  }

  message(_link: Link, message: Message): void {
    if (this.ended) return
    switch (message.type) {
      case 'hello':
        this.#greeting.receive(message)
        return
      case 'accept':
        this.#hooks.accepted(this)
        return
      case 'dialed':
        this.#hooks.answers(this, message.token)
        return
      case 'ping':
        // Before the link is settled nothing but hello is sent.
        if (this.stage === 'settled' || this.#data !== null)
          this.link.send({ type: 'pong', sequence: message.sequence })
        return
      case 'pong':
        this.#heartbeat?.pong(message.sequence)
        return
      case 'close':
        return
      default:
        if (this.#data !== null) {
          this.#data.message(this.link, message)
          return
        }
        this.#hooks.message(this, message)
    }
  }

  drained(link: Link): void {
    if (this.#data !== null) {
      this.#data.drained(link)
      return
    }
    if (!this.ended) this.#hooks.drained(this)
  }

  closed(link: Link, code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void {
    this.ended = true
    this.#heartbeat?.stop()
    this.#data?.closed(link, code, reason, by)
    this.#hooks.closed(this, code, reason, by)
  }
}
