import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { TestPeer } from './peer.js'
import { files, keepers, MIB, network, quiet, request, store } from './scene.js'
import { World } from './world.js'

test('an acknowledged store survives the loss of everybody but one keeper', () => {
  for (const seed of [1, 2, 3, 4]) {
    const { world, peers } = network(seed, 5)
    const publisher = peers[seed % 5]!
    publisher.write('/a.bin', 'bytes', 3 * MIB)
    const stored = store(world, publisher, '/a.bin')
    const [survivor] = keepers(world, stored.id)
    for (const peer of peers) if (peer !== survivor) peer.kill()
    const reader = world.add('late')
    world.run(3_000)
    assert.equal(request(world, reader, 'a.bin').hash, stored.id)
  }
})

test('after a kill and a restart files are listed and served again', () => {
  const { world, peers } = network(8, 4)
  peers[0]!.write('/kept', 'data', 10 * MIB)
  const stored = store(world, peers[0]!, '/kept')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
  for (const peer of peers) peer.kill()
  world.run(5_000)
  for (const peer of peers) peer.start()
  world.run(3_000)
  for (const peer of peers) {
    const [file] = files(world, peer)
    assert.equal(file?.name, 'kept')
    assert.equal(file?.holders, 4)
    assert.equal(file?.complete, true)
  }
  const reader = world.add('reader')
  world.run(1_000)
  assert.equal(request(world, reader, 'kept').hash, stored.id)
})

test('a kill during a store leaves nothing half acknowledged', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { world, peers } = network(seed, 4)
    peers[0]!.write('/f', `content ${seed}`, 8 * MIB)
    let stored: StoredView | null = null
    peers[0]!.swarm.store('/f', {}, quiet, (result) => {
      if (result.ok) stored = result.value
    })
    world.run(world.random() * 1_500)
    const acknowledged = stored as StoredView | null
    for (const peer of peers) if (world.random() < 0.5) peer.kill()
    const holding = acknowledged === null ? [] : keepers(world, acknowledged.id)
    const alive = world.alive()
    world.run(4_000)
    if (acknowledged === null || holding.length === 0 || alive.length === 0) continue
    const reader = world.add('reader')
    world.run(1_000)
    assert.equal(request(world, reader, 'f').hash, acknowledged.id)
  }
})

test('only the publisher removes a name, and it stays removed when a keeper comes back', () => {
  const { world, peers } = network(12, 4)
  const [ann, bob, , dave] = peers as [TestPeer, TestPeer, TestPeer, TestPeer]
  ann.write('/old', 'old', 4 * MIB)
  const stored = store(world, ann, '/old')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
  world.run(50) // the record of the last one is durable
  const refusal = world.wait<StoredView>('the refusal', 10_000, (done) => bob.swarm.remove('old', done))
  assert.ok(!refusal.ok)
  dave.kill()
  world.run(3_000)
  const removed = world.wait<StoredView>('the removal', 10_000, (done) => ann.swarm.remove('old', done))
  assert.ok(removed.ok)
  dave.start()
  world.until('no copy', 90_000, () => keepers(world, stored.id).length === 0)
  world.run(60_000)
  for (const peer of peers) assert.deepEqual(files(world, peer), [])
})

test('a new version replaces the old one everywhere', () => {
  const { world, peers } = network(13, 5)
  peers[0]!.write('/doc', 'one', 4 * MIB)
  const one = store(world, peers[0]!, '/doc')
  world.until('four copies', 30_000, () => keepers(world, one.id).length === 4)
  peers[0]!.write('/doc', 'two', 5 * MIB)
  const two = store(world, peers[0]!, '/doc')
  assert.notEqual(one.id, two.id)
  assert.equal(request(world, peers[4]!, 'doc').hash, two.id)
  world.until('the new copies', 60_000, () => keepers(world, two.id).length === 4)
  world.until('no old copy', 90_000, () => keepers(world, one.id).length === 0)
})

