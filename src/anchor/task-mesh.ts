/**
 * The network as a task of a dedicated anchor has it: links that peers dialed for this task, and the members that
 * admission tells of. The task dials nobody, except for data links to fetch chunks over. Its sibling, which is told what
 * members are told, stands behind the anchor's own id.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { TaskService } from '../../wire/messages/membership.js'
import { swarmMessages } from '../../wire/messages/swarm.js'
import type { Message, SwarmMessage } from '../../wire/messages.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link, LinkHandler } from '../env.js'
import { isLoopback } from '../membership/address.js'
import { DataLinking } from '../membership/data-linking.js'
import type { Hello, Refusal } from '../membership/greeting.js'
import { paceMs, silenceMs } from '../membership/heartbeat.js'
import { announcedAs, Listening } from '../membership/listening.js'
import { ownHello } from '../membership/own-hello.js'
import { Pairs } from '../membership/pairs.js'
import { Penalties } from '../membership/penalties.js'
import { MAX_ANCHOR_LINKS } from '../membership/policy.js'
import { ignore } from '../membership/reachability.js'
import type { SwarmProtocol } from '../membership/swarm-mesh.js'
import type { Claim, Mesh, PeerInfo } from '../mesh.js'
import { Members } from './members.js'
import type { TaskOptions } from './options.js'

const PING_MS = 500
/** What was sent last may still leave. */
const GOODBYE_MS = 100

export interface TaskMeshHooks {
  swarm(): SwarmProtocol
  /** A data link came in; null: this task has none. */
  readonly dataLink: ((link: Link) => LinkHandler) | null
  /** What is said to ourselves is for the other task; null: it is told nothing that way. */
  readonly sibling: ((message: SwarmMessage) => void) | null
  /** Other members, or what is known of them. */
  membersChanged(): void
  changed(): void
}

export class TaskMesh implements Mesh {
  readonly known: Members
  readonly #env: Env
  readonly #service: TaskService
  readonly #options: TaskOptions
  readonly #chain: Hash
  readonly #hooks: TaskMeshHooks
  readonly #pairs: Pairs
  readonly #listening: Listening
  readonly #dataLinking: DataLinking
  readonly #penalties: Penalties
  #leaving = false

