/** The first step of everything that runs as a peer: a state directory that belongs to the network, locked, and its secret. */
import { resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { deriveNetwork, type NetworkKeys } from './derive.js'
import {
  belongsTo,
  bindToNetwork,
  claimStateDirectory,
  type Homes,
  type Inhabitant,
  openStateDirectory,
  type StateDirectory,
  touch,
} from './directories.js'
import { DEFAULT_NETWORK, knownSecret, networkSecret } from './secret.js'
import { sharedLast } from './shared-folder.js'

export interface Entered {
  readonly directory: StateDirectory
  readonly network: NetworkKeys
  readonly secret: Uint8Array
}

export interface Wanted {
  /** Name of the network; null: the data directory's own, else the default one. */
  readonly network: string | null
  /** State directory; null: the most recently used free one. */
  readonly data: string | null
  /** 'peer' where absent. */
  readonly as?: Inhabitant
  /** The folder to share, as a user says it; null: the usual one. A directory that shared it last is preferred. */
  readonly shares?: string | null
}

/** Locks a directory; `onClose` is told how to give it back, also where this then fails with an OperationalError. */
export function enter(wanted: Wanted, home: Homes, onClose: (close: () => void) => void): Entered {
  const claimed = wanted.data === null ? null : openStateDirectory(resolve(wanted.data))
  if (claimed !== null) onClose(() => claimed.lock.release())
  const bound = claimed === null ? null : belongsTo(claimed.path)
  const name = wanted.network ?? bound?.network ?? DEFAULT_NETWORK
  const secret = bound?.network === name ? keptSecret(home.config, name) : networkSecret(home.config, name)
  const network = deriveNetwork(name, secret)
  const { shares } = wanted
  const suits = shares === undefined ? undefined : (path: string) => sharedLast(path, shares)
  const directory = claimed ?? claimStateDirectory(home.data, { network: name, tag: network.tag }, wanted.as, suits)
  if (claimed === null) onClose(() => directory.lock.release())
  bindToNetwork(directory.path, { network: name, tag: network.tag })
  touch(directory.path)
  return { directory, network, secret }
}

/** A directory's network is not founded anew behind its back. */
export function keptSecret(configHome: string, name: string): Uint8Array {
  const secret = knownSecret(configHome, name)
  if (secret !== null) return secret
  throw new OperationalError(
    `the secret of the network "${name}" is not in ${configHome}: join again with a ticket, or pick another directory with -d`,
  )
}
