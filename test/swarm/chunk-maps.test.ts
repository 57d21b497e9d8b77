/** What the console sees of chunks on their way. */
import assert from 'node:assert'
import { test } from 'uvu'
import type { ChunkMapView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { keepers, MIB, network, outsiders, quiet, request, store } from './scene.js'
import type { World } from './world.js'

const CHUNK = MIB / 4

function begin(world: World, peers: readonly TestPeer[], mebibytes = 50) {
  peers[0]!.write('/big', 'data', mebibytes * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  const reader = outsiders(world, stored.id, peers[0]!)[0]!
  reader.swarm.request('big', { target: '/big' }, quiet, quiet)
  return { stored, reader }
}

const bitsOf = ({ have }: ChunkMapView): number =>
  [...Buffer.from(have, 'base64')].reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

test('a chunk map shows what is verified, what is asked of whom, and how the sources do', () => {
  const { world, peers } = network(21, 6)
  const { stored, reader } = begin(world, peers)
  world.until('some chunks', 30_000, () => reader.partBits(stored.id) > 60)
  const [map, ...others] = reader.swarm.chunkMaps()
  assert.ok(map && others.length === 0)
  assert.equal(map.chunks, 200)
  assert.equal(map.n, reader.swarm.transfers().find(({ name }) => name === 'big')?.n)
  assert.equal(bitsOf(map), reader.partBits(stored.id))
  const { done, rate } = reader.swarm.transfers().find(({ n }) => n === map.n)!
  assert.equal(done, bitsOf(map) * CHUNK)
  assert.ok(map.coming.length > 0)
  const bytes = Buffer.from(map.have, 'base64')
  for (const { index, from } of map.coming) {
    assert.ok(((bytes[index >> 3]! >> (index & 7)) & 1) === 0, `chunk ${index} is here and still asked for`)
    assert.ok(map.sources.some(({ id, state }) => id === from && state === 'open'))
  }
  assert.equal(
    map.sources.reduce((sum, source) => sum + source.bytes, 0),
    done,
  )
  assert.ok(Math.abs(map.sources.reduce((sum, source) => sum + source.rate, 0) - rate) < rate / 4)
  for (const { id, name, reason } of map.sources) {
    assert.equal(name, peers.find((peer) => peer.id === id)?.name)
    assert.equal(reason, '')
  }
})

test('the bits are put into words once, until one of them changes', () => {
  const { world, peers } = network(22, 6)
  const { stored, reader } = begin(world, peers)
  world.until('some chunks', 30_000, () => reader.partBits(stored.id) > 20)
  const original = Buffer.prototype.toString
  let encoded = 0
  Buffer.prototype.toString = function (this: Buffer, ...args: Parameters<typeof original>) {
    if (args[0] === 'base64') encoded++
    return original.apply(this, args)
  }
  try {
    for (let look = 0; look < 10; look++) reader.swarm.chunkMaps()
    assert.equal(encoded, 1)
    const before = reader.partBits(stored.id)
    world.until('another chunk', 10_000, () => reader.partBits(stored.id) > before)
    for (let look = 0; look < 10; look++) reader.swarm.chunkMaps()
    assert.equal(encoded, 2)
  } finally {
    Buffer.prototype.toString = original
  }
})

test('a paused download shows its chunks and asks nobody; one that ended shows none', () => {
  const { world, peers } = network(23, 6)
  const { stored, reader } = begin(world, peers)
  world.until('some chunks', 30_000, () => reader.partBits(stored.id) > 20)
  const { n } = reader.swarm.chunkMaps()[0]!
  reader.swarm.control(n, 'pause')
  const paused = reader.swarm.chunkMaps()[0]!
  assert.deepEqual([paused.coming, paused.sources], [[], []])
  assert.ok(bitsOf(paused) > 20)
  reader.swarm.control(n, 'cancel')
  world.until('the end', 5000, () => reader.swarm.chunkMaps().length === 0)
})

test('a source that sends nothing rests, and the map says why', () => {
  const { world, peers } = network(24, 2)
  peers[0]!.write('/big', 'data', 20 * MIB)
  peers[1]!.replicas = 1
  const shared = world.wait('share', 30_000, (done) => peers[0]!.swarm.share('/big', {}, quiet, done))
  assert.ok(shared.ok)
  peers[0]!.mute = true
  peers[1]!.swarm.request('big', { target: '/big' }, quiet, quiet)
  world.until('rest', 60_000, () => peers[1]!.swarm.chunkMaps()[0]?.sources[0]?.state === 'resting')
  const [source] = peers[1]!.swarm.chunkMaps()[0]!.sources
  assert.match(source!.reason, /sent nothing for too long/)
})

test('the newest eight are shown, those that the user asked for first', () => {
  const { world, peers } = network(25, 6)
  const [publisher, reader] = peers as [TestPeer, TestPeer]
  const names = Array.from({ length: 10 }, (_, place) => `f${place}`)
  for (const name of names) {
    publisher.write(`/${name}`, name, 40 * MIB)
    assert.ok(world.wait('share', 30_000, (done) => publisher.swarm.share(`/${name}`, {}, quiet, done)).ok)
  }
  publisher.uploadRate = MIB
  for (const name of names) reader.swarm.request(name, { target: `/home/${name}` }, quiet, quiet)
  world.until('ten downloads', 30_000, () => reader.swarm.transfers().length === 10)
  const shown = reader.swarm.chunkMaps().map(({ n }) => n)
  const newest = reader.swarm
    .transfers()
    .map(({ n }) => n)
    .sort((a, b) => b - a)
  assert.deepEqual(shown, newest.slice(0, 8))
})

test('every chunk that was asked for is accounted to the peer that was asked', () => {
  const { world, peers } = network(26, 6)
  peers[0]!.write('/big', 'data', 50 * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  const culprit = keepers(world, stored.id)[0]!
  culprit.corrupt = true
  const reader = outsiders(world, stored.id, peers[0]!)[0]!
  request(world, reader, 'big')
  assert.equal(reader.answers.filter(({ outcome }) => outcome === 'ok').length, 200)
  const bad = reader.answers.filter(({ outcome }) => outcome === 'bad').map(({ peer }) => peer)
  assert.deepEqual(bad, [culprit.id])
})

test.run()