  constructor(env: Env, service: TaskService, chain: Hash, options: TaskOptions, hooks: TaskMeshHooks) {
    this.#env = env
    this.#service = service
    this.#options = options
    this.#chain = chain
    this.#hooks = hooks
    this.#penalties = new Penalties(env)
    this.known = new Members(env, {
      joined: (peer) => hooks.swarm().memberJoined(peer),
      left: (peer, how) => hooks.swarm().memberLeft(peer, how),
      changed: () => hooks.membersChanged(),
    })
    this.#pairs = this.#makePairs()
    this.#listening = new Listening(env, options.hosts, {
      accepted: (link) => this.#accepted(link),
      changed: hooks.changed,
    })
    this.#dataLinking = new DataLinking(env, this.#pairs, {
      addresses: (peer) => this.#addresses(peer),
      filesTask: (peer) => this.#filesTask(peer),
      isDialOut: (peer) => this.member(peer)?.role === 'dial-out',
      send: (peer, message) => void this.send(peer, message),
    })
  }

  /** Opens the listeners; an error says what to do next. */
  start(done: (error: string | null) => void): void {
    const next = ([first, ...rest]: readonly Address[]): void => {
      if (first === undefined) {
        done(null)
        return
      }
      this.#listening.open(first, (result) => {
        if (result.ok) next(rest)
        else done(result.message)
      })
    }
    next(this.#options.addresses[this.#service])
  }

  quit(done: () => void): void {
    this.#leaving = true
    this.#listening.close()
    this.#pairs.closeAll('leaving', 'goodbye')
    this.#env.after(GOODBYE_MS, done)
  }

  /** The best of these addresses of ours, as others dial it. */
  address(own: readonly Address[]): Address {
    const [best = '0.0.0.0:1' as Address] = own.flatMap((address) => announcedAs(address, this.#options.hosts))
    return best
  }

  // ---- Mesh

  linked(): Iterable<PeerId> {
    return this.#pairs.linked()
  }

  isLinked(peer: PeerId): boolean {
    if (peer === this.#env.identity.id) return this.#hooks.sibling !== null
    return this.#pairs.settled(peer) !== null
  }

  members(): Iterable<PeerInfo> {
    return this.known.all()
  }

  member(peer: PeerId): PeerInfo | undefined {
    return this.known.info(peer)
  }

  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none' {
    if (peer !== this.#env.identity.id) return this.#pairs.settled(peer)?.link.send(message) ?? 'none'
    if (this.#hooks.sibling === null || !isSwarmMessage(message)) return 'none'
    this.#hooks.sibling(message)
    return 'sent'
  }

  /** Only peers dial. */
  reach(peer: PeerId, done: (linked: boolean) => void): void {
    this.#env.after(0, () => done(this.isLinked(peer)))
  }

  openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel {
    return this.#dataLinking.open(peer, opened)
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    if (peer === this.#env.identity.id) return
    this.#env.log('warn', `${this.member(peer)?.name ?? peer.slice(0, 8)} is cut off: ${reason}`)
    this.#penalties.punish(peer)
    this.#pairs.cut(peer, code, reason)
  }

  /** The chain is admission's. */
  claim(_peer: PeerId): Claim | undefined {
    return undefined
  }

  // ---- inside

  #makePairs(): Pairs {
    const { pingIntervalMs = PING_MS } = this.#options
    const pace = (): number => paceMs(pingIntervalMs, pairs.linked().length)
    const pairs = new Pairs(
      this.#env,
      this.#service,
      () => ({ intervalMs: pace, silenceMs: () => silenceMs(pace()) }),
      {
        hello: (service) =>
          ownHello(this.#env, {
            service,
            capabilities: [],
            startTime: this.#env.identity.startTime,
            software: this.#options.software,
            listen: this.#listening.addresses(),
            claim: { chain: this.#chain, tip: this.#chain, height: 0, work: 0n },
          }),
        twin: () => this.#env.log('warn', 'another process has the identity of this anchor; it has to stop'),
        refuse: (peer, hello) => this.#refuse(peer, hello),
        up: (peer, hello) => {
          this.known.linked(peer, hello)
          this.#hooks.swarm().linkUp(peer)
          this.#hooks.changed()
        },
        down: (peer) => {
          this.#dataLinking.linkDown(peer)
          this.#hooks.swarm().linkDown(peer)
          this.known.unlinked(peer)
          this.#hooks.changed()
        },
        failed: () => {},
        message: (peer, message) => this.#message(peer, message),
        drained: (peer) => this.#hooks.swarm().linkDrained(peer),
        data: (link) => this.#hooks.dataLink?.(link) ?? ignore,
        answered: (link, token) => this.#dataLinking.answered(link, token),
        pinged: () => {},
        quiet: () => {},
        remembers: () => false,
      },
    )
    return pairs
  }

  /** Whoever dialed may be a task of this anchor that looks for peers, and no second process with our key. */
  #accepted(link: Link): LinkHandler {
    if (link.peer !== this.#env.identity.id) return this.#pairs.accepted(link)
    link.close('normal', 'this is me')
    return ignore
  }

  #refuse(peer: PeerId, hello: Hello): Refusal | null {
    if (this.#leaving) return { code: 'leaving', reason: 'this anchor is about to exit' }
    const penalty = this.#penalties.of(peer)
    if (penalty !== null) return { code: 'busy', reason: penalty }
    if (hello.service === 'data' && this.#hooks.dataLink === null) {
      return { code: 'incompatible', reason: `the ${this.#service} task has no data` }
    }
    const isFull = this.#pairs.linked().length >= MAX_ANCHOR_LINKS && this.#pairs.settled(peer) === null
    return isFull ? { code: 'busy', reason: `it has ${MAX_ANCHOR_LINKS} links already` } : null
  }

  #message(peer: PeerId, message: Message): void {
    if (isSwarmMessage(message)) this.#hooks.swarm().receive(peer, message)
    else if (message.type === 'notDialed') this.#dataLinking.refused(peer, message.token, message.reason)
    else this.blame(peer, 'protocol', `${message.type} has no place on the link of a task`)
  }

  /** Where data links to a peer lead; of one that cannot be dialed from far only what is near. */
  #addresses(peer: PeerId): readonly Address[] {
    const { addresses = [], role } = this.member(peer) ?? {}
    return role === 'dial-out' ? addresses.filter(isLoopback) : addresses
  }

  #filesTask(peer: PeerId): readonly Address[] | null {
    const tasks = this.member(peer)?.tasks ?? []
    const files = tasks.filter(({ service }) => service === 'files').map(({ address }) => address)
    return files.length > 0 ? files : null
  }
}

function isSwarmMessage(message: Message): message is SwarmMessage {
  return message.type in swarmMessages
}