test('when a keeper is lost its successor makes a copy; when it returns the extra copy goes', () => {
  for (const seed of [1, 2, 3]) {
    const { world, peers } = network(seed, 7)
    peers[0]!.write('/kept', 'data', 10 * MIB)
    const stored = store(world, peers[0]!, '/kept')
    world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
    const victim = keepers(world, stored.id)[1]!
    victim.kill()
    world.until('four copies again', 60_000, () => keepers(world, stored.id).length === 4)
    victim.start()
    world.until('four copies at the proper owners', 120_000, () => {
      const holding = keepers(world, stored.id)
      return holding.length === 4 && holding.includes(victim)
    })
    for (let i = 0; i < 60; i++) {
      world.run(1_000)
      assert.equal(keepers(world, stored.id).length, 4)
    }
  }
})

test('new members become owners, and there are never fewer than four copies', () => {
  const { world, peers } = network(14, 5)
  for (let i = 0; i < 10; i++) {
    peers[i % 5]!.write(`/f${i}`, `content ${i}`, 3 * MIB)
    store(world, peers[i % 5]!, `/f${i}`)
  }
  const ids = files(world, peers[0]!).map((file) => file.id)
  world.until('all copies', 60_000, () => ids.every((id) => keepers(world, id).length === 4))
  for (let i = 0; i < 4; i++) {
    world.add(`n${i}`)
    for (let second = 0; second < 20; second++) {
      world.run(1_000)
      for (const id of ids) assert.ok(keepers(world, id).length >= 4)
    }
  }
  world.until('exactly four copies of each', 120_000, () => ids.every((id) => keepers(world, id).length === 4))
})

test('a polite leaver hands its copies over before it goes', () => {
  const { world, peers } = network(15, 6)
  peers[0]!.write('/kept', 'data', 10 * MIB)
  const stored = store(world, peers[0]!, '/kept')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
  const leaver = keepers(world, stored.id)[0]!
  let left = false
  const began = world.nowMs
  leaver.swarm.handOver(() => {
    left = true
  })
  world.until('the hand-over', 11_000, () => left)
  assert.ok(world.nowMs - began < 9_000)
  assert.equal(keepers(world, stored.id).filter((peer) => peer !== leaver).length, 4)
})

test('a full owner is replaced by the next successor', () => {
  const world = new World(16)
  const peers = world.addPeers(6)
  world.run(500)
  const key = peers[0]!
  key.write('/big', 'data', 20 * MIB)
  // one peer has room for nothing
  const full = peers[3]!
  full.kill()
  full.quotaBytes = 1
  world.run(3_000)
  full.start()
  world.run(1_000)
  const stored = store(world, key, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  assert.ok(!full.disk.blobs.has(stored.id))
})

test('a copy that is owed no more stays until each owner has said so since, not some time before', () => {
  const { world, peers } = network(41, 6)
  const publisher = peers[0]!
  publisher.write('/f', 'content', MIB)
  const stored = store(world, publisher, '/f')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
  const before = keepers(world, stored.id)
  world.run(5_000)
  const owners = () => publisher.owners(keyOf('f'), 4)
  const isSpare = (peer: TestPeer) => !owners().includes(peer.id)
  const silent = before.find((peer) => peer.id === owners()[0])!
  silent.loses = ({ type }) => type === 'chunksHave' || type === 'claimsDigest'
  for (let at = 0; !before.some(isSpare); at++) {
    world.add(`new${at}`)
    world.run(100)
  }
  const spare = before.find(isSpare)!
  world.until('the copy at the new owner', 10_000, () => keepers(world, stored.id).length > 4)
  for (let seconds = 0; seconds < 60; seconds++) {
    world.run(1_000)
    assert.ok(keepers(world, stored.id).includes(spare), `dropped after ${seconds} s`)
  }
  silent.loses = () => false
  world.until('the drop', 60_000, () => !keepers(world, stored.id).includes(spare))
})

test.run()
