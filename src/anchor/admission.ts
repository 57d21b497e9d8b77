/**
 * Admission: the task that peers join through. It registers them, keeps and spreads the peer list, and follows the chain
 * without mining; it is in no ring and holds no files. The other tasks learn from here who the members are.
 */
import { folderMessages } from '../../wire/messages/folder.js'
import { ledgerMessages } from '../../wire/messages/ledger.js'
import { type PeerEntry, TASK_SERVICES, type TaskAddress } from '../../wire/messages/membership.js'
import { ringMessages } from '../../wire/messages/ring.js'
import { swarmMessages } from '../../wire/messages/swarm.js'
import type { Message } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { StatusView } from '../api.js'
import type { Cancel, Env, Link, LinkHandler } from '../env.js'
import { Ledger } from '../ledger/ledger.js'
import { announcedAs } from '../membership/listening.js'
import { Membership } from '../membership/membership.js'
import { ignore } from '../membership/reachability.js'
import type { TaskOptions } from './options.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskCounts, TaskHooks } from './task.js'

/** Changes of one moment are told to the other tasks together. */
const GATHER_MS = 100
/** Of each task in the entry: both together are what an entry holds. */
const MAX_ADDRESSES_PER_TASK = 4
/** Entries in one message to another task. */
const MAX_TOLD_AT_ONCE = 256

export class Admission implements TaskCore {
  readonly api: TaskApi
  readonly #env: Env
  readonly #hooks: TaskHooks
  readonly #membership: Membership
  readonly #ledger: Ledger
  /** What the other tasks know: members by id. */
  readonly #told = new Map<PeerId, PeerEntry>() // as many as there are members
  #gathering: Cancel | null = null
  #served = 0
  /** What the other tasks said last. */
  #names = 0
  #copies = { bytes: 0, transfers: 0 }
  readonly #quotaBytes: number

  constructor(env: Env, options: TaskOptions, hooks: TaskHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#quotaBytes = options.quotaBytes
    const { join, hosts, addresses, pingIntervalMs, software, params } = options
    const mesh = new Membership(
      env,
      {
        join,
        hosts,
        listen: addresses.admission,
        tasks: taskAddresses(options),
        ...(pingIntervalMs === undefined ? {} : { pingIntervalMs }),
        ...(software === undefined ? {} : { software }),
      },
      {
        protocols: () => [this.#ledger],
        receive: (from, message) => this.#receive(from, message),
        registered: () => void this.#served++,
        dataLink: (link) => refuseData(link),
        claim: () => this.#ledger.claim(),
        changed: () => this.#changed(),
      },
    )
    this.#membership = mesh
    const ledger = new Ledger(env, mesh, {
      mode: 'never',
      changed: () => hooks.changed(),
      clockOffsetMs: () => mesh.clockOffsetMs(),
      ...(params === undefined ? {} : { params }),
    })
    this.#ledger = ledger
    this.api = {
      status: () => this.#status(),
      peers: () => mesh.peers(),
      addresses: () => mesh.addresses(),
      join: (address, done) => mesh.join(address, done),
      leave: (peer, done) => mesh.leave(peer, done),
      vote: (voter, choice, how, progress, done) => ledger.vote(voter, choice, how, progress, done),
      note: (text, how, progress, done) => ledger.note(text, how, progress, done),
      createPoll: (poll, how, progress, done) => ledger.createPoll(poll, how, progress, done),
      tally: (poll) => ledger.tally(poll),
      polls: () => ledger.polls(),
      chain: (last) => ledger.chain(last),
      receipt: (ballot) => ledger.receipt(ballot),
      mining: () => ledger.mining(),
    }
  }

  start(done: (error: string | null) => void): void {
    this.#membership.start((result) => done(result.ok ? null : result.message))
  }

  /** Only the figures of the other tasks, for `status`. */
  heard(_from: Task, message: SiblingMessage): void {
    if (message.kind === 'names') this.#names = message.count
    else if (message.kind === 'copies') this.#copies = message
  }

  siblingUp(task: Task): void {
    this.#tell([task], [...this.#told.values()])
  }

  counts(): TaskCounts {
    return { served: this.#served, queued: this.#membership.unverified, known: this.#told.size }
  }

  quit(done: () => void): void {
    this.#gathering?.()
    this.#membership.quit(done)
  }

  #receive(from: PeerId, message: Message): void {
    if (message.type in ledgerMessages) this.#ledger.receive(from, message as Parameters<Ledger['receive']>[1])
    // whoever has not heard yet that this peer is in no ring, keeps files elsewhere and shares no folder gets no answer
    else if (message.type in ringMessages || message.type in swarmMessages || message.type in folderMessages) return
    else this.#membership.blame(from, 'protocol', `${message.type} has no place on this link`)
  }

  #changed(): void {
    this.#hooks.changed()
    this.#gathering ??= this.#env.after(GATHER_MS, () => {
      this.#gathering = null
      this.#tellChanges()
    })
  }

  #tellChanges(): void {
    const members = new Map(this.#membership.entries())
    const left = [...this.#told.keys()].filter((peer) => !members.has(peer))
    const news = [...members].filter(([peer, entry]) => this.#told.get(peer) !== entry)
    for (const peer of left) this.#told.delete(peer)
    for (const [peer, entry] of news) this.#told.set(peer, entry)
    this.#tell(
      TASK_SERVICES,
      news.map(([, entry]) => entry),
    )
    if (left.length > 0) for (const task of TASK_SERVICES) this.#hooks.tell(task, { kind: 'left', peers: left })
  }

  #tell(tasks: readonly Task[], entries: readonly PeerEntry[]): void {
    for (let at = 0; at < entries.length; at += MAX_TOLD_AT_ONCE) {
      const some = entries.slice(at, at + MAX_TOLD_AT_ONCE)
      for (const task of tasks) this.#hooks.tell(task, { kind: 'members', entries: some })
    }
  }

  #status(): StatusView {
    const { identity, network, workers } = this.#env
    const { height, tip } = this.#ledger.claim()
    return {
      id: identity.id,
      name: identity.name,
      address: this.#membership.address(),
      network: network.name,
      role: this.#membership.role(),
      peers: this.#membership.peers().filter(({ state }) => state === 'up').length,
      height,
      tip,
      files: this.#names,
      transfers: this.#copies.transfers,
      keptBytes: this.#copies.bytes,
      quotaBytes: this.#quotaBytes,
      hashRate: workers.hashRate(),
      clockOffsetMs: this.#membership.clockOffsetMs(),
    }
  }
}

/** Where the entry says that the other tasks are. */
function taskAddresses({ addresses, hosts }: TaskOptions): readonly TaskAddress[] {
  return TASK_SERVICES.flatMap((service) =>
    addresses[service]
      .flatMap((address) => announcedAs(address, hosts))
      .slice(0, MAX_ADDRESSES_PER_TASK)
      .map((address) => ({ service, address })),
  )
}

function refuseData(link: Link): LinkHandler {
  link.close('incompatible', 'this anchor keeps its files in another task')
  return ignore
}
