/**
 * The world of one task in its own process: the anchor's key, a database and blobs of its own under
 * `<state directory>/anchor/<task>/`, and the connections that the supervisor passes in.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { TcpTransport } from '../../../wire/transport-tcp.js'
import type { LogLine } from '../../api.js'
import { deriveNetwork } from '../../host/derive.js'
import { ANCHOR_DIRECTORY } from '../../host/directories.js'
import { keptSecret } from '../../host/enter.js'
import { HostEnv } from '../../host/env.js'
import { identityOf, loadKeyPair, peerName, signWith } from '../../host/identity.js'
import { LogRing } from '../../host/log-ring.js'
import { openStore } from '../../host/store-lmdb.js'
import { MAX_ANCHOR_LINKS } from '../../membership/policy.js'
import { succeed } from './leftover.js'
import type { Begin } from './messages.js'

/** One of each member, and as many again for data and for those that come and go. */
const LINKS = 2 * MAX_ANCHOR_LINKS

export interface TaskWorld {
  readonly env: HostEnv
  readonly transport: TcpTransport
  /** Of the network, for tickets. */
  readonly secret: Uint8Array
}

export interface TaskWorldHooks {
  log(line: LogLine): void
  /** The task cannot go on. */
  fatal(reason: string): void
}

/** Throws OperationalError, which says what to do next. */
export function openTaskWorld(begin: Begin, hooks: TaskWorldHooks): TaskWorld {
  const { task, data, network: name } = begin
  const keys = loadKeyPair(data)
  const secret = keptSecret(begin.config, name)
  const network = deriveNetwork(name, secret)
  const own = join(data, ANCHOR_DIRECTORY, task)
  mkdirSync(own, { recursive: true, mode: 0o700 })
  succeed(join(own, 'process.json'))
  const transport = new TcpTransport({
    psk: network.psk,
    identity: { publicKey: keys.publicKey, sign: (text) => signWith(keys, text) },
    links: LINKS,
    handed: new Set(begin.addresses[task]),
  })
  const env = new HostEnv({
    // a boot of its own: peers replace a link that a dead process left by one to its successor
    identity: identityOf(keys, peerName(data, keys.id, null)),
    network: { name: network.name, tag: network.tag, genesisSeed: network.genesisSeed },
    keys,
    stateDirectory: own,
    runtimeHome: begin.runtime,
    store: openStore({ path: join(own, 'db'), fatal: hooks.fatal }),
    transport,
    // the supervisor stands in the runtime directory
    announce: () => {},
    log: new LogRing((line) => hooks.log(line)),
    // nobody mines here, and who is no neighbour of anybody needs no datagrams
    miners: 1,
    folder: null,
    udp: false,
    fatal: hooks.fatal,
  })
  return { env, transport, secret }
}
