/** Peers with little room: nobody takes more than it has, others take its place, and it takes its own back later. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { TestPeer } from './peer.js'
import { keepers, MIB, quiet, request, store } from './scene.js'
import { World } from './world.js'

/** What lies in its folders of copies, finished or not. */
function taken({ disk }: TestPeer): number {
  const parts = [...disk.parts.values()].filter(({ target }) => target === null)
  const whole = [...disk.blobs.values(), ...parts.map(({ layout }) => layout)].reduce((sum, { size }) => sum + size, 0)
  const chunks = [...disk.loose.values()].map(({ layout, verified }) => verified.size * layout.chunkSize)
  return chunks.reduce((sum, bytes) => sum + bytes, whole)
}

/** Runs on, looking all the time that nobody has more than its quota. */
function watched(world: World, ms: number, stop: () => boolean = () => false): void {
  const end = world.nowMs + ms
  while (world.nowMs < end && !stop()) {
    world.run(50)
    for (const peer of world.alive()) {
      assert.ok(taken(peer) <= (peer.quotaBytes ?? Number.POSITIVE_INFINITY), `${peer.name} has ${taken(peer)} bytes`)
    }
  }
}

function network(seed: number, quotas: readonly (number | undefined)[]): { world: World; peers: TestPeer[] } {
  const world = new World(seed)
  const peers = quotas.map((quota, at) => world.add(`p${at}`, quota))
  world.run(1_000)
  return { world, peers }
}

const owners = (peer: TestPeer, name: string): TestPeer[] =>
  peer.owners(keyOf(name), peer.world.peers.length).map((id) => peer.world.peers.find((other) => other.id === id)!)

test('copies that come at the same time never take more than the quota, and every file has k where there is room', () => {
  for (const seed of [1, 2, 3]) {
    const small = 9 * MIB
    const { world, peers } = network(seed, [small, undefined, undefined, small, small, undefined, undefined])
    const publisher = peers[1]!
    const stored: StoredView[] = []
    for (let i = 0; i < 12; i++) {
      publisher.write(`/f${i}`, `content ${i}`, (1 + (i % 4)) * MIB)
      publisher.swarm.store(`/f${i}`, {}, quiet, (result) => {
        assert.ok(result.ok, result.ok ? '' : result.message)
        stored.push(result.value)
      })
    }
    const settled = () => stored.length === 12 && stored.every(({ id }) => keepers(world, id).length === 4)
    watched(world, 120_000, settled)
    assert.ok(settled(), `${stored.length} stored, copies ${stored.map(({ id }) => keepers(world, id).length)}`)
    const turnedAway =
      world.logs.length > 0 && peers.some((peer) => peer.quotaBytes === small && taken(peer) < 30 * MIB)
    assert.ok(turnedAway)
    watched(world, 150_000)
    const where = () => stored.map(({ id }) => keepers(world, id).map(({ name }) => name))
    const before = where()
    const served = peers.map((peer) => peer.served)
    watched(world, 600_000)
    assert.deepEqual(where(), before)
    assert.deepEqual(
      peers.map((peer) => peer.served),
      served,
      'nothing moves once everything has its place',
    )
    for (const copies of before) assert.equal(copies.length, 4)
  }
})

