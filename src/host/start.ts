/**
 * Starts a peer in this process: its directory, network, key, tables, threads and sockets, then the core on top.
 * Invariant: what was opened is closed again in the opposite order, also when a later step fails, and the directory's
 * lock goes last: nobody else may enter while something is still being written.
 */
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { TcpTransport } from '../../wire/transport-tcp.js'
import type { LogLine } from '../api.js'
import type { Env, Identity } from '../env.js'
import { deriveNetwork, type NetworkKeys } from './derive.js'
import {
  belongsTo,
  bindToNetwork,
  claimStateDirectory,
  type Homes,
  homes,
  openStateDirectory,
  type StateDirectory,
  touch,
} from './directories.js'
import { HostEnv } from './env.js'
import { type KeyPair, loadKeyPair, peerName, signWith } from './identity.js'
import { LogRing } from './log-ring.js'
import { divertNativeErrors } from './native-errors.js'
import { type Announcement, announce, socketPath } from './runtime.js'
import { DEFAULT_NETWORK, knownSecret, networkSecret } from './secret.js'
import { type LmdbStore, openStore } from './store-lmdb.js'

export interface HostOptions<T> {
  /** Name of the network; null: the data directory's own, else the default one. */
  readonly network: string | null
  /** Name of the peer, remembered; null: the remembered one, else two words from the id. */
  readonly name: string | null
  /** State directory; null: the most recently used free one. */
  readonly data: string | null
  /** Builds the core over its world; called once, when everything else stands. */
  readonly makePeer: (env: Env, stateDirectory: string) => T
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
  const opened: (() => void | Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (let close = opened.pop(); close !== undefined; close = opened.pop()) await close()
  }
  try {
    const running = open(options, (close) => opened.push(close))
    let closing: Promise<void> | null = null
    return { ...running, close: () => (closing ??= closeAll()) }
  } catch (error) {
    await closeAll()
    throw error
  }
}

type OnClose = (close: () => void | Promise<void>) => void

function open<T>(options: HostOptions<T>, onClose: OnClose): Omit<RunningPeer<T>, 'close'> {
  const home = options.homes ?? homes()
  const { directory, network, secret } = openDirectory(options, home, onClose)
  if (options.fullScreen === true) divertNativeErrors(join(directory.path, 'native-errors.log'))
  const keys = loadKeyPair(directory.path)
  const identity = identityOf(keys, peerName(directory.path, keys.id, options.name))
  const log = new LogRing(options.onLog ?? (() => {}))
  const fatal = onceLater((reason) => options.fatal(reason))
  let env: HostEnv | null = null
  const broken = (reason: string): void => (env === null ? fatal(reason) : env.fatal(reason))
  const store = openStore({ path: join(directory.path, 'db'), fatal: broken })
  onClose(() => store.close())
  const socket = socketPath(home.runtime, keys.id)
  const announcement = announceIt(home, { keys, identity, network, directory, socket })
  onClose(() => announcement.remove())
  env = makeEnv({ options, home, directory, network, keys, identity, store, announcement, log, fatal })
  const world = env
  onClose(() => world.close())
  const peer = options.makePeer(world, directory.path)
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
    announcement,
    log,
    miners: options.miners,
    udp: options.udp ?? true,
    fatal,
  })
}

interface Opened {
  readonly directory: StateDirectory
  readonly network: NetworkKeys
  readonly secret: Uint8Array
}

/** A directory that belongs to the network, locked. */
function openDirectory<T>(options: HostOptions<T>, home: Homes, onClose: OnClose): Opened {
  const claimed = options.data === null ? null : openStateDirectory(resolve(options.data))
  if (claimed !== null) onClose(() => claimed.lock.release())
  const bound = claimed === null ? null : belongsTo(claimed.path)
  const name = options.network ?? bound?.network ?? DEFAULT_NETWORK
  const secret = bound?.network === name ? keptSecret(home, name) : networkSecret(home.config, name)
  const network = deriveNetwork(name, secret)
  const directory = claimed ?? claimStateDirectory(home.data, { network: name, tag: network.tag })
  if (claimed === null) onClose(() => directory.lock.release())
  bindToNetwork(directory.path, { network: name, tag: network.tag })
  touch(directory.path)
  return { directory, network, secret }
}

/** A directory's network is not founded anew behind its back. */
function keptSecret(home: Homes, name: string): Uint8Array {
  const secret = knownSecret(home.config, name)
  if (secret !== null) return secret
  throw new OperationalError(
    `the secret of the network "${name}" is not in ${home.config}: join again with a ticket, or pick another directory with -d`,
  )
}

function identityOf(keys: KeyPair, name: string): Identity {
  const { id, publicKey } = keys
  return { id, publicKey, name, bootNonce: new Uint8Array(randomBytes(8)), startTime: Date.now() }
}

function announceIt(
  home: Homes,
  peer: Pick<Parts<unknown>, 'keys' | 'identity' | 'network' | 'directory'> & { readonly socket: string },
): Announcement {
  const { keys, identity, network, directory, socket } = peer
  return announce(home.runtime, {
    pid: process.pid,
    id: keys.id,
    name: identity.name,
    address: null,
    network: network.name,
    tag: network.tag,
    data: directory.path,
    socket,
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
