/** What the ring finds, membership shows: whole peers, one of which is frozen or killed. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { PeerApi } from '../../src/api.js'
import type { SimNode } from './node.js'
import { bootPeer } from './peer.js'
import { World } from './world.js'

const PEERS = 5

function network(seed: number): { world: World<PeerApi>; nodes: readonly SimNode<PeerApi>[] } {
  const world = new World<PeerApi>({ seed, boot: bootPeer })
  const nodes = world.addPeers(PEERS)
  const isMet = ({ peer }: SimNode<PeerApi>): boolean => peer.status().peers === PEERS - 1
  world.until(() => nodes.every(isMet), '30 s', 'all to know each other')
  world.run('10 s')
  return { world, nodes }
}

/** Its first predecessor on the ring, which watches it. */
function watcherOf(nodes: readonly SimNode<PeerApi>[], watched: SimNode<PeerApi>): SimNode<PeerApi> {
  const id = watched.peer.ring().predecessors[0]?.id
  const found = nodes.find((node) => node.id === id)
  assert.ok(found)
  return found
}

const stateAt = (witness: SimNode<PeerApi>, { id }: SimNode<PeerApi>): string | undefined =>
  witness.peer.peers().find((peer) => peer.id === id)?.state

for (const seed of [1, 2, 3]) {
  test(`a frozen peer is down within 4 s, sooner than its link closes and another 2 s go by (seed ${seed})`, () => {
    const { world, nodes } = network(seed)
    const victim = nodes[1]!
    const watcher = watcherOf(nodes, victim)
    world.freeze(victim)
    world.until(() => stateAt(watcher, victim) !== 'up', '2 s', 'suspicion')
    world.until(() => stateAt(watcher, victim) === 'down', '2 s', 'its loss')
    world.run('5 s')
    world.thaw(victim)
    const back = (): boolean => nodes.every((node) => node === victim || stateAt(node, victim) === 'up')
    world.until(back, '30 s', 'its return')
  })

  test(`a killed peer, whose port refuses, is down within a second (seed ${seed})`, () => {
    const { world, nodes } = network(seed)
    const victim = nodes[1]!
    const watcher = watcherOf(nodes, victim)
    world.kill(victim)
    const isGone = (): boolean => stateAt(watcher, victim) !== 'up' && stateAt(watcher, victim) !== 'suspect'
    world.until(isGone, '1 s', 'its loss')
  })
}

test.run()
