/** What tests of spread files begin with: one in a network, and where each of its chunks is. */
import assert from 'node:assert'
import type { StoredView } from '../../src/api.js'
import { chunkKey } from '../../src/swarm/spread.js'
import type { Hash } from '../../wire/types.js'
import type { TestPeer } from './peer.js'
import { network, store } from './scene.js'
import type { World } from './world.js'

export const CHUNKS = 48
export const SIZE = CHUNKS * 256 * 1024 - 1000
export const SPREAD = { spread: true }

export function chunksOf(peer: TestPeer, id: Hash): ReadonlySet<number> {
  return peer.disk.loose.get(id)?.durable ?? new Set()
}

export function holdersOf(world: World, id: Hash, index: number): TestPeer[] {
  return world.alive().filter((peer) => chunksOf(peer, id).has(index))
}

/** The first chunk that is not exactly at its owners, in words; null where all are. */
export function misplaced(world: World, name: string, id: Hash, chunks = CHUNKS, replicas = 4): string | null {
  const [viewer] = world.alive()
  for (let index = 0; index < chunks; index++) {
    const owners = viewer!.owners(chunkKey(name, index), replicas).join()
    const holders = holdersOf(world, id, index).map((peer) => peer.id)
    const placed = viewer!.owners(chunkKey(name, index), world.alive().length).filter((peer) => holders.includes(peer))
    if (placed.join() !== owners) return `chunk ${index} is at ${placed.length} peers`
  }
  return null
}

export function placed(world: World, name: string, id: Hash, limitMs = 60_000): void {
  world.until(`each chunk of ${name} at its owners`, limitMs, () => misplaced(world, name, id) === null)
}

export function spread(seed: number, peerCount: number): { world: World; peers: TestPeer[]; stored: StoredView } {
  const { world, peers } = network(seed, peerCount)
  peers[0]!.write('/big', `content ${seed}`, SIZE)
  const stored = store(world, peers[0]!, '/big', SPREAD)
  return { world, peers, stored }
}

/** No copy of any chunk goes while so much time passes. */
export function allStay(world: World, id: Hash, seconds: number): void {
  for (let step = 0; step < 2 * seconds; step++) {
    world.run(500)
    for (let index = 0; index < CHUNKS; index++) assert.ok(holdersOf(world, id, index).length >= 4, `chunk ${index}`)
  }
}
