/** A dedicated anchor of three tasks, and peers that use it. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { TASKS } from '../../src/anchor/task.js'
import type { HoldersView } from '../../src/api.js'
import type { Peer } from '../../src/peer.js'
import { countBits } from '../../src/swarm/bitmap.js'
import type { Address, PeerId } from '../../wire/types.js'
import { api, request, Scene, store } from './scene.js'

function network(seed: number, peers = 5, quotaBytes?: number) {
  const scene = new Scene(seed)
  const anchor = scene.addAnchor(quotaBytes)
  scene.addPeers(peers)
  scene.settled()
  return { scene, anchor, world: scene.world, peers: scene.peers }
}

/** How many hold each chunk, as the manifests task lists them. */
function holdersOf(anchor: ReturnType<typeof network>['anchor'], name: string): readonly number[] {
  return anchor.manifest(name).chunks.map(({ holders }) => holders.length)
}

/** Ids of those that hold every chunk, as the manifests task lists them. */
function completeHolders(anchor: ReturnType<typeof network>['anchor'], name: string): readonly PeerId[] {
  const { chunks } = anchor.manifest(name)
  const [first] = chunks
  assert.ok(first)
  const ids = first.holders.map(({ id }) => id)
  return ids.filter((id) => chunks.every(({ holders }) => holders.some((holder) => holder.id === id)))
}

test('peers join through admission, keep a link with each task, and the anchor is in no ring', () => {
  const { scene, anchor, peers, world } = network(1)
  assert.ok(anchor.core('admission').counts().served >= 5, 'each said SYN')
  assert.equal(anchor.core('admission').counts().known, 5)
  for (const node of peers) {
    const view = api(node)
      .peers()
      .find(({ id }) => id === anchor.id)
    assert.equal(view?.role, 'anchor')
    assert.deepEqual(
      view?.tasks.map(({ service, up }) => [service, up]),
      [
        ['manifests', true],
        ['files', true],
      ],
    )
    world.until(() => api(node).ring().successors.length === 4, '20 s', 'four successors')
    const ring = api(node).ring()
    for (const { id } of [...ring.successors, ...ring.predecessors, ...ring.fingers]) assert.notEqual(id, anchor.id)
    const { owner, replicas } = scene.wait<{ owner: PeerId; replicas: readonly PeerId[] }>('lookup', (done) =>
      api(node).lookup('film', done),
    )
    assert.ok(owner !== anchor.id && !replicas.includes(anchor.id))
  }
  assert.deepEqual(world.network.violations, [])
})

test('the manifest at the anchor gains holders, chunk by chunk, as peers finish chunks', () => {
  const { scene, anchor, peers, world } = network(2)
  const [publisher, reader, other] = peers
  assert.ok(publisher && reader && other)
  publisher.files.put('/home/film', 40 << 20, 7)
  scene.wait('share', (done) => api(publisher).share('/home/film', {}, () => {}, done))
  world.until(() => anchor.core('manifests').counts().known === 1, '10 s', 'the name at the anchor')
  world.until(() => holdersOf(anchor, 'film').every((count) => count === 1), '60 s', 'the publisher as holder of each')
  assert.equal(holdersOf(anchor, 'film').length, 160)
  let isDone = false
  world.act(() =>
    api(reader).request(
      'film',
      { target: '/got/film' },
      () => {},
      ({ ok }) => void (isDone = ok),
    ),
  )
  const some = (): number => holdersOf(anchor, 'film').filter((count) => count === 2).length
  world.until(() => some() > 0, '60 s', 'the first acknowledged chunks')
  assert.ok(some() < 160 && !isDone, 'while the reader has only some of them')
  const early = some()
  world.until(() => some() > early, '60 s', 'more acknowledged chunks')
  world.until(() => isDone, '60 s', 'the file')
  world.until(() => completeHolders(anchor, 'film').includes(reader.id), '10 s', 'the reader as holder of all')
  request(scene, other, 'film')
  world.until(() => completeHolders(anchor, 'film').length === 3, '10 s', 'three complete holders')
  assert.equal(anchor.core('files').counts().known, 0, 'what is shared stays where its publisher put it')
  assert.deepEqual(world.network.violations, [])
})

