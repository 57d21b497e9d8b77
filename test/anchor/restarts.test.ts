/** Tasks that die and come back with their disks, one after the other, while peers go on. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { VoteView } from '../../src/api.js'
import { api, request, Scene, type SimAnchor, store } from './scene.js'

function network(seed: number) {
  const scene = new Scene(seed)
  const anchor = scene.addAnchor()
  const peers = scene.addPeers(5)
  scene.settled()
  const [one, two, three] = peers
  assert.ok(one && two && three)
  return { scene, anchor, peers, one, two, three, world: scene.world }
}

const viewOf = (node: Parameters<typeof api>[0], anchor: SimAnchor) =>
  api(node)
    .peers()
    .find(({ id }) => id === anchor.id)

const isListed = (anchor: SimAnchor, name: string): boolean =>
  anchor.manifest(name).chunks.every(({ holders }) => holders.some(({ id }) => id === anchor.id))

test('while admission is dead the anchor stays a member, its other tasks serve, and nobody says that it left', () => {
  const { scene, anchor, peers, one, two, world } = network(21)
  store(scene, one, 'before', 2, 1)
  anchor.kill('admission')
  world.run('10 s')
  for (const node of peers) {
    assert.ok(!node.log.some(({ text }) => text.startsWith('Peer disconnected: anchor-0')), 'nobody says that it left')
    assert.deepEqual(
      viewOf(node, anchor)?.tasks.map(({ up }) => up),
      [true, true],
    )
  }
  store(scene, two, 'meanwhile', 2, 2)
  world.until(() => anchor.core('files').counts().known === 2, '60 s', 'a copy of what was stored meanwhile')
  assert.equal(anchor.manifest('meanwhile').chunks.length, 8)
  anchor.start('admission')
  scene.settled('40 s')
  world.run('5 s')
  for (const node of peers) assert.ok(!node.log.some(({ text }) => text.startsWith('Peer disconnected: anchor-0')))
  world.until(() => anchor.core('admission').counts().known === 5, '20 s', 'all five registered anew')
  assert.deepEqual(world.network.violations, [])
})

test('an anchor of which all tasks die is lost, and comes back', () => {
  const { scene, anchor, peers, world } = network(22)
  anchor.kill('admission', 'manifests', 'files')
  world.until(() => peers.every((node) => viewOf(node, anchor)?.state !== 'up'), '20 s', 'all to see that it is gone')
  const left = (): boolean =>
    peers.every((node) => node.log.some(({ text }) => text.startsWith('Peer disconnected: anchor-0')))
  world.until(left, '20 s', 'all to say that it is gone')
  anchor.start('admission', 'manifests', 'files')
  scene.settled('60 s')
})

test('manifests loses nothing that it acknowledged, and learns what came while it was dead', () => {
  const { scene, anchor, one, two, three, world } = network(23)
  store(scene, one, 'before', 2, 1)
  world.until(() => anchor.core('manifests').counts().known === 1, '10 s', 'the name')
  world.run('2 s')
  anchor.kill('manifests')
  world.run('3 s')
  store(scene, two, 'meanwhile', 2, 2)
  request(scene, three, 'before')
  anchor.start('manifests')
  scene.settled('40 s')
  assert.ok(anchor.core('manifests').counts().known >= 1, 'what was durable is there at once')
  world.until(() => anchor.core('manifests').counts().known === 2, '60 s', 'the name that came meanwhile')
  assert.equal(anchor.manifest('meanwhile').chunks.length, 8)
  world.until(() => isListed(anchor, 'meanwhile'), '60 s', 'a copy of what came meanwhile')
  assert.deepEqual(world.network.violations, [])
})

test('a manifests task that begins anew hears at once what the files task holds', () => {
  const { scene, anchor, one, world } = network(26)
  store(scene, one, 'film', 2, 1)
  world.until(() => isListed(anchor, 'film'), '60 s', 'the copy of the files task')
  // claims are repeated every 30 s, which may help the one, but not the other
  for (const time of ['first', 'second']) {
    anchor.kill('manifests')
    world.run('1 s')
    anchor.start('manifests')
    world.until(() => isListed(anchor, 'film'), '10 s', `the copy of the files task, told the ${time} time`)
  }
})

test('files goes on with a copy that it had accepted when it was killed', () => {
  const { scene, anchor, one, world } = network(24)
  store(scene, one, 'done', 2, 1)
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy')
  one.files.put('/home/long', 200 << 20, 2)
  world.act(() =>
    api(one).store(
      '/home/long',
      {},
      () => {},
      () => {},
    ),
  )
  const copying = (): number => {
    const job = anchor
      .core('files')
      .api.transfers?.()
      .find(({ direction }) => direction === 'keep')
    return job === undefined ? 0 : job.done / job.total
  }
  world.until(() => copying() > 0.2, '120 s', 'a fifth of the copy')
  anchor.kill('files')
  world.run('3 s')
  anchor.start('files')
  world.until(() => anchor.core('files').counts().known >= 1, '20 s', 'the whole copy found again')
  world.until(() => anchor.core('files').counts().known === 2, '300 s', 'the other copy made')
  assert.deepEqual(world.network.violations, [])
})

test('files is asked again for what was said to a process that never read it', () => {
  const { scene, anchor, one, world } = network(28)
  world.freeze(anchor.node('files'))
  store(scene, one, 'film', 1, 1)
  anchor.kill('files')
  anchor.start('files')
  world.until(() => anchor.core('files').counts().known === 1, '60 s', 'a copy all the same')
})

test('a task that freezes is linked again when it runs on, and the others do not notice', () => {
  const { scene, anchor, one, two, peers, world } = network(27)
  for (const task of ['manifests', 'files', 'admission'] as const) {
    world.freeze(anchor.node(task))
    world.run('6 s')
    store(scene, one, `while ${task} is frozen`, 1, task.length)
    request(scene, two, `while ${task} is frozen`)
    world.thaw(anchor.node(task))
    scene.settled('60 s')
  }
  for (const node of peers) assert.ok(!node.log.some(({ text }) => text.startsWith('Peer disconnected: anchor-0')))
  world.until(() => anchor.core('manifests').counts().known === 3, '60 s', 'all names')
  world.until(() => anchor.core('files').counts().known === 3, '60 s', 'a copy of each')
  assert.deepEqual(world.network.violations, [])
})

test('two anchors hear of everybody; one dies and the network goes on; it returns and catches up', () => {
  const scene = new Scene(25)
  const { world } = scene
  const first = scene.addAnchor()
  const second = scene.addAnchor()
  const [one, two] = scene.addPeers(5)
  assert.ok(one && two)
  scene.settled('60 s')
  for (const anchor of [first, second]) {
    const peers = (): number => anchor.core('admission').api.status?.().peers ?? 0
    world.until(() => peers() === 6, '20 s', 'five peers and the other anchor at each')
  }
  store(scene, one, 'before', 2, 1)
  const keepsBoth = (anchor: SimAnchor, count: number): boolean => anchor.core('files').counts().known === count
  world.until(() => keepsBoth(first, 1) && keepsBoth(second, 1), '60 s', 'a copy at each')
  first.kill('admission', 'manifests', 'files')
  world.run('5 s')
  const [late] = scene.addPeers(1)
  assert.ok(late)
  world.until(() => second.core('admission').counts().known >= 6, '60 s', 'the newcomer at the anchor that lives')
  store(scene, two, 'meanwhile', 2, 2)
  request(scene, late, 'before')
  const vote = scene.wait<VoteView>('a ballot', (done) =>
    api(late).vote('alice', 'yes', { poll: 'main', timeoutMs: null }, () => {}, done),
  )
  assert.equal(vote.status, 'added')
  first.start('admission', 'manifests', 'files')
  world.until(() => first.core('manifests').counts().known === 2, '60 s', 'both names')
  world.until(() => keepsBoth(first, 2), '60 s', 'a copy of both')
  world.until(() => first.core('admission').api.status?.().height === vote.height, '60 s', 'the chain')
  world.until(() => (first.core('admission').api.status?.().peers ?? 0) === 7, '60 s', 'all peers and the other anchor')
  assert.deepEqual(world.network.violations, [])
})

test.run()
