import assert from 'node:assert'
import { test } from 'uvu'
import type { RequestedView, StoredView } from '../../src/api.js'
import type { TestPeer } from './peer.js'
import { keepers, MIB, network, outsiders, quiet, request, store } from './scene.js'

test('a request draws more than a tenth from each of at least three sources', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { world, peers } = network(seed, 6)
    peers[0]!.write('/big', 'data', 200 * MIB)
    const stored = store(world, peers[0]!, '/big')
    world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
    const [reader] = outsiders(world, stored.id, peers[0]!)
    for (const peer of peers) peer.uploadRate = (20 + 40 * world.random()) * MIB
    const requested = request(world, reader!, 'big')
    const total = requested.sources.reduce((sum, source) => sum + source.bytes, 0)
    assert.equal(total, 200 * MIB)
    const strong = requested.sources.filter((source) => source.bytes > total / 10)
    assert.ok(strong.length >= 3, JSON.stringify(requested.sources))
  }
})

test('a request right after the acknowledgement works at every peer', () => {
  const { world, peers } = network(9, 6)
  peers[1]!.write('/now', 'now', 5 * MIB)
  store(world, peers[1]!, '/now')
  for (const peer of peers) assert.equal(request(world, peer, 'now').size, 5 * MIB)
})

test('killing a holder in the middle does not stop a download', () => {
  for (const seed of [1, 2, 3]) {
    const { world, peers } = network(seed, 6)
    peers[0]!.write('/big', 'data', 100 * MIB)
    const stored = store(world, peers[0]!, '/big')
    world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
    const reader = outsiders(world, stored.id, peers[0]!)[0]!
    let answer: RequestedView | null = null
    reader.swarm.request('big', { target: '/big' }, quiet, (result) => {
      assert.ok(result.ok)
      answer = result.value
    })
    world.until('a fifth of the chunks', 30_000, () => reader.partBits(stored.id) > 80)
    const victim = keepers(world, stored.id).find((peer) => peer !== reader)!
    victim.kill()
    world.until('the rest', 60_000, () => answer !== null)
    world.until('four copies again', 90_000, () => keepers(world, stored.id).length >= 4)
  }
})

test('a wrong chunk bans its sender, and the file comes from the others', () => {
  const { world, peers } = network(4, 6)
  peers[0]!.write('/big', 'data', 50 * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  const culprit = keepers(world, stored.id)[0]!
  culprit.corrupt = true
  const reader = outsiders(world, stored.id, peers[0]!)[0]!
  const requested = request(world, reader, 'big')
  assert.ok(!requested.sources.some((source) => source.id === culprit.id))
  assert.ok(world.logs.some((line) => line.includes(`${culprit.name} sent a wrong chunk`)))
  culprit.corrupt = false
  peers[0]!.write('/other', 'more', 20 * MIB)
  const other = store(world, peers[0]!, '/other')
  world.until('four copies', 60_000, () => keepers(world, other.id).length === 4)
  const next = request(world, reader, 'other')
  assert.ok(!next.sources.some((source) => source.id === culprit.id))
})

test('a holder that lies about what it has is demoted, and the file comes from the others', () => {
  const { world, peers } = network(5, 7)
  peers[0]!.write('/big', 'data', 50 * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  const [liar, reader] = outsiders(world, stored.id, peers[0]!) as [TestPeer, TestPeer]
  for (const peer of peers) {
    liar.say(peer, {
      type: 'chunksHave',
      claims: [{ manifest: stored.id, state: 'all', chunks: new Uint8Array(0), kept: new Uint8Array(0) }],
    })
  }
  world.run(100)
  const requested = request(world, reader, 'big')
  assert.ok(!requested.sources.some((source) => source.id === liar.id))
  assert.equal(liar.served, 0)
})

test('a source that sends nothing is given up and the file still arrives', () => {
  const { world, peers } = network(6, 6)
  peers[0]!.write('/big', 'data', 50 * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  keepers(world, stored.id)[0]!.mute = true
  const reader = outsiders(world, stored.id, peers[0]!)[0]!
  assert.equal(request(world, reader, 'big').hash, stored.id)
})

test('a downloader is a source while it still downloads', () => {
  const { world, peers } = network(7, 7)
  peers[0]!.write('/big', 'data', 100 * MIB)
  const stored = store(world, peers[0]!, '/big')
  world.until('four copies', 60_000, () => keepers(world, stored.id).length === 4)
  for (const peer of peers) peer.uploadRate = 3 * MIB
  const [first, second] = outsiders(world, stored.id, peers[0]!) as [TestPeer, TestPeer]
  first.swarm.request('big', { target: '/1' }, quiet, quiet)
  world.until('a third of the chunks', 60_000, () => first.partBits(stored.id) > 130)
  const served = first.served
  second.swarm.request('big', { target: '/2' }, quiet, quiet)
  world.run(4_000)
  assert.ok(first.partBits(stored.id) > 0, 'still downloading')
  assert.ok(first.served > served)
})

test('a download whose holders are gone says so, and goes on when one returns', () => {
  const { world, peers } = network(18, 3)
  const [ann, bob] = peers as [TestPeer, TestPeer, TestPeer]
  ann.write('/only', 'data', 50 * MIB)
  const shared = world.wait<StoredView>('share', 10_000, (done) => ann.swarm.share('/only', {}, quiet, done))
  assert.ok(shared.ok)
  let answer: RequestedView | null = null
  bob.swarm.request('only', { target: '/o' }, quiet, (result) => {
    if (result.ok) answer = result.value
  })
  world.until('half of it', 30_000, () => bob.partBits(shared.value.id) > 100)
  ann.kill()
  world.run(9_000)
  const [view] = bob.swarm.transfers().filter((transfer) => transfer.direction === 'down')
  assert.equal(view?.state, 'stalled')
  assert.notEqual(view?.reason, '')
  const before = ann.served
  ann.start()
  world.until('the rest', 60_000, () => answer !== null)
  assert.ok(ann.served - before < 120, 'what was there is not fetched again')
})

test('a transfer is paused, resumed and cancelled', () => {
  const { world, peers } = network(19, 3)
  const [ann, bob] = peers as [TestPeer, TestPeer, TestPeer]
  ann.write('/big', 'data', 100 * MIB)
  world.wait<StoredView>('share', 10_000, (done) => ann.swarm.share('/big', {}, quiet, done))
  let message = ''
  bob.swarm.request('big', { target: '/big' }, quiet, (result) => {
    message = result.ok ? 'arrived' : result.message
  })
  world.run(1_000)
  const n = bob.swarm.transfers().find((transfer) => transfer.direction === 'down')!.n
  assert.ok(bob.swarm.control(n, 'pause').ok)
  world.run(3_000)
  const paused = bob.swarm.transfers().find((transfer) => transfer.n === n)!
  assert.equal(paused.state, 'paused')
  world.run(3_000)
  assert.equal(bob.swarm.transfers().find((transfer) => transfer.n === n)!.done, paused.done)
  assert.ok(bob.swarm.control(n, 'resume').ok)
  world.run(500)
  assert.ok(bob.swarm.transfers().find((transfer) => transfer.n === n)!.done > paused.done)
  assert.ok(bob.swarm.control(n, 'cancel').ok)
  world.run(100)
  assert.equal(message, 'cancelled')
  assert.equal(bob.disk.parts.size, 0)
  assert.equal(bob.swarm.transfers().find((transfer) => transfer.n === n)?.state, 'failed')
  assert.ok(!bob.swarm.control(n, 'resume').ok)
})

test.run()
