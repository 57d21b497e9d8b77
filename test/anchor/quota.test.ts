/** What the files task keeps when there is not room for all. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { api, Scene, type SimAnchor, store } from './scene.js'

const MIB = 1 << 20

function network(seed: number, quotaMib: number) {
  const scene = new Scene(seed)
  const anchor = scene.addAnchor(quotaMib * MIB)
  const peers = scene.addPeers(6)
  scene.settled()
  const [publisher] = peers
  assert.ok(publisher)
  const put = (name: string, mib: number): void => store(scene, publisher, name, mib, name.length * 7)
  return { scene, anchor, peers, publisher, put, world: scene.world }
}

const said = (anchor: SimAnchor): string =>
  anchor
    .node('files')
    .log.map(({ text }) => text)
    .join('\n')

const hasCopy = (anchor: SimAnchor, name: string): boolean =>
  anchor.manifest(name).chunks.every(({ holders }) => holders.some(({ id }) => id === anchor.id))

test('the copy that was used longest ago gives way to a new one, once enough others hold it', () => {
  const { anchor, put, world, scene, publisher } = network(11, 5)
  put('a', 2)
  world.until(() => hasCopy(anchor, 'a'), '60 s', 'a copy of a')
  put('bb', 2)
  world.until(() => hasCopy(anchor, 'bb'), '60 s', 'a copy of bb')
  world.run('40 s') // claims of all keepers were repeated
  assert.equal(anchor.core('files').counts().known, 2)
  put('ccc', 2)
  world.until(() => hasCopy(anchor, 'ccc'), '60 s', 'a copy of ccc')
  world.until(() => !hasCopy(anchor, 'a'), '60 s', 'no copy of a')
  assert.ok(hasCopy(anchor, 'bb'), 'it was used later than a')
  assert.match(said(anchor), /File a gives way/)
  assert.equal(anchor.core('files').counts().known, 2)
  // the name itself stays, and the others go on holding it
  const files = scene.wait<readonly { name: string; holders: number }[]>('files', (done) =>
    api(publisher).files('', done),
  )
  assert.ok((files.find(({ name }) => name === 'a')?.holders ?? 0) >= 4)
  assert.deepEqual(world.network.violations, [])
})

test('what found no room gets in later, when enough others hold what was in its place', () => {
  const { anchor, put, world, peers, publisher } = network(15, 3)
  put('a', 2)
  world.until(() => hasCopy(anchor, 'a'), '60 s', 'a copy of a')
  const away = peers.filter((node) => node !== publisher).slice(0, 3)
  for (const node of away) world.kill(node)
  world.run('5 s')
  put('bb', 2)
  world.run('30 s')
  assert.ok(hasCopy(anchor, 'a') && !hasCopy(anchor, 'bb'))
  for (const node of away) world.start(node)
  world.until(() => hasCopy(anchor, 'bb') && !hasCopy(anchor, 'a'), '300 s', 'a copy of bb in its place')
  // and a does not push it out again
  world.run('300 s')
  assert.ok(hasCopy(anchor, 'bb'))
  assert.equal(anchor.node('files').files.dropped.length, 1)
})

test('a copy that too few others hold stays, and what finds no room is refused', () => {
  const { anchor, put, world, peers, publisher } = network(12, 3)
  put('a', 2)
  world.until(() => hasCopy(anchor, 'a'), '60 s', 'a copy of a')
  // two are left, so nobody can make four copies
  for (const node of peers) if (node !== publisher && peers.indexOf(node) > 1) world.kill(node)
  world.run('5 s')
  put('bb', 2)
  world.run('60 s')
  assert.ok(hasCopy(anchor, 'a'))
  assert.ok(!hasCopy(anchor, 'bb'))
  assert.equal(anchor.core('files').counts().known, 1)
  assert.deepEqual(anchor.node('files').files.dropped, [])
})

test('a file larger than the quota drops nothing', () => {
  const { anchor, put, world } = network(13, 3)
  put('a', 2)
  world.until(() => hasCopy(anchor, 'a'), '60 s', 'a copy of a')
  world.run('40 s')
  put('large', 4)
  world.run('40 s')
  assert.ok(hasCopy(anchor, 'a'))
  assert.deepEqual(anchor.node('files').files.dropped, [])
})

test('what its publisher removes goes from the anchor too', () => {
  const { anchor, put, world, scene, publisher } = network(14, 5)
  put('a', 2)
  world.until(() => hasCopy(anchor, 'a'), '60 s', 'a copy of a')
  scene.wait('remove', (done) => api(publisher).remove('a', done))
  world.until(() => anchor.core('files').counts().known === 0, '60 s', 'no copy')
  assert.equal(anchor.core('manifests').counts().known, 0)
})

test.run()
