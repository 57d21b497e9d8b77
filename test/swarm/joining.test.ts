/** A member that has just become an owner: it says who holds a file before it has anything of it, and carries nothing. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { RequestedView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { SwarmMessage } from '../../wire/messages.js'
import { TestPeer } from './peer.js'
import { keepers, MIB, network, outsiders, quiet, store } from './scene.js'
import type { World } from './world.js'

const SIZE = 24 * MIB

/** A peer that is not started yet and will be the first owner of this name. */
function futureOwner(world: World, name: string): TestPeer {
  const key = keyOf(name)
  const others = world.peers.map(({ id }) => id)
  for (let i = 0; i < 1_000; i++) {
    const peer = new TestPeer(world, `new${i}`, world.peers.length)
    const after = [...others, peer.id].filter((id) => id >= key).sort()
    if (after[0] === peer.id) return peer
  }
  throw new Error('no such key in 1000')
}

test('a joining owner sends a requester to the holders while it still copies', () => {
  for (const seed of [41, 42, 43]) {
    const { world, peers } = network(seed, 7)
    peers[0]!.write('/f', 'content', SIZE)
    const { id } = store(world, peers[0]!, '/f')
    world.until('four copies', 30_000, () => keepers(world, id).length === 4)
    world.run(5_000)
    const holders = keepers(world, id)
    const reader = outsiders(world, id, peers[0]!)[0]!
    for (const peer of peers) peer.uploadRate = 2 * MIB
    const owner = futureOwner(world, 'f')
    world.peers.push(owner)
    owner.uploadRate = 2 * MIB
    owner.start()
    world.until('the copy to begin', 10_000, () => owner.partBits(id) > 0)
    // nobody but the joining owner answers who holds what
    for (const peer of peers) peer.loses = ({ type }) => type === 'holdersAre'
    const answers: Extract<SwarmMessage, { type: 'holdersAre' }>[] = []
    owner.loses = (message) => {
      if (message.type === 'holdersAre' && !owner.disk.blobs.has(id)) answers.push(message)
      return false
    }
    const result = world.wait<RequestedView>('the file', 120_000, (done) => {
      reader.swarm.request('f', { target: '/home/f' }, quiet, done)
    })
    assert.ok(result.ok, result.ok ? '' : result.message)
    assert.ok(answers.length > 0, 'the owner was asked while it lacked chunks')
    const told = answers[0]!.holders.filter(({ state }) => state === 'kept').map(({ peer }) => peer)
    for (const holder of holders) assert.ok(told.includes(holder.id))
    assert.ok(!told.includes(owner.id))
    const direct = result.value.sources.filter((source) => source.id !== owner.id)
    assert.ok(direct.length >= 3 && direct.reduce((sum, { bytes }) => sum + bytes, 0) > SIZE / 2)
    world.until('the copies in their places', 120_000, () => {
      const now = keepers(world, id)
      return now.length === 4 && now.includes(owner)
    })
  }
})

test.run()
