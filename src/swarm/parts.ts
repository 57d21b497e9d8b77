/** What the parts of the swarm share: state that has one owner each, and the ways to the world. */
import type { Address, Hash, PeerId } from '../../wire/types.js'
import type { ChunkOutcome, Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import type { PacedLog } from '../paced-log.js'
import type { Announcer } from './announcer.js'
import type { Gossip } from './gossip.js'
import type { Holders } from './holders.js'
import type { Holdings } from './holdings.js'
import type { Loose } from './loose.js'
import type { Manifests } from './manifests.js'
import type { Names } from './names.js'
import type { Post } from './post.js'
import type { Roster } from './roster.js'
import type { Spread } from './spread.js'
import type { Transfers } from './transfers.js'
import type { Vetting } from './vetting.js'

export interface Parts {
  readonly env: Env
  readonly mesh: Mesh
  readonly chain: Hash
  readonly post: Post
  readonly names: Names
  readonly manifests: Manifests
  readonly holders: Holders
  readonly holdings: Holdings
  readonly loose: Loose
  readonly roster: Roster
  readonly spread: Spread
  readonly vetting: Vetting
  readonly gossip: Gossip
  readonly transfers: Transfers
  readonly announcer: Announcer
  /** For lines about what others ask of this peer. */
  readonly said: PacedLog
  /** What came of asking that peer for a chunk. */
  chunkAnswered(peer: PeerId, outcome: ChunkOutcome): void
  /** A peer's name for people, or the start of its id. */
  nameOf(peer: PeerId): string
  /** Its best address; empty where none is known. */
  addressOf(peer: PeerId): Address
}
