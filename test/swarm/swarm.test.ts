import assert from 'node:assert'
import { test } from 'uvu'
import type { FileView, ManifestView, RequestedView, StoredView } from '../../src/api.js'
import { keyOf } from '../../src/swarm/manifest.js'
import type { PeerId } from '../../wire/types.js'
import { type TestPeer, World } from './world.js'

const MIB = 1024 * 1024
const quiet = () => {}

function store(world: World, peer: TestPeer, path: string, options = {}, limitMs = 60_000): StoredView {
  const result = world.wait<StoredView>(`store ${path}`, limitMs, (done) => {
    peer.swarm.store(path, options, quiet, done)
  })
  if (!result.ok) throw new Error(result.message)
  return result.value
}

function request(world: World, peer: TestPeer, what: string, limitMs = 60_000): RequestedView {
  const result = world.wait<RequestedView>(`request ${what}`, limitMs, (done) => {
    peer.swarm.request(what, { target: `/home/${peer.name}/${what}` }, quiet, done)
  })
  if (!result.ok) throw new Error(result.message)
  return result.value
}

function files(world: World, peer: TestPeer): readonly FileView[] {
  const result = world.wait<readonly FileView[]>('files', 10_000, (done) => peer.swarm.files('', done))
  if (!result.ok) throw new Error(result.message)
  return result.value
}

function keepers(world: World, id: StoredView['id']): TestPeer[] {
  return world.alive().filter((peer) => peer.disk.blobs.has(id))
}

/** Peers that hold nothing of it: neither its publisher nor an owner. */
function outsiders(world: World, id: StoredView['id'], publisher: TestPeer): TestPeer[] {
  const holding = keepers(world, id)
  return world.alive().filter((peer) => peer !== publisher && !holding.includes(peer))
}

function network(seed: number, count: number): { world: World; peers: TestPeer[] } {
  const world = new World(seed)
  const peers = world.addPeers(count)
  world.run(500)
  return { world, peers }
}

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

test('a peer alone keeps its own copy and acknowledges one', () => {
  const { world, peers } = network(1, 1)
  peers[0]!.write('/alone', 'x', 10)
  assert.equal(store(world, peers[0]!, '/alone').holders, 1)
  assert.equal(keepers(world, store(world, peers[0]!, '/alone').id).length, 1)
})

test('an empty file is stored and requested', () => {
  const { world, peers } = network(1, 3)
  peers[0]!.write('/empty', '', 0)
  const stored = store(world, peers[0]!, '/empty')
  assert.equal(request(world, peers[2]!, 'empty').hash, stored.id)
})

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
      claims: [{ manifest: stored.id, state: 'all', chunks: new Uint8Array(0) }],
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

test('only the publisher removes a name, and it stays removed when a keeper comes back', () => {
  const { world, peers } = network(12, 4)
  const [ann, bob, , dave] = peers as [TestPeer, TestPeer, TestPeer, TestPeer]
  ann.write('/old', 'old', 4 * MIB)
  const stored = store(world, ann, '/old')
  world.until('four copies', 30_000, () => keepers(world, stored.id).length === 4)
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