for (const anchors of [1, 0]) {
  test(`acknowledgements add holders chunk by chunk while others download, seen at a third peer, ${anchors} anchors`, () => {
    const scene = new Scene(12 + anchors)
    const { world } = scene
    if (anchors > 0) scene.addAnchor()
    const [publisher] = scene.addPeers(1)
    assert.ok(publisher)
    const [reader, onlooker] = scene.addPeers(4, publisher.setup.listen as readonly Address[])
    assert.ok(reader && onlooker)
    scene.settled()
    publisher.files.put('/home/film', 40 << 20, 7)
    scene.wait('share', (done) => api(publisher).share('/home/film', {}, () => {}, done))
    const counts = (): ReadonlyMap<PeerId, number> => {
      const view = scene.wait<HoldersView>('holders', (done) => api(onlooker).holders('film', done))
      assert.equal(view.chunks, 160)
      for (const { count, have } of view.holders) assert.equal(countBits(Buffer.from(have, 'base64')), count)
      return new Map(view.holders.map(({ id, count }) => [id, count]))
    }
    const readerId = (reader.peer as Peer).status().id
    let isDone = false
    world.act(() =>
      api(reader).request(
        'film',
        { target: '/got/film' },
        () => {},
        ({ ok }) => void (isDone = ok),
      ),
    )
    const seen: number[] = []
    while (!isDone && world.now < 120_000) {
      seen.push(counts().get(readerId) ?? 0)
      world.run('0.2 s')
    }
    assert.ok(new Set(seen.filter((count) => count > 0 && count < 160)).size >= 2, `it grows: ${seen.join(' ')}`)
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    )
    world.until(() => counts().get(readerId) === 160, '20 s', 'all of it at the reader')
  })
}

test('the files task keeps a copy of what is stored, and is listed as its holder', () => {
  const { scene, anchor, peers, world } = network(3)
  const [publisher] = peers
  assert.ok(publisher)
  store(scene, publisher, 'film', 10, 7)
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy at the anchor')
  world.until(() => completeHolders(anchor, 'film').includes(anchor.id), '60 s', 'the anchor as a holder')
  const self = anchor.manifest('film').chunks[0]?.holders.find(({ id }) => id === anchor.id)
  assert.equal(self?.address, anchor.options.addresses.files[0])
  assert.ok(anchor.core('manifests').counts().served > 0)
  assert.ok(anchor.core('files').counts().served >= 40, 'each chunk was taken')
  assert.deepEqual(world.network.violations, [])
})

test('status tells the names and copies of the other tasks, also after admission or they began anew', () => {
  const { scene, anchor, peers, world } = network(11, 4, 64 << 20)
  const [publisher] = peers
  assert.ok(publisher)
  const told = (): readonly (number | undefined)[] => {
    const status = anchor.core('admission').api.status?.()
    return [status?.files, status?.keptBytes, status?.transfers, status?.quotaBytes]
  }
  const until = (what: string, ...expected: readonly number[]): void =>
    world.until(() => expected.every((figure, place) => told()[place] === figure), '60 s', what)
  assert.deepEqual(told(), [0, 0, 0, 64 << 20])
  store(scene, publisher, 'film', 10, 7)
  world.until(() => told()[2] === 1, '10 s', 'the copy that is being made')
  until('one name, and a copy of 10 MiB', 1, 10 << 20, 0, 64 << 20)
  for (const task of TASKS) {
    anchor.kill(task)
    world.run('1 s')
    anchor.start(task)
    until(`the same after ${task} began anew`, 1, 10 << 20, 0, 64 << 20)
    store(scene, publisher, task, 1, 8)
    until(`the file stored after ${task} began anew`, 2, 11 << 20)
    scene.wait('remove', (done) => api(publisher).remove(task, done))
    until(`the file removed after ${task} began anew`, 1, 10 << 20)
  }
})

test('register and manifest are handed to the anchor: it does not have to ask', () => {
  const said: string[] = []
  const scene: Scene = new Scene(8, {
    tamper: {
      outgoing: (link, message) => {
        if (scene.anchors[0]?.nodes.get('manifests')?.life?.process === link.process) said.push(message.type)
        return message
      },
      incoming: () => {},
    },
  })
  const anchor = scene.addAnchor()
  const [publisher] = scene.addPeers(3)
  assert.ok(publisher)
  scene.settled()
  store(scene, publisher, 'film', 1, 7)
  scene.world.until(() => said.includes('manifestStored'), '10 s', 'the word that both are durable')
  assert.equal(anchor.manifest('film').chunks.length, 4)
  assert.ok(!said.includes('manifestWant'))
})

