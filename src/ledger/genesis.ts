/**
 * The first block: a pure function of the network's seed, so two founders in a race have the same chain and every
 * network has its own. It holds no records and needs no work.
 */
import type { Hash } from '../../wire/types.js'
import { limit } from './difficulty.js'
import { bitsOf, encodeHeader, type Header, headerHash, VERSION } from './header.js'
import { leafHash } from './merkle.js'
import type { ChainParams } from './params.js'

const GENESIS_TIME_S = 1_700_000_000
const NOTHING = '0'.repeat(64) as Hash

/** `seed` is HKDF(network secret, 'genesis'), 32 bytes. */
export function genesisHeader(seed: Uint8Array, params: ChainParams): Header {
  return {
    version: VERSION,
    previous: NOTHING,
    root: leafHash(seed),
    time: GENESIS_TIME_S,
    bits: bitsOf(limit(params, 0)),
    nonce: 0,
  }
}

/** The chain id: the hash of the genesis header. */
export function chainId(seed: Uint8Array, params: ChainParams): Hash {
  return headerHash(encodeHeader(genesisHeader(seed, params)))
}
