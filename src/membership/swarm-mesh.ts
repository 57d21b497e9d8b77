/**
 * The network as the swarm sees it: a dedicated anchor is one peer with one link, though its manifests and its files are
 * two tasks with two links, and its control link is of neither. What is said goes to the task that it concerns: files are
 * asked to be kept at `files`, all else goes to `manifests`, and an answer goes where its question came from.
 * Invariant: the swarm hears of an anchor's link as up while that with its `manifests` task is.
 */
import type { CloseCode } from '../../wire/errors.js'
import type { TaskService } from '../../wire/messages/membership.js'
import type { Message, SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env, Link } from '../env.js'
import type { Claim, Mesh, PeerInfo, Protocol } from '../mesh.js'
import type { TaskLinking, TaskListener } from './task-linking.js'

/** What answers what. */
const ANSWERS: { readonly [type in Message['type']]?: Message['type'] } = {
  nameListGet: 'nameList',
  nameFind: 'nameFound',
  manifestGet: 'manifestIs',
  manifestWant: 'manifestPut',
  holdersGet: 'holdersAre',
  countsGet: 'countsAre',
}

export interface SwarmProtocol extends Protocol {
  receive(from: PeerId, message: SwarmMessage): void
}

export interface AnchorUser extends SwarmProtocol {
  /** There is a link with the files task of that anchor, which may have forgotten what it was asked. */
  filesUp(anchor: PeerId): void
}

export class SwarmMesh implements Mesh, Protocol, TaskListener {
  readonly #env: Pick<Env, 'after'>
  readonly #mesh: Mesh
  readonly #tasks: TaskLinking
  readonly #swarm: () => AnchorUser
  /** Peers whose link the swarm believes to be up. */
  readonly #up = new Set<PeerId>() // at most the linked ones
  /** The question that is being answered. */
  #answering: { readonly peer: PeerId; readonly service: TaskService; readonly by: Message['type'] } | null = null

  constructor(env: Pick<Env, 'after'>, mesh: Mesh, tasks: TaskLinking, swarm: () => AnchorUser) {
    this.#env = env
    this.#mesh = mesh
    this.#tasks = tasks
    this.#swarm = swarm
    tasks.listener = this
  }

  /** Dedicated anchors whose `manifests` task is linked: they keep every name. */
  anchors(): readonly PeerId[] {
    return [...this.#tasks.anchors()].filter((peer) => this.#tasks.isLinked(peer, 'manifests'))
  }

  // ---- Mesh

  *linked(): Iterable<PeerId> {
    for (const peer of this.#mesh.linked()) if (!this.#isDedicated(peer)) yield peer
    for (const peer of this.anchors()) if (this.#isDedicated(peer)) yield peer
  }

  isLinked(peer: PeerId): boolean {
    return this.#isDedicated(peer) ? this.#tasks.isLinked(peer, 'manifests') : this.#mesh.isLinked(peer)
  }

  members(): Iterable<PeerInfo> {
    return this.#mesh.members()
  }

  member(peer: PeerId): PeerInfo | undefined {
    return this.#mesh.member(peer)
  }

  send(peer: PeerId, message: Message): 'sent' | 'full' | 'none' {
    if (!this.#isDedicated(peer)) return this.#mesh.send(peer, message)
    return this.#tasks.send(peer, this.#taskFor(peer, message), message)
  }

  reach(peer: PeerId, done: (linked: boolean) => void): void {
    if (this.#isDedicated(peer)) this.#env.after(0, () => done(this.isLinked(peer)))
    else this.#mesh.reach(peer, done)
  }

  openData(peer: PeerId, opened: (link: Link | null, reason: string) => void): Cancel {
    return this.#mesh.openData(peer, opened)
  }

  blame(peer: PeerId, code: CloseCode, reason: string): void {
    this.#mesh.blame(peer, code, reason)
  }

  claim(peer: PeerId): Claim | undefined {
    return this.#mesh.claim(peer)
  }

  // ---- Protocol: control links and members

  linkUp(peer: PeerId): void {
    if (this.#isDedicated(peer)) this.#update(peer)
    else this.#tellUp(peer)
  }

  linkDown(peer: PeerId): void {
    this.#update(peer)
  }

  linkDrained(peer: PeerId): void {
    if (!this.#isDedicated(peer)) this.#swarm().linkDrained(peer)
  }

  memberJoined(peer: PeerInfo): void {
    this.#swarm().memberJoined(peer)
  }

  memberLeft(peer: PeerId, how: 'left' | 'lost'): void {
    if (this.#tasks.isLinked(peer, 'manifests')) this.#tellDown(peer)
    this.#swarm().memberLeft(peer, how)
  }

  // ---- TaskListener

  taskUp(peer: PeerId, service: TaskService): void {
    if (service === 'manifests') this.#tellUp(peer)
    else this.#swarm().filesUp(peer)
  }

  taskDown(peer: PeerId, _service: TaskService): void {
    this.#update(peer)
  }

  taskDrained(peer: PeerId): void {
    this.#swarm().linkDrained(peer)
  }

  taskPeerChanged(peer: PeerId): void {
    this.#update(peer)
  }

  taskMessage(peer: PeerId, service: TaskService, message: SwarmMessage): void {
    const by = ANSWERS[message.type]
    this.#answering = by === undefined ? null : { peer, service, by }
    this.#swarm().receive(peer, message)
    this.#answering = null
  }

  // ---- inside

  #isDedicated(peer: PeerId): boolean {
    return this.#mesh.member(peer)?.dedicated ?? false
  }

  #taskFor(peer: PeerId, message: Message): TaskService {
    if (message.type === 'keepAsk') return 'files'
    const answering = this.#answering
    return answering?.peer === peer && answering.by === message.type ? answering.service : 'manifests'
  }

  #update(peer: PeerId): void {
    // a link may be up before the roster says so: then `linkUp` follows
    const up = this.#mesh.member(peer) !== undefined && this.isLinked(peer)
    if (up && !this.#up.has(peer)) this.#tellUp(peer)
    else if (!up) this.#tellDown(peer)
  }

  #tellUp(peer: PeerId): void {
    this.#up.add(peer)
    this.#swarm().linkUp(peer)
  }

  #tellDown(peer: PeerId): void {
    if (this.#up.delete(peer)) this.#swarm().linkDown(peer)
  }
}