test('a full owner takes its file after a start with more room, and the copy in its place goes', () => {
  const { world, peers } = network(5, Array.from({ length: 7 }))
  const [first, ...others] = owners(peers[0]!, 'big')
  first!.kill()
  first!.quotaBytes = 1
  world.run(3_000)
  first!.start()
  world.run(1_000)
  const publisher = others[5]!
  publisher.write('/big', 'data', 20 * MIB)
  const stored = store(world, publisher, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  assert.ok(keepers(world, stored.id).includes(others[3]!), 'the next successor has it')
  assert.ok(!keepers(world, stored.id).includes(first!))
  first!.kill()
  first!.quotaBytes = 100 * MIB
  world.run(500)
  first!.start()
  world.until('the copies at the owners', 180_000, () => {
    const names = keepers(world, stored.id).map(({ name }) => name)
    return names.length === 4 && names.includes(first!.name) && !names.includes(others[3]!.name)
  })
  watched(world, 120_000)
  assert.equal(keepers(world, stored.id).length, 4)
})

test('a removal makes room: the owner takes what it had to leave to others', () => {
  const { world, peers } = network(6, Array.from({ length: 7 }))
  const [first, ...others] = owners(peers[0]!, 'second')
  first!.kill()
  first!.quotaBytes = 20 * MIB
  world.run(3_000)
  first!.start()
  world.run(1_000)
  const publisher = others[5]!
  // a name that the same peer owns too
  const name = Array.from({ length: 200 }, (_, at) => `n${at}`).find((word) => owners(publisher, word)[0] === first)!
  publisher.write('/one', 'one', 15 * MIB)
  publisher.write('/two', 'two', 15 * MIB)
  const one = store(world, publisher, '/one', { as: name })
  world.until('the first file', 60_000, () => keepers(world, one.id).includes(first!))
  const two = store(world, publisher, '/two', { as: 'second' })
  world.until('four copies', 60_000, () => keepers(world, two.id).length === 4)
  assert.ok(!keepers(world, two.id).includes(first!))
  const removed = world.wait<StoredView>('the removal', 10_000, (done) => publisher.swarm.remove(name, done))
  assert.ok(removed.ok)
  watched(world, 60_000, () => keepers(world, two.id).includes(first!))
  assert.ok(keepers(world, two.id).includes(first!), 'the owner has it now')
})

test('where all owners are full they say who has the file in their place', () => {
  for (const seed of [61, 62, 63]) {
    const { world, peers } = network(seed, Array.from({ length: 9 }))
    const inOrder = owners(peers[0]!, 'big')
    for (const owner of inOrder.slice(0, 4)) {
      owner.kill()
      owner.quotaBytes = MIB
      world.run(3_000)
      owner.start()
    }
    world.run(1_000)
    const publisher = inOrder[8]!
    publisher.write('/big', 'data', 5 * MIB)
    const { id } = store(world, publisher, '/big')
    const places = () =>
      keepers(world, id)
        .map((peer) => inOrder.indexOf(peer))
        .sort()
    world.until('four copies', 60_000, () => keepers(world, id).length === 4)
    assert.deepEqual(places(), [4, 5, 6, 7])
    publisher.kill()
    world.run(30_000)
    const reader = world.add('reader', MIB)
    world.run(1_000)
    assert.equal(request(world, reader, 'big').size, 5 * MIB)
  }
})

test('where nobody has room a store says so, and the copies follow when somebody has', () => {
  const { world, peers } = network(7, [MIB, MIB, MIB])
  peers[0]!.write('/big', 'data', 5 * MIB)
  const refused = world.wait<StoredView>('the refusal', 30_000, (done) => {
    peers[0]!.swarm.store('/big', {}, quiet, done)
  })
  assert.ok(!refused.ok && refused.kind === 'refused')
  assert.match(refused.message, /^no peer has room for "big" \(5242880 bytes\)/)
  const reader = world.add('reader', MIB)
  world.run(1_000)
  assert.equal(request(world, reader, 'big').size, 5 * MIB)
  for (const peer of peers) {
    peer.kill()
    peer.quotaBytes = 10 * MIB
    world.run(3_000)
    peer.start()
    world.run(1_000)
  }
  world.until('three copies', 120_000, () => world.alive().filter(({ disk }) => disk.blobs.size === 1).length === 3)
})

test('where only one peer has room a store is not acknowledged', () => {
  const { world, peers } = network(8, [MIB, MIB, 50 * MIB, MIB])
  peers[0]!.write('/big', 'data', 5 * MIB)
  const refused = world.wait<StoredView>('the refusal', 30_000, (done) => {
    peers[0]!.swarm.store('/big', {}, quiet, done)
  })
  assert.ok(!refused.ok)
  assert.match(refused.message, /^only one peer has room, and two copies are needed, for "big"/)
})

test('what was found again after a start counts from the beginning', () => {
  const { world, peers } = network(9, [undefined, 12 * MIB, undefined])
  peers[0]!.write('/one', 'one', 10 * MIB)
  const one = store(world, peers[0]!, '/one')
  world.until('three copies', 30_000, () => keepers(world, one.id).length === 3)
  assert.deepEqual(peers[1]!.swarm.room, { keptBytes: 10 * MIB, quotaBytes: 12 * MIB })
  peers[1]!.kill()
  world.run(3_000)
  peers[0]!.write('/two', 'two', 10 * MIB)
  store(world, peers[0]!, '/two')
  peers[1]!.start()
  watched(world, 60_000)
  assert.equal(peers[1]!.swarm.room.keptBytes, 10 * MIB)
})

test('spread files that come at the same time never take more than the quota', () => {
  for (const seed of [31, 32, 33, 34, 35, 36]) {
    const quota = 10 * MIB
    const { world, peers } = network(seed, [undefined, quota, quota, quota, undefined, undefined, undefined, undefined])
    for (let i = 0; i < 6; i++) {
      peers[0]!.write(`/s${i}`, `content ${i}`, 12 * MIB)
      peers[0]!.swarm.store(`/s${i}`, { spread: true }, quiet, quiet)
    }
    watched(world, 300_000)
    for (const peer of peers.slice(1, 4)) assert.ok(taken(peer) > 0, `${peer.name} keeps nothing`)
    const served = peers.map((peer) => peer.served)
    watched(world, 600_000)
    assert.deepEqual(
      peers.map((peer) => peer.served),
      served,
      'nothing moves once everything has its place',
    )
  }
})

test('after a start nothing is taken before all chunks were found again and counted', () => {
  const quota = 10 * MIB
  const { world, peers } = network(
    32,
    Array.from({ length: 4 }, () => quota),
  )
  peers[0]!.write('/spread', 'spread', 8 * MIB)
  store(world, peers[0]!, '/spread', { spread: true })
  world.until('all chunks everywhere', 60_000, () => peers.every((peer) => taken(peer) === 8 * MIB))
  world.run(5_000) // synced
  const again = peers[2]!
  again.kill()
  world.run(3_000)
  again.looseOpenMs = 20_000
  again.start()
  world.run(1_000)
  for (const path of ['/whole', '/chunks']) {
    peers[0]!.write(path, path, 8 * MIB)
    peers[0]!.swarm.store(path, { spread: path === '/chunks' }, quiet, quiet)
  }
  watched(world, 60_000)
  assert.equal(taken(again), 8 * MIB)
})

test.run()
