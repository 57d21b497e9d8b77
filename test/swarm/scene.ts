/** What most tests of the swarm begin with: a network, a stored file, somebody who has none of it. */
import type { FileView, RequestedView, StoredView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { World } from './world.js'

export const MIB = 1024 * 1024
export const quiet = () => {}

export function store(world: World, peer: TestPeer, path: string, options = {}, limitMs = 60_000): StoredView {
  const result = world.wait<StoredView>(`store ${path}`, limitMs, (done) => {
    peer.swarm.store(path, options, quiet, done)
  })
  if (!result.ok) throw new Error(result.message)
  return result.value
}

export function request(world: World, peer: TestPeer, what: string, limitMs = 60_000): RequestedView {
  const result = world.wait<RequestedView>(`request ${what}`, limitMs, (done) => {
    peer.swarm.request(what, { target: `/home/${peer.name}/${what}` }, quiet, done)
  })
  if (!result.ok) throw new Error(result.message)
  return result.value
}

export function files(world: World, peer: TestPeer): readonly FileView[] {
  const result = world.wait<readonly FileView[]>('files', 10_000, (done) => peer.swarm.files('', done))
  if (!result.ok) throw new Error(result.message)
  return result.value
}

export function keepers(world: World, id: StoredView['id']): TestPeer[] {
  return world.alive().filter((peer) => peer.disk.blobs.has(id))
}

/** Peers that hold nothing of it: neither its publisher nor an owner. */
export function outsiders(world: World, id: StoredView['id'], publisher: TestPeer): TestPeer[] {
  const holding = keepers(world, id)
  return world.alive().filter((peer) => peer !== publisher && !holding.includes(peer))
}

export function network(seed: number, count: number): { world: World; peers: TestPeer[] } {
  const world = new World(seed)
  const peers = world.addPeers(count)
  world.run(500)
  return { world, peers }
}
