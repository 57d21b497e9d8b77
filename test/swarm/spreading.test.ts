import assert from 'node:assert'
import { test } from 'uvu'
import type { ManifestView, StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import { chunkKey } from '../../src/swarm/spread.js'
import type { TestPeer } from './peer.js'
import { files, network, quiet, request, store } from './scene.js'
import { allStay, CHUNKS, chunksOf, holdersOf, misplaced, placed, SIZE, SPREAD, spread } from './spread-scene.js'
import { World } from './world.js'

test('a spread store is acknowledged with two durable copies of each chunk at its owners, and goes on to four', () => {
  const { world, peers, stored } = spread(1, 9)
  for (let index = 0; index < CHUNKS; index++) {
    const owners = peers[0]!.owners(chunkKey('big', index), 4)
    const copies = holdersOf(world, stored.id, index).filter((peer) => owners.includes(peer.id))
    assert.ok(copies.length >= 2, `chunk ${index} has ${copies.length} copies`)
  }
  placed(world, 'big', stored.id)
  for (const peer of peers) {
    assert.ok(!peer.disk.blobs.has(stored.id))
    assert.ok(chunksOf(peer, stored.id).size < CHUNKS, `${peer.name} keeps all of it`)
    assert.deepEqual(peer.blamed, [])
  }
})

test('without its publisher the file comes whole from peers that hold a part each', () => {
  const { world, peers, stored } = spread(2, 9)
  peers[0]!.kill()
  peers[0]!.disk.files.delete('/big')
  const late = world.add('late')
  world.run(3_000)
  const requested = request(world, late, 'big')
  assert.equal(requested.hash, stored.id)
  assert.ok(requested.sources.length >= 3)
})

test('the loss of three of the four holders of a chunk is repaired', () => {
  for (const seed of [3, 4]) {
    const { world, peers, stored } = spread(seed, 10)
    placed(world, 'big', stored.id)
    for (const victim of holdersOf(world, stored.id, 7).slice(0, 3)) victim.kill()
    peers[0]!.disk.files.delete('/big')
    world.run(2_100)
    const left = world.alive().map((peer) => chunksOf(peer, stored.id))
    for (let index = 0; index < CHUNKS; index++) assert.ok(left.some((chunks) => chunks.has(index)))
    placed(world, 'big', stored.id, 90_000)
  }
})

test('through joins no chunk has ever fewer than four copies, and spare ones go', () => {
  const { world, stored } = spread(5, 6)
  placed(world, 'big', stored.id)
  for (let joiner = 0; joiner < 3; joiner++) {
    world.add(`n${joiner}`)
    for (let step = 0; step < 40; step++) {
      world.run(500)
      for (let index = 0; index < CHUNKS; index++) assert.ok(holdersOf(world, stored.id, index).length >= 4)
    }
  }
  placed(world, 'big', stored.id, 120_000)
})

test('as long as a new owner gets nothing, the old ones keep what they have', () => {
  const { world, peers, stored } = spread(14, 6)
  placed(world, 'big', stored.id)
  for (const peer of peers) peer.mute = true
  world.add('new')
  allStay(world, stored.id, 60)
  for (const peer of peers) peer.mute = false
  placed(world, 'big', stored.id, 400_000)
})

test('outside the ring a peer keeps chunks until their owners have them, and then looks at no spread file', () => {
  const FILES = 20
  const { world, peers, stored } = spread(22, 7)
  for (let file = 0; file < FILES; file++) {
    peers[0]!.write(`/small${file}`, 'content', 1_000)
    store(world, peers[0]!, `/small${file}`, SPREAD)
  }
  placed(world, 'big', stored.id)
  const outsider = peers[3]!
  assert.ok(chunksOf(outsider, stored.id).size > 0)
  for (const peer of peers) peer.mute = true
  outsider.beInRing(false)
  allStay(world, stored.id, 60)
  for (const peer of peers) peer.mute = false
  world.until('no chunks outside the ring', 400_000, () => outsider.disk.loose.size === 0)
  assert.equal(misplaced(world, 'big', stored.id), null)
  outsider.ringReads = 0
  world.run(90_000)
  assert.ok(outsider.ringReads < FILES, `${outsider.ringReads} looks at who owns chunks`)
  outsider.beInRing(true)
  placed(world, 'big', stored.id, 120_000)
  assert.ok(chunksOf(outsider, stored.id).size > 0)
})

test('who reaches neither keepers of the name nor the publisher finds chunks at their owners', () => {
  const { world, peers, stored } = spread(16, 10)
  placed(world, 'big', stored.id)
  const keepers = peers[0]!.owners(keyOf('big'), 4)
  const reader = world.add('reader')
  reader.kill()
  world.run(3_000)
  reader.quotaBytes = 1 // it keeps nothing itself and so knows no owners yet
  reader.start()
  world.run(2_000)
  for (const peer of peers) if (peer === peers[0] || keepers.includes(peer.id)) reader.cut(peer, 60_000)
  world.run(100)
  reader.swarm.request('big', { target: '/home/big' }, quiet, quiet)
  world.until('some chunks', 30_000, () => reader.partBits(stored.id) > 5)
  world.until('the whole file', 90_000, () => reader.disk.files.has('/home/big'))
})

test('a leaver hands its chunks over before it goes', () => {
  const { world, peers, stored } = spread(6, 8)
  placed(world, 'big', stored.id)
  const leaver = peers[3]!
  const mine = [...chunksOf(leaver, stored.id)]
  assert.ok(mine.length > 0)
  let left = false
  leaver.swarm.handOver(() => {
    left = true
  })
  const began = world.nowMs
  world.until('the hand-over', 11_000, () => left)
  assert.ok(world.nowMs - began < 9_000)
  for (const index of mine) assert.ok(holdersOf(world, stored.id, index).filter((peer) => peer !== leaver).length >= 4)
})

test('who leaves a spread file that nobody else holds is warned', () => {
  const world = new World(21)
  const alone = world.add('alone')
  alone.write('/big', 'content', SIZE)
  store(world, alone, '/big', SPREAD)
  let left = false
  alone.swarm.handOver(() => {
    left = true
  })
  world.until('the hand-over', 1_000, () => left)
  assert.ok(
    world.logs.some((line) => line.endsWith('nobody else holds chunks of "big": they come back with this peer')),
  )
})

const BEFORE = 20

/** The first peer leaves many files that others have, too, and one that it gives to nobody. */
function leaveUnfinished(seed: number, peerCount: number): { world: World; leaver: TestPeer; left: () => boolean } {
  const { world, peers } = network(seed, peerCount)
  const leaver = peers[0]!
  for (let file = 0; file < BEFORE; file++) {
    const name = `small${file}`
    leaver.write(`/${name}`, 'content', 1_000)
    const { id } = store(world, leaver, `/${name}`, SPREAD)
    world.until(`${name} at its owners`, 10_000, () => misplaced(world, name, id, 1) === null)
  }
  leaver.mute = true
  leaver.write('/new', 'content', 1_000)
  leaver.swarm.store('/new', SPREAD, quiet, quiet)
  world.run(1_000)
  let left = false
  leaver.swarm.handOver(() => {
    left = true
  })
  return { world, leaver, left: () => left }
}

test('a leaver counts all spread files only when it asks for copies, however many others have already', () => {
  const { world, leaver, left } = leaveUnfinished(23, 4)
  leaver.ringReads = 0
  world.until('the hand-over', 11_000, left)
  assert.ok(leaver.ringReads < 40 * BEFORE, `${leaver.ringReads} looks at who owns chunks`)
  assert.ok(world.logs.some((line) => line.endsWith('not all chunks of "new" are at their other owners yet')))
})

test('a leaver also names what others had when it began to wait, and lost', () => {
  const { world, left } = leaveUnfinished(24, 2)
  world.run(500)
  world.peers[1]!.kill()
  world.until('the hand-over', 11_000, left)
  const named = world.logs.filter((line) => line.includes('nobody else holds chunks of "small'))
  assert.ok(named.length > 0)
})

test('a removed file leaves no chunk behind, also at a peer that was away', () => {
  const { world, peers, stored } = spread(7, 6)
  placed(world, 'big', stored.id)
  peers[4]!.kill()
  world.run(3_000)
  const removed = world.wait<StoredView>('the removal', 10_000, (done) => peers[0]!.swarm.remove('big', done))
  assert.ok(removed.ok)
  world.until('no chunk', 30_000, () => world.alive().every((peer) => !peer.disk.loose.has(stored.id)))
  peers[4]!.start()
  world.until('no chunk', 90_000, () => peers.every((peer) => !peer.disk.loose.has(stored.id)))
  assert.deepEqual(files(world, peers[2]!), [])
})

test('chunks are found again after a restart of everybody', () => {
  const { world, peers, stored } = spread(9, 6)
  placed(world, 'big', stored.id)
  for (const peer of peers) peer.kill()
  peers[0]!.disk.files.delete('/big')
  world.run(5_000)
  for (const peer of peers) peer.start()
  world.run(5_000)
  const reader = world.add('reader')
  world.run(1_000)
  assert.equal(request(world, reader, 'big').hash, stored.id)
  const [file] = files(world, reader)
  assert.equal(file?.chunks, CHUNKS)
  assert.ok(file!.holders >= 4)
})

test('the manifest names the holders of each chunk, and the list counts the rarest', () => {
  const { world, peers, stored } = spread(10, 7)
  placed(world, 'big', stored.id)
  peers[0]!.kill()
  world.run(3_000)
  placed(world, 'big', stored.id, 90_000)
  const asker = peers[5]!
  const seen = world.wait<ManifestView>('the manifest', 10_000, (done) => asker.swarm.manifest('big', done))
  assert.ok(seen.ok)
  for (const { index, holders } of seen.value.chunks) {
    assert.deepEqual(holders.map(({ id }) => id).sort(), [...asker.owners(chunkKey('big', index), 4)].sort())
  }
  world.run(2_000)
  const [file] = files(world, asker)
  assert.deepEqual([file?.holders, file?.complete], [4, false])
})

test('a full owner of chunks is replaced by the next successor, for each of several files', () => {
  const world = new World(11)
  const peers = world.addPeers(7)
  world.run(500)
  const full = peers[3]!
  full.kill()
  full.quotaBytes = 1
  world.run(3_000)
  full.start()
  world.run(1_000)
  for (const name of ['big', 'next', 'last']) {
    peers[0]!.write(`/${name}`, name, SIZE)
    const { id } = store(world, peers[0]!, `/${name}`, SPREAD)
    world.until(`four copies of each chunk of ${name}`, 30_000, () =>
      Array.from({ length: CHUNKS }, (_, index) => holdersOf(world, id, index).length).every((copies) => copies >= 4),
    )
    assert.equal(chunksOf(full, id).size, 0)
  }
})

test('a store is refused where too few who may be asked have room for a chunk, however many do not', () => {
  for (const roomy of [0, 1]) {
    const world = new World(20)
    const name = 'small'
    const peers = Array.from({ length: 16 }, (_, at) => world.add(`p${at}`, 1))
    world.run(1_000)
    const [publisher] = peers
    const owners = publisher!.owners(chunkKey(name, 0), 16).map((id) => peers.find((peer) => peer.id === id)!)
    for (const peer of owners.slice(4, 4 + roomy)) {
      peer.kill()
      peer.quotaBytes = undefined
      world.run(3_000)
      peer.start()
      world.run(1_000)
    }
    publisher!.write(`/${name}`, 'content', 1000)
    const result = world.wait<StoredView>('an answer', 30_000, (done) =>
      publisher!.swarm.store(`/${name}`, SPREAD, quiet, done),
    )
    assert.ok(!result.ok)
    assert.match(result.message, /^too few peers have room/)
  }
})

test('a peer alone keeps chunks of its own; an empty file is stored too', () => {
  const world = new World(12)
  const alone = world.add('alone')
  world.run(500)
  alone.write('/big', 'content', SIZE)
  const stored = store(world, alone, '/big', SPREAD)
  assert.equal(chunksOf(alone, stored.id).size, CHUNKS)
  alone.write('/empty', '', 0)
  assert.equal(store(world, alone, '/empty', SPREAD).chunks, 0)
})

test('an owner that is sent a wrong chunk takes it from somebody else', () => {
  const { world, peers, stored } = spread(17, 7)
  placed(world, 'big', stored.id)
  const culprits = peers.slice(1, 4)
  for (const peer of culprits) peer.corrupt = true
  const joiner = world.add('new')
  world.run(500) // all know it
  placed(world, 'big', stored.id, 120_000)
  const bad = joiner.answers.filter(({ outcome }) => outcome === 'bad')
  assert.ok(bad.length > 0)
  for (const { peer } of bad) assert.ok(culprits.some(({ id }) => id === peer))
})

test('files that nobody has any more do not keep others from their turn', () => {
  const { world, peers } = network(13, 6)
  for (let file = 0; file < 12; file++) {
    peers[5]!.write(`/gone${file}`, `gone ${file}`, SIZE)
    peers[5]!.swarm.store(`/gone${file}`, SPREAD, quiet, quiet)
  }
  // known to all, and before a chunk is anywhere its only holder is gone
  world.until('all names known', 5_000, () => peers.every((peer) => peer.swarm.known().length === 12))
  peers[5]!.kill()
  world.run(3_000)
  peers[0]!.write('/big', 'content', SIZE)
  const stored = store(world, peers[0]!, '/big', SPREAD, 30_000)
  placed(world, 'big', stored.id)
})

test('a kill during a spread store leaves nothing half acknowledged', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const { world, peers } = network(seed, 6)
    peers[0]!.write('/f', `content ${seed}`, SIZE)
    let stored: StoredView | null = null
    peers[0]!.swarm.store('/f', SPREAD, quiet, (result) => {
      if (result.ok) stored = result.value
    })
    world.run(world.random() * 4_000)
    const acknowledged = stored as StoredView | null
    peers[0]!.kill()
    const second = peers[1 + Math.floor(world.random() * 5)]!
    if (acknowledged === null) continue
    const indices = Array.from({ length: CHUNKS }, (_, index) => index)
    second.kill()
    if (!indices.every((index) => holdersOf(world, acknowledged.id, index).length > 0)) continue
    world.run(4_000)
    const reader = world.add('reader')
    world.run(1_000)
    assert.equal(request(world, reader, 'f').hash, acknowledged.id)
  }
})

test.run()