test('a file is fetched from the anchor when all its other holders are gone', () => {
  const { scene, anchor, peers, world } = network(4, 6)
  const [publisher] = peers
  assert.ok(publisher)
  store(scene, publisher, 'film', 5, 7)
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy at the anchor')
  world.run('5 s')
  for (const node of peers) world.kill(node)
  const before = anchor.core('files').counts().served
  const [newcomer] = scene.addPeers(1)
  assert.ok(newcomer)
  scene.settled()
  request(scene, newcomer, 'film')
  assert.ok(anchor.core('files').counts().served - before >= 20, 'all 20 chunks came from the anchor')
})

test('the anchor copies from a peer that nobody can dial, and that peer fetches from the anchor', () => {
  const scene = new Scene(5)
  const { world } = scene
  const anchor = scene.addAnchor()
  const [walled, ...others] = scene.addPeers(4)
  assert.ok(walled)
  world.network.wall(walled.host)
  scene.settled()
  const role = (): string | undefined => api(walled).status().role
  world.until(() => role() === 'dial-out', '60 s', 'the anchor to find that it cannot dial that peer')
  for (const node of others) world.kill(node)
  world.run('5 s')
  store(scene, walled, 'film', 5, 7)
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy of what only that peer has')
  const [newcomer] = scene.addPeers(1)
  assert.ok(newcomer)
  scene.settled('60 s')
  store(scene, newcomer, 'other', 5, 8)
  world.until(() => anchor.core('files').counts().known === 2, '60 s', 'a copy of the other file')
  world.kill(newcomer)
  world.run('5 s')
  assert.deepEqual(request(scene, walled, 'other'), [anchor.id])
  assert.deepEqual(world.network.violations, [])
})

test('in a network too large for a full mesh every peer has links with all tasks', () => {
  const scene = new Scene(9)
  const { world } = scene
  const anchor = scene.addAnchor()
  const peers = scene.addPeers(40)
  const hasAll = (node: (typeof peers)[number]): boolean =>
    api(node)
      .peers()
      .some(({ id, state, tasks }) => id === anchor.id && state === 'up' && tasks.every(({ up }) => up))
  world.until(() => peers.every(hasAll), '90 s', 'three links of each peer')
  world.until(() => anchor.core('admission').counts().known === 40, '30 s', 'all forty registered')
  const [publisher] = peers
  assert.ok(publisher)
  store(scene, publisher, 'film', 1, 7)
  world.until(() => completeHolders(anchor, 'film').length >= 5, '60 s', 'its keepers and the anchor as holders')
  assert.deepEqual(world.network.violations, [])
})

test('the same seed makes the same events', () => {
  const hashOf = (): string => {
    const { scene, anchor, peers, world } = network(10, 3)
    const [publisher] = peers
    assert.ok(publisher)
    anchor.kill('files')
    store(scene, publisher, 'film', 2, 7)
    anchor.start('files')
    world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy')
    return world.hash
  }
  assert.equal(hashOf(), hashOf())
})

test('a peer that left keeps no link with any task and dials none', () => {
  const { anchor, peers, world } = network(6)
  const [leaver] = peers
  assert.ok(leaver)
  let isGone = false
  world.act(() => api(leaver).quit(() => void (isGone = true)))
  world.until(() => isGone, '20 s', 'the goodbye')
  world.run('10 s') // its process runs on
  const open = [...world.network.links()].filter(({ process, closed }) => process === leaver.process && !closed)
  assert.equal(open.length, 0)
  assert.equal(anchor.core('admission').counts().known, 4)
})

test('a dedicated anchor that comes back as an ordinary peer is one, and the other way round', () => {
  const scene = new Scene(7)
  const { world } = scene
  const anchor = scene.addAnchor()
  const peers = scene.addPeers(3)
  scene.settled()
  anchor.kill(...TASKS)
  world.run('1 s')
  const [address] = anchor.options.addresses.admission
  const [join] = peers[0]?.setup.listen ?? []
  assert.ok(address && join)
  const changed = world.addPeer({
    host: 'anchor-0',
    name: 'anchor-0',
    keys: anchor.keys,
    listen: [address],
    join: [join as Address],
  })
  const inRing = (node: (typeof peers)[number]): boolean =>
    api(node)
      .ring()
      .successors.some(({ id }) => id === anchor.id)
  world.until(() => peers.every(inRing), '60 s', 'the former anchor in the ring')
  store(scene, changed, 'film', 2, 1)
  world.kill(changed)
  world.run('1 s')
  anchor.start(...TASKS)
  scene.settled('60 s')
  world.until(() => !peers.some(inRing), '60 s', 'the anchor out of the ring')
  world.until(() => anchor.core('manifests').counts().known === 1, '60 s', 'the name')
  assert.deepEqual(world.network.violations, [])
})

test.run()
