/** Makes what the parts of the swarm share. */
import type { HolderFields } from '../../wire/messages/swarm.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { ChunkOutcome, Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import { PacedLog } from '../paced-log.js'
import { Announcer } from './announcer.js'
import { Gossip } from './gossip.js'
import { Holders } from './holders.js'
import { Holdings } from './holdings.js'
import { Loose } from './loose.js'
import { Manifests } from './manifests.js'
import { Names } from './names.js'
import type { Parts } from './parts.js'
import { Post } from './post.js'
import { type Duty, Roster } from './roster.js'
import { Spread } from './spread.js'
import { Transfers } from './transfers.js'
import { Vetting } from './vetting.js'

export interface PartsOptions {
  readonly chain: Hash
  /** Copies of everything stored; 4 where absent. */
  readonly replicas?: number
  /** What came of asking that peer for a chunk. */
  readonly chunkAnswered?: (peer: PeerId, outcome: ChunkOutcome) => void
  /** False: registers are neither asked for nor passed on over the links. */
  readonly gossips?: boolean
  /** Where this peer is reached, for lists that show it among others. */
  readonly address?: () => Address
}

/** `claimOf`: what this peer says of itself. */
export function makeParts(
  env: Env,
  mesh: Mesh,
  duty: Duty,
  options: PartsOptions,
  claimOf: (id: Hash) => Omit<HolderFields, 'peer'>,
): Parts {
  const { chain, replicas = 4, address } = options
  const post = new Post(env, mesh)
  const names = new Names(env)
  const manifests = new Manifests(env.store)
  const vetting = new Vetting(env, mesh, chain)
  const roster = new Roster(env, duty, replicas)
  const loose = new Loose(env, manifests)
  return {
    env,
    mesh,
    chain,
    post,
    names,
    manifests,
    vetting,
    holders: new Holders(env),
    holdings: new Holdings(env, manifests, loose),
    loose,
    roster,
    spread: new Spread(roster),
    gossip: new Gossip({ env, mesh, post, names, vetting }, options.gossips ?? true),
    transfers: new Transfers(),
    said: new PacedLog(env),
    announcer: new Announcer(env, mesh, claimOf),
    chunkAnswered: options.chunkAnswered ?? (() => {}),
    addressOf: (peer) => (peer === env.identity.id ? address?.() : mesh.member(peer)?.addresses[0]) ?? ('' as Address),
    nameOf: (peer) => (peer === env.identity.id ? env.identity.name : mesh.member(peer)?.name) ?? peer.slice(0, 8),
  }
}
