/**
 * Starts a peer in this process: its directory, network, key, tables, threads and sockets, then the core on top.
 * Invariant: what was opened is closed again in the opposite order, also when a later step fails, and the directory's
 * lock goes last: nobody else may enter while something is still being written.
 */
import { join } from 'node:path'
import { TcpTransport } from '../../wire/transport-tcp.js'
import type { LogLine } from '../api.js'
import type { Env, Identity } from '../env.js'
import type { FolderDisk } from '../folder-disk.js'
import { type OnClose, openInSteps } from './closers.js'
import type { NetworkKeys } from './derive.js'
import { type Homes, homes, type StateDirectory } from './directories.js'
import { enter } from './enter.js'
import { HostEnv } from './env.js'
import { identityOf, type KeyPair, loadKeyPair, peerName, signWith } from './identity.js'
import { LogRing } from './log-ring.js'
import { divertNativeErrors } from './native-errors.js'
import { type Announcement, announceThis } from './runtime.js'
import { type LmdbStore, openStore } from './store-lmdb.js'

export interface HostOptions<T> {
  /** Name of the network; null: the data directory's own, else the default one. */
  readonly network: string | null
  /** Name of the peer, remembered; null: the remembered one, else two words from the id. */
  readonly name: string | null
  /** State directory; null: the most recently used free one. */
  readonly data: string | null
  /** Builds the core over its world; called once, when everything else stands. */
  readonly makePeer: (env: Env, stateDirectory: string, folder: FolderDisk | null) => T
  /** See `enter`. */
  readonly shares?: string | null
  /** Where the shared folder lies, or the one shared file; absent: this peer shares none. */
  readonly folder?: (stateDirectory: string) => string
  /** The peer cannot go on; `close` is still to be called. Never called inside `startPeer` before it settles. */
  readonly fatal: (reason: string) => void
  readonly onLog?: (line: LogLine) => void
  readonly homes?: Homes
  /** Mining threads; all cores but one where absent. */
  readonly miners?: number
  /** A console owns the terminal: what native code prints goes to a file in the state directory. */
  readonly fullScreen?: boolean
  /** False where UDP must not be used; links do without. */
  readonly udp?: boolean
}

export interface RunningPeer<T> {
  readonly peer: T
  readonly env: HostEnv
  readonly stateDirectory: string
  readonly network: NetworkKeys
  /** For tickets. */
  readonly secret: Uint8Array
  /** Where the control socket is to be opened. */
  readonly socket: string
  /** The last log lines, oldest first. */
  log(): readonly LogLine[]
  /** Makes everything durable, closes everything, gives the directory back. The core says its goodbyes before. */
  close(): Promise<void>
}

/** Everything that is needed to run a peer, or an OperationalError that says what to do next. */
export async function startPeer<T>(options: HostOptions<T>): Promise<RunningPeer<T>> {
  return openInSteps((onClose, closeAll) => {
    const running = open(options, onClose)
    let closing: Promise<void> | null = null
    return { ...running, close: () => (closing ??= closeAll()) }
  })
}

function open<T>(options: HostOptions<T>, onClose: OnClose): Omit<RunningPeer<T>, 'close'> {
  const home = options.homes ?? homes()
  const { directory, network, secret } = enter(options, home, onClose)
  if (options.fullScreen === true) divertNativeErrors(join(directory.path, 'native-errors.log'))
  const keys = loadKeyPair(directory.path)
  const identity = identityOf(keys, peerName(directory.path, keys.id, options.name))
  const log = new LogRing(options.onLog ?? (() => {}))
  const fatal = onceLater((reason) => options.fatal(reason))
  let env: HostEnv | null = null
  const broken = (reason: string): void => (env === null ? fatal(reason) : env.fatal(reason))
  const store = openStore({ path: join(directory.path, 'db'), fatal: broken })
  onClose(() => store.close())
  const { name: networkName, tag } = network
  const entry = { id: keys.id, name: identity.name, network: networkName, tag, data: directory.path, isAnchor: false }
  const announcement = announceThis(home.runtime, entry)
  onClose(() => announcement.remove())
  const { socket } = announcement.entry
  env = makeEnv({ options, home, directory, network, keys, identity, store, announcement, log, fatal })
  const world = env
  onClose(() => world.close())
  const peer = options.makePeer(world, directory.path, world.folder)
  return { peer, env: world, stateDirectory: directory.path, network, secret, socket, log: () => log.lines() }
}

interface Parts<T> {
  readonly options: HostOptions<T>
  readonly home: Homes
  readonly directory: StateDirectory
  readonly network: NetworkKeys
  readonly keys: KeyPair
  readonly identity: Identity
  readonly store: LmdbStore
  readonly announcement: Announcement
  readonly log: LogRing
  readonly fatal: (reason: string) => void
}

function makeEnv<T>(parts: Parts<T>): HostEnv {
  const { options, home, directory, network, keys, identity, store, announcement, log, fatal } = parts
  const transport = new TcpTransport({
    psk: network.psk,
    identity: { publicKey: keys.publicKey, sign: (text) => signWith(keys, text) },
  })
  return new HostEnv({
    identity,
    network: { name: network.name, tag: network.tag, genesisSeed: network.genesisSeed },
    keys,
    stateDirectory: directory.path,
    runtimeHome: home.runtime,
    store,
    transport,
    announce: (address) => announcement.update({ address }),
    log,
    miners: options.miners,
    folder: options.folder?.(directory.path) ?? null,
    udp: options.udp ?? true,
    fatal,
  })
}

/** The first reason counts, and is told when nothing of the peer is on the stack. */
function onceLater(fn: (reason: string) => void): (reason: string) => void {
  let told = false
  return (reason) => {
    if (told) return
    told = true
    setImmediate(() => fn(reason))
  }
}
