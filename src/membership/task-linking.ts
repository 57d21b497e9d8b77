/**
 * Links with the tasks of dedicated anchors: to each task of each anchor that is a member this peer keeps one, beside the
 * control link (which is that of `admission`). Only the peer dials, with backoff, and remembers the addresses, so that no
 * task needs another one to live. The rules of control links hold here too, one set of pairs a task.
 */
import type { CloseCode } from '../../wire/errors.js'
import { type PeerEntry, TASK_SERVICES, type TaskService } from '../../wire/messages/membership.js'
import { swarmMessages } from '../../wire/messages/swarm.js'
import type { Message, SwarmMessage } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { Dialer } from './dialer.js'
import type { HeartbeatOptions } from './heartbeat.js'
import { Pairs, type PairsHooks } from './pairs.js'
import { ignore } from './reachability.js'

/** Dedicated anchors that links are kept with: members may make them up. */
const MAX_ANCHORS = 16
const BUSY_MS = 5000

export interface TaskLinkingHooks extends Pick<PairsHooks, 'hello' | 'twin'> {
  entryOf(peer: PeerId): PeerEntry | undefined
  /** A member that we have met, and nothing stands against a link with it. */
  isWelcome(peer: PeerId): boolean
  /** The last link with a task of that anchor closed. */
  released(peer: PeerId): void
  dialMe(peer: PeerId, token: number): void
  blame(peer: PeerId, code: CloseCode, reason: string): void
  changed(): void
}

/** Who hears of task links and what comes over them. */
export interface TaskListener {
  taskUp(peer: PeerId, service: TaskService): void
  taskDown(peer: PeerId, service: TaskService): void
  taskDrained(peer: PeerId): void
  /** That peer became a dedicated anchor here, or is none any more. */
  taskPeerChanged(peer: PeerId): void
  taskMessage(peer: PeerId, service: TaskService, message: SwarmMessage): void
}

interface Way {
  readonly pairs: Pairs
  readonly dialer: Dialer
}

export class TaskLinking {
  listener: TaskListener | null = null
  readonly #hooks: TaskLinkingHooks
  readonly #ways: Readonly<Record<TaskService, Way>>
  readonly #anchors = new Set<PeerId>() // at most MAX_ANCHORS
  readonly #env: Pick<Env, 'log'>
  /** Pairs of anchor and task whose link was lost and is not back. */
  readonly #lost = new Set<string>() // at most two for each of #anchors
  #stopped = false

