/**
 * One peer of this process, whole: the core on the real world, started, and ended in the right order however it ends.
 * Console, headless mode and library all come here.
 */
import { OperationalError } from '../../wire/errors.js'
import type { Address } from '../../wire/types.js'
import type { LogLine, MineMode } from '../api.js'
import type { Env } from '../env.js'
import type { FolderDisk } from '../folder-disk.js'
import type { FolderMode } from '../folder-views.js'
import { Peer } from '../peer.js'
import { type Homes, homes } from './directories.js'
import { ownHosts, wildcards } from './own-hosts.js'
import { defaultQuota } from './quota.js'
import { sharedFolder } from './shared-folder.js'
import { type RunningPeer, startPeer } from './start.js'
import { vanishSoon } from './vanish.js'

export interface PeerPlan {
  /** null: the data directory's own, else the default one. */
  readonly network: string | null
  readonly name: string | null
  readonly data: string | null
  readonly join: readonly Address[]
  readonly listen: readonly string[]
  /** Listen on all of this machine's addresses. */
  readonly lan: boolean
  /** False: no datagrams, heartbeats over the links only. */
  readonly udp: boolean
  readonly replicas: number
  /** Bytes of copies for others; null: what the disk allows. */
  readonly quotaBytes: number | null
  /** Null: takes no part in the shared folder. */
  readonly folder: FolderPlan | null
  readonly mine: MineMode
  readonly pingIntervalMs: number
  /** Name and version of the program, for other peers. */
  readonly software: string
  /** The user's own where absent. */
  readonly homes?: Homes
}

export interface FolderPlan {
  /** A directory or one file, absolute; null: `folder` in the state directory. */
  readonly path: string | null
  readonly mode: FolderMode
}

export interface PeerFacts {
  readonly id: string
  readonly name: string
  readonly address: Address
  /** State directory. */
  readonly data: string
  readonly network: string
  /** Path of the control socket. */
  readonly socket: string
}

export interface OpenPeer {
  readonly peer: Peer
  readonly facts: PeerFacts
  /** Settles when everything is closed; `reason` is null after a polite or abrupt quit. */
  readonly ended: Promise<{ readonly reason: string | null }>
  /** False from the moment on when it is being closed: the core may be asked nothing more. */
  isOpen(): boolean
  secret(): Uint8Array
  log(): readonly LogLine[]
  /** Calls at every change of the peer and at every log line, often; answers how to stop. */
  watch(watcher: Watcher): () => void
  /** Opens a listener on this machine's own addresses; answers all addresses. */
  openLan(): Promise<readonly Address[]>
  /** Graceful: hands over, says goodbye, at most 10 s. Abrupt: this process is gone, see `OpenHooks.vanish`. */
  quit(abrupt: boolean): void
}

export type Watcher = (what: 'state' | 'log') => void

export interface OpenHooks {
  onLog?(line: LogLine): void
  /** A console owns the terminal: what native code prints goes to a file. */
  readonly fullScreen?: boolean
  /** Ends this process at once, without a word to anybody; where absent it kills itself. */
  readonly vanish?: () => void
}

/** Starts a peer; throws OperationalError that says what to do next. */
export async function openPeer(plan: PeerPlan, hooks: OpenHooks): Promise<OpenPeer> {
  const hosts = ownHosts()
  const { folder } = plan
  const end = new End()
  const watchers = new Set<Watcher>() // one for each part of this process that shows the peer
  const changed = (what: 'state' | 'log'): void => {
    for (const watcher of watchers) watcher(what)
  }
  const running = await startPeer({
    network: plan.network,
    name: plan.name,
    data: plan.data,
    udp: plan.udp,
    makePeer: (env: Env, stateDirectory: string, disk: FolderDisk | null) =>
      new Peer(env, {
        membership: {
          join: plan.join,
          listen: plan.lan ? [...plan.listen, ...wildcards(hosts)] : plan.listen,
          hosts,
          pingIntervalMs: plan.pingIntervalMs,
          software: plan.software,
        },
        ledger: { mode: plan.mine },
        replicas: plan.replicas,
        quotaBytes: plan.quotaBytes ?? defaultQuota(stateDirectory),
        folder: disk === null || folder === null ? null : { disk, mode: folder.mode },
      }),
    ...(folder === null
      ? {}
      : {
          shares: folder.path,
          folder: (stateDirectory) => sharedFolder(folder.path, stateDirectory, plan.homes ?? homes()),
        }),
    fatal: (reason) => end.close(reason),
    onLog: (line) => {
      hooks.onLog?.(line)
      changed('log')
    },
    ...(plan.homes === undefined ? {} : { homes: plan.homes }),
    ...(hooks.fullScreen === undefined ? {} : { fullScreen: hooks.fullScreen }),
  })
  end.running = running
  if (plan.lan) running.env.mdns.start(() => running.peer.addresses())
  running.peer.onChange = () => changed('state')
  const address = await Promise.race([started(running.peer), failed(end)]).catch(async (error: unknown) => {
    await running.close()
    throw error
  })
  running.env.mdns.announce()
  const { identity, network } = running.env
  const facts = { ...pick(running), id: identity.id, name: identity.name, address, network: network.name }
  return {
    peer: running.peer,
    facts,
    ended: end.promise,
    isOpen: () => !end.isClosing,
    secret: () => running.secret,
    log: () => running.log(),
    watch: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    openLan: () => openLan(running, hosts),
    quit: (abrupt) => {
      if (abrupt) vanishSoon(hooks.vanish)
      else running.peer.quit(() => end.close(null))
    },
  }
}

/** How a peer ends: once, for the first reason. */
class End {
  running: RunningPeer<Peer> | null = null
  readonly promise: Promise<{ readonly reason: string | null }>
  #resolve: (end: { readonly reason: string | null }) => void = () => {}
  #closing = false

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get isClosing(): boolean {
    return this.#closing
  }

  close(reason: string | null): void {
    if (this.#closing) return
    this.#closing = true
    const closed = this.running?.close() ?? Promise.resolve()
    closed.then(
      () => this.#resolve({ reason }),
      (error: unknown) => this.#resolve({ reason: reason ?? `could not close cleanly: ${String(error)}` }),
    )
  }
}

function pick(running: RunningPeer<Peer>): { readonly data: string; readonly socket: string } {
  return { data: running.stateDirectory, socket: running.socket }
}

/** A peer that meets its end while it starts never says that it has started. */
async function failed(end: End): Promise<never> {
  throw new OperationalError((await end.promise).reason ?? 'the peer was closed while it started')
}

function started(peer: Peer): Promise<Address> {
  return new Promise((resolve, reject) => {
    peer.start((result) => (result.ok ? resolve(result.value) : reject(new OperationalError(result.message))))
  })
}

async function openLan({ peer, env }: RunningPeer<Peer>, hosts: readonly string[]): Promise<readonly Address[]> {
  if (hosts.length === 0) throw new OperationalError('this machine has no address besides loopback: connect it first')
  const isOpen = peer.addresses().some((address) => hosts.some((host) => address.includes(host)))
  if (!isOpen) for (const wanted of wildcards(hosts)) await listen(peer, wanted)
  env.mdns.start(() => peer.addresses())
  env.mdns.announce()
  return peer.addresses()
}

function listen(peer: Peer, wanted: string): Promise<void> {
  return new Promise((resolve, reject) => {
    peer.listen(wanted, (result) => (result.ok ? resolve() : reject(new OperationalError(result.message))))
  })
}
