/** Starts the real Peer over a simulated Env, with a chain so easy that a simulated miner can solve it. */
import type { PeerApi } from '../../src/api.js'
import type { Env } from '../../src/env.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import { Peer, type PeerOptions } from '../../src/peer.js'
import type { SimEnv } from './env.js'
import type { Setup } from './node.js'

export type Boot = (env: SimEnv, setup: Setup) => PeerApi

export const REPLICAS = 4

/** What the command line would make of a setup. */
export function peerOptions({ listen, join }: Setup): PeerOptions {
  return {
    membership: { join, listen, hosts: [], pingIntervalMs: 500, software: 'sim' },
    ledger: { params: EASY_PARAMS, mode: 'own' },
    replicas: REPLICAS,
  }
}

/** Makes a peer and starts it; what it cannot open is fatal, as for the program. */
export function startPeer(env: Env, options: PeerOptions): Peer {
  const peer = new Peer(env, options)
  peer.start((result) => {
    if (!result.ok) env.fatal(result.message)
  })
  return peer
}

export const bootPeer: Boot = (env, setup) => startPeer(env, peerOptions(setup))