  constructor(env: Env, heartbeat: (peer: PeerId) => HeartbeatOptions, hooks: TaskLinkingHooks) {
    this.#hooks = hooks
    this.#env = env
    this.#ways = {
      manifests: this.#wayTo(env, heartbeat, 'manifests'),
      files: this.#wayTo(env, heartbeat, 'files'),
    }
  }

  // ---- what should be

  /** An entry of that peer or its standing changed: links with its tasks where they are due, none where they are not. */
  consider(peer: PeerId): void {
    const wanted = this.#isWanted(peer)
    if (!wanted && !this.#anchors.has(peer)) return
    if (!wanted) {
      this.forget(peer)
      return
    }
    if (!this.#anchors.has(peer)) {
      if (!this.#hasRoom()) return
      this.#anchors.add(peer)
      this.listener?.taskPeerChanged(peer)
    }
    for (const service of TASK_SERVICES) {
      const { dialer } = this.#ways[service]
      if (dialer.attempt(peer) === undefined) this.#dial(peer, service)
    }
  }

  /** It was heard of just now: what waits for its next try is tried at once. */
  retry(peer: PeerId): void {
    this.consider(peer)
    if (this.#anchors.has(peer)) for (const service of TASK_SERVICES) this.#dial(peer, service)
  }

  forget(peer: PeerId): void {
    if (!this.#anchors.delete(peer)) return
    for (const { dialer, pairs } of Object.values(this.#ways)) {
      dialer.stop(peer)
      pairs.cut(peer, 'normal', 'this anchor is no member any more')
      pairs.forget(peer)
    }
    for (const service of TASK_SERVICES) this.#lost.delete(service + peer)
    this.listener?.taskPeerChanged(peer)
  }

  stop(): void {
    this.#stopped = true
    this.#anchors.clear()
    for (const { dialer, pairs } of Object.values(this.#ways)) {
      dialer.stopAll()
      pairs.closeAll('leaving', 'goodbye')
    }
  }

  // ---- what is there

  /** Dedicated anchors whose tasks this peer uses. */
  anchors(): Iterable<PeerId> {
    return this.#anchors
  }

  isLinked(peer: PeerId, service: TaskService): boolean {
    return this.#ways[service].pairs.settled(peer) !== null
  }

  /** Some task of that anchor is there, whether or not admission is. */
  holds(peer: PeerId): boolean {
    return TASK_SERVICES.some((service) => this.isLinked(peer, service))
  }

  send(peer: PeerId, service: TaskService, message: Message): 'sent' | 'full' | 'none' {
    return this.#ways[service].pairs.settled(peer)?.link.send(message) ?? 'none'
  }

  /** Where a task of that peer is dialed; none of whoever has no tasks. */
  addresses(peer: PeerId, service: TaskService): readonly Address[] {
    const tasks = this.#hooks.entryOf(peer)?.tasks ?? []
    return tasks.filter((task) => task.service === service).map(({ address }) => address)
  }

  traffic(peer: PeerId): { readonly sent: number; readonly received: number } {
    let [sent, received] = [0, 0]
    for (const { pairs } of Object.values(this.#ways)) {
      const traffic = pairs.traffic(peer)
      sent += traffic.sent
      received += traffic.received
    }
    return { sent, received }
  }

  // ---- inside

  #isWanted(peer: PeerId): boolean {
    const entry = this.#hooks.entryOf(peer)
    if (entry === undefined || entry.tasks.length === 0 || entry.state === 'left') return false
    return !this.#stopped && this.#hooks.isWelcome(peer)
  }

  /** One that no task is linked with gives its place to another. */
  #hasRoom(): boolean {
    if (this.#anchors.size < MAX_ANCHORS) return true
    const idle = [...this.#anchors].find((peer) => !this.holds(peer))
    if (idle !== undefined) this.forget(idle)
    return idle !== undefined
  }

  #dial(peer: PeerId, service: TaskService): void {
    const { pairs, dialer } = this.#ways[service]
    if (!pairs.isTaken(peer) && this.addresses(peer, service).length > 0) dialer.want(peer, 0)
  }

  #wayTo(env: Env, heartbeat: (peer: PeerId) => HeartbeatOptions, service: TaskService): Way {
    const again = (peer: PeerId, atLeastMs = 0): void => {
      this.consider(peer)
      if (this.#anchors.has(peer)) dialer.again(peer, atLeastMs)
    }
    const pairs = new Pairs(env, service, heartbeat, {
      hello: this.#hooks.hello,
      twin: this.#hooks.twin,
      refuse: () => ({ code: 'incompatible', reason: `no ${service} task runs here` }),
      up: (peer) => {
        dialer.stop(peer)
        this.#tellUp(peer, service)
        this.listener?.taskUp(peer, service)
        this.#hooks.changed()
      },
      down: (peer) => {
        this.listener?.taskDown(peer, service)
        again(peer)
        if (this.#anchors.has(peer)) this.#tellLost(peer, service)
        if (!this.holds(peer)) this.#hooks.released(peer)
        this.#hooks.changed()
      },
      failed: (peer, code) => again(peer, code === 'busy' || code === 'incompatible' ? BUSY_MS : 0),
      message: (peer, message) => this.#message(peer, service, message),
      drained: (peer) => this.listener?.taskDrained(peer),
      data: () => ignore,
      answered: () => {},
      pinged: () => {},
      quiet: () => {},
      remembers: (peer) => this.#anchors.has(peer),
    })
    const dialer = new Dialer(env, service, {
      addresses: (peer) => this.addresses(peer, service),
      isUnmet: () => false,
      opened: (link) => {
        if (this.#anchors.has(link.peer) && !pairs.isTaken(link.peer)) return pairs.dialed(link)
        link.close('normal', 'no link is wanted now')
        return ignore
      },
      failed: (peer) => this.#anchors.has(peer),
    })
    return { pairs, dialer }
  }

  #tellUp(peer: PeerId, service: TaskService): void {
    const back = this.#lost.delete(service + peer)
    this.#env.log(back ? 'info' : 'debug', `anchor ${this.#name(peer)}: ${service} is ${back ? 'back' : 'linked'}`)
  }

  #tellLost(peer: PeerId, service: TaskService): void {
    if (this.#lost.has(service + peer)) return
    this.#lost.add(service + peer)
    this.#env.log('info', `anchor ${this.#name(peer)}: no link with ${service}, dialing it again`)
  }

  #name(peer: PeerId): string {
    return this.#hooks.entryOf(peer)?.name ?? peer.slice(0, 8)
  }

  #message(peer: PeerId, service: TaskService, message: Message): void {
    if (message.type in swarmMessages) this.listener?.taskMessage(peer, service, message as SwarmMessage)
    else if (message.type === 'dialMe' && service === 'files') this.#hooks.dialMe(peer, message.token)
    else this.#hooks.blame(peer, 'protocol', `${message.type} has no place on the link of a task`)
  }
}
