/**
 * What follows from a network's secret. Each use has its own HKDF label (RFC 5869), so none tells anything of another
 * or of the secret: the tag may be shown in public, the PSK opens links, the genesis seed founds the chain.
 */
import { hkdfSync } from 'node:crypto'
import type { Hash } from '../../wire/types.js'
import type { Network } from '../env.js'

const SALT = 'p2p-tui/1'

export interface NetworkKeys extends Network {
  /** External pre-shared key of every link, 32 bytes. */
  readonly psk: Uint8Array
}

/** All keys of a network from its 32-byte secret. */
export function deriveNetwork(name: string, secret: Uint8Array): NetworkKeys {
  return {
    name,
    tag: Buffer.from(derive(secret, 'tag')).toString('hex') as Hash,
    psk: derive(secret, 'tls psk'),
    genesisSeed: derive(secret, 'genesis'),
  }
}

function derive(secret: Uint8Array, label: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, SALT, label, 32))
}
