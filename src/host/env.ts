/**
 * The real world behind the core's Env: clocks, sockets, LMDB, files and threads of this process.
 * Invariant: after `close` the core is not called any more, and all that it was promised is durable.
 */
import { randomBytes } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Transport } from '../../wire/transport.js'
import type { Address } from '../../wire/types.js'
import type { Cancel, Env, Identity, Links, LogLevel, Network } from '../env.js'
import { HostChunks } from './chunks/host-chunks.js'
import { HostDatagrams } from './datagrams.js'
import { errorText } from './durable.js'
import { HostFolderDisk } from './folder/host-folder-disk.js'
import { type KeyPair, signWith } from './identity.js'
import { HostLinks } from './links.js'
import type { LogRing } from './log-ring.js'
import { Mdns } from './mdns.js'
import { runningPeers } from './running.js'
import { rememberShared } from './shared-folder.js'
import type { LmdbStore } from './store-lmdb.js'
import { Timers } from './timers.js'
import { HostWorkers } from './workers.js'

export interface HostEnvOptions {
  readonly identity: Identity
  readonly network: Network
  readonly keys: KeyPair
  readonly stateDirectory: string
  readonly runtimeHome: string
  readonly store: LmdbStore
  readonly transport: Transport
  /** For the runtime directory: where this process listens first. */
  readonly announce: (address: Address | null) => void
  readonly log: LogRing
  /** Mining threads; all cores but one where absent. */
  readonly miners?: number | undefined
  /** The shared folder, or the one file; null where this process shares none. */
  readonly folder: string | null
  /** Whether UDP may be used. */
  readonly udp: boolean
  readonly fatal: (reason: string) => void
}

export class HostEnv implements Env {
  readonly identity: Identity
  readonly network: Network
  readonly links: Links
  readonly datagrams: HostDatagrams
  readonly store: LmdbStore
  readonly chunks: HostChunks
  readonly workers: HostWorkers
  readonly folder: HostFolderDisk | null
  /** Other machines; idle until it is started. */
  readonly mdns: Mdns
  readonly #options: HostEnvOptions
  readonly #timers = new Timers()

  constructor(options: HostEnvOptions) {
    const { identity, network, store, stateDirectory, transport, announce, miners } = options
    this.#options = options
    this.identity = identity
    this.network = network
    this.store = store
    const fatal = (reason: string): void => this.fatal(reason)
    this.workers = new HostWorkers(miners === undefined ? { fatal } : { fatal, miners })
    this.chunks = new HostChunks({ stateDirectory, workers: this.workers })
    this.datagrams = new HostDatagrams(options.udp)
    this.mdns = new Mdns(network.tag, (text) => this.log('warn', text))
    const log = (level: LogLevel, text: string): void => this.log(level, text)
    const root = options.folder
    const opened = (): void => this.#remember(root)
    this.folder = root === null ? null : new HostFolderDisk({ root, opened, fatal, log })
    const { chunks, datagrams, folder } = this
    this.links = new HostLinks({ transport, chunks, datagrams, folder, announce })
  }

  /** Only which directory a later start prefers depends on it. */
  #remember(root: string | null): void {
    try {
      if (root !== null) rememberShared(this.#options.stateDirectory, root)
    } catch (error) {
      this.log('warn', `which folder is shared could not be noted: ${errorText(error)}`)
    }
  }

  now(): number {
    return performance.now()
  }

  wallTime(): number {
    return Date.now()
  }

  after(delayMs: number, fn: () => void): Cancel {
    return this.#timers.after(delayMs, fn)
  }

  random(): number {
    return Math.random()
  }

  randomBytes(count: number): Uint8Array {
    return new Uint8Array(randomBytes(count))
  }

  sign(text: Uint8Array): Uint8Array {
    return signWith(this.#options.keys, text)
  }

  localPeers(done: (addresses: readonly Address[]) => void): void {
    this.mdns.peers().then((near) => this.after(0, () => done([...this.#ownPeers(), ...near])))
  }

  /** From the runtime directory. */
  #ownPeers(): readonly Address[] {
    try {
      const others = runningPeers(this.#options.runtimeHome).filter(
        ({ id, tag }) => id !== this.identity.id && tag === this.network.tag,
      )
      return others.flatMap(({ address }) => (address === null ? [] : [address]))
    } catch (error) {
      this.log('warn', `cannot read the runtime directory: ${errorText(error)}`)
      return []
    }
  }

  log(level: LogLevel, text: string): void {
    this.#options.log.add(level, text)
  }

  fatal(reason: string): void {
    this.log('error', reason)
    this.#options.fatal(reason)
  }

  /** Links first, so that nothing new comes in; then everything that was taken becomes durable. */
  async close(): Promise<void> {
    this.#timers.close()
    this.datagrams.close()
    await this.mdns.close()
    await this.#options.transport.close()
    await this.folder?.close()
    await this.chunks.close()
    await this.store.close()
    await this.workers.close()
  }
}
