import assert from 'node:assert'
import { test } from 'uvu'
import type { ManifestView, RequestedView, StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { PeerId } from '../../wire/types.js'
import type { TestPeer } from './peer.js'
import { files, keepers, MIB, network, quiet, request, store } from './scene.js'

test('a store is acknowledged with two durable copies and goes on to four', () => {
  for (const seed of [1, 2, 3]) {
    const { world, peers } = network(seed, 6)
    peers[0]!.write('/music.txt', 'la', 20 * MIB)
    const stored = store(world, peers[0]!, '/music.txt')
    assert.equal(stored.name, 'music.txt')
    assert.equal(stored.chunks, 80)
    assert.ok(keepers(world, stored.id).length >= 2)
    world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
    const proper = peers[0]!.owners(keyOf('music.txt'), 4)
    assert.ok(keepers(world, stored.id).every((peer) => proper.includes(peer.id)))
  }
})

test('a peer alone keeps its own copy and acknowledges one', () => {
  const { world, peers } = network(1, 1)
  peers[0]!.write('/alone', 'x', 10)
  assert.equal(store(world, peers[0]!, '/alone').holders, 1)
  assert.equal(keepers(world, store(world, peers[0]!, '/alone').id).length, 1)
})

test('the same file shared or stored a second time is acknowledged again', () => {
  const { world, peers } = network(1, 4)
  const [ann] = peers as [TestPeer]
  ann.write('/twice', 'x', 10)
  for (const how of ['share', 'share', 'store', 'store'] as const) {
    const again = world.wait<StoredView>(`the ${how}`, 10_000, (done) => ann.swarm[how]('/twice', {}, quiet, done))
    assert.ok(again.ok, how)
  }
})

test('an empty file is stored and requested', () => {
  const { world, peers } = network(1, 3)
  peers[0]!.write('/empty', '', 0)
  const stored = store(world, peers[0]!, '/empty')
  assert.equal(request(world, peers[2]!, 'empty').hash, stored.id)
})

test('a name of another publisher is refused unless forced or renamed; the first one keeps the bare name', () => {
  const { world, peers } = network(10, 4)
  const [ann, bob, eve] = peers as [TestPeer, TestPeer, TestPeer, TestPeer]
  ann.write('/song', 'of ann', 1 * MIB)
  bob.write('/song', 'of bob', 2 * MIB)
  const first = store(world, ann, '/song')
  const clash = world.wait<StoredView>('the refusal', 10_000, (done) => bob.swarm.store('/song', {}, quiet, done))
  assert.ok(!clash.ok && clash.message.includes('--as'))
  store(world, bob, '/song', { as: 'song2' })
  const second = store(world, bob, '/song', { force: true })
  assert.equal(request(world, eve, 'song').hash, first.id)
  assert.equal(request(world, eve, `song@${bob.id.slice(0, 12)}`).hash, second.id)
  assert.equal(request(world, eve, 'song@p1').hash, second.id)
  assert.equal(request(world, eve, `p2p:${second.id}?name=song`).hash, second.id)
  assert.deepEqual(
    files(world, eve).map((file) => file.name),
    ['song', 'song', 'song2'],
  )
})

test('an unknown name is refused in words that say what to do', () => {
  const { world, peers } = network(11, 3)
  const result = world.wait<RequestedView>('the refusal', 10_000, (done) => {
    peers[0]!.swarm.request('nothing', { target: '/x' }, quiet, done)
  })
  assert.deepEqual(result, {
    ok: false,
    kind: 'refused',
    message: 'File does not exist: "nothing" (files lists what there is)',
  })
})

test('a publisher whose file changed stops being a source of it', () => {
  const { world, peers } = network(17, 4)
  peers[0]!.write('/shared', 'before', 10 * MIB)
  const shared = world.wait<StoredView>('share', 10_000, (done) => peers[0]!.swarm.share('/shared', {}, quiet, done))
  assert.ok(shared.ok)
  assert.equal(keepers(world, shared.value.id).length, 0)
  assert.equal(request(world, peers[1]!, 'shared').size, 10 * MIB)
  peers[0]!.write('/shared', 'after', 11 * MIB)
  const requested = request(world, peers[2]!, 'shared')
  assert.deepEqual(
    requested.sources.map((source) => source.id),
    [peers[1]!.id] as PeerId[],
  )
  world.run(2_000)
  assert.equal(files(world, peers[3]!)[0]?.holders, 2)
})

test('the same world twice does the same', () => {
  const play = () => {
    const { world, peers } = network(20, 5)
    peers[0]!.write('/f', 'data', 30 * MIB)
    store(world, peers[0]!, '/f')
    const reader = world.add('reader')
    world.run(500)
    return JSON.stringify([request(world, reader, 'f'), world.nowMs])
  }
  assert.equal(play(), play())
})

test('holders of every chunk are shown with the manifest', () => {
  const { world, peers } = network(21, 4)
  peers[0]!.write('/m', 'data', 3 * MIB)
  const stored = store(world, peers[0]!, '/m')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
  world.run(2_000)
  const result = world.wait<ManifestView>('manifest', 10_000, (done) => peers[2]!.swarm.manifest('m', done))
  assert.ok(result.ok)
  assert.equal(result.value.chunks.length, 12)
  for (const chunk of result.value.chunks) assert.equal(chunk.holders.length, 4)
})

test.run()
