/** Where bytes come from: from several at once, from another one when one fails, never from who lies. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { makeFolderPlan } from '../sim/folder-plan.js'
import { playFolder } from '../sim/folder-play.js'
import { FolderWorld, type Site } from './shared-world.js'

const BIG = 'big '.repeat(1_000_000)

/** Peers that were asked for blocks since a time. */
function askedPeers(world: FolderWorld, since: number): readonly number[] {
  return [...new Set(world.saidOf('folderBlocksGet', since).map(({ to }) => to))].sort()
}

/** Two that hold a big file, and one that comes. */
function three(bytesPerMs: number, seed = 11): { world: FolderWorld; a: Site; b: Site; c: Site } {
  const world = new FolderWorld(seed, { bytesPerMs })
  const [a, b] = [world.add((tree) => tree.write('big', BIG)), world.add((tree) => tree.write('big', BIG))]
  world.untilInSync()
  return { world, a, b, c: world.add() }
}

test('a big file comes from all that hold it', () => {
  const { world, c } = three(2_000)
  world.untilInSync()
  assert.equal(c.tree.read('big'), BIG)
  assert.deepEqual(askedPeers(world, 0), [0, 1])
})

test('when a source dies the rest comes from another', () => {
  const { world, a, b, c } = three(300)
  world.until('it fetches', '10 s', () => c.folder.folder().need.done > 500_000)
  const blocks = world.saidOf('folderBlocksGet').length
  world.world.kill(a.node)
  world.untilInSync('60 s', [b, c])
  assert.ok(world.saidOf('folderBlocksGet').length > blocks)
})

test('when the only source dies, what was fetched is kept for its return', () => {
  const world = new FolderWorld(12, { bytesPerMs: 300 })
  const a = world.add((tree) => tree.write('big', BIG.repeat(4)))
  const c = world.add()
  world.until('it fetches', '10 s', () => c.folder.folder().need.done > 1_000_000)
  world.world.kill(a.node)
  world.run('30 s')
  const { done } = c.folder.folder().need
  assert.ok(done > 1_000_000)
  const since = world.world.now
  world.world.start(a.node)
  world.until('it goes on', '20 s', () => c.folder.folder().need.done > done)
  const left = world.saidOf('folderBlocksGet', since).length
  world.untilInSync('120 s')
  assert.ok(left > 0 && world.saidOf('folderBlocksGet', since).length <= Math.ceil((16_000_000 - done) / 900_000) + 1)
})

test('a source that sends wrong bytes is blamed, and others give them', () => {
  const { world, a, b, c } = three(2_000, 13)
  world.spoil(a.node, 1)
  world.untilInSync('60 s', [b, c])
  assert.equal(c.tree.read('big'), BIG)
  const [violation] = world.world.network.violations
  assert.equal(violation?.by, c.node.index)
  assert.match(violation?.reason ?? '', /not what its hash says/)
})

test('bytes are passed on by who got them, also where their author is out of reach', () => {
  const world = new FolderWorld(14)
  const a = world.add()
  const b = world.add()
  const c = world.add()
  world.untilInSync()
  world.world.partition([a.node], [c.node])
  world.run('3 s')
  a.tree.write('new', BIG)
  world.untilInSync('20 s')
  assert.equal(c.tree.read('new'), BIG)
  assert.ok(askedPeers(world, 0).includes(b.node.index))
})

test('what nobody has is asked for less and less often, and fetched once somebody has it', () => {
  const world = new FolderWorld(15, { bytesPerMs: 300 })
  const a = world.add()
  const b = world.add()
  const c = world.add()
  world.untilInSync()
  a.tree.write('new', BIG)
  a.tree.write('the same', BIG)
  world.until('both heard of it', '5 s', () => [b, c].every(({ folder }) => folder.folder().need.items === 2))
  world.world.kill(a.node)
  world.run('60 s')
  const since = world.world.now
  world.run('60 s')
  const asked = world.said.filter(({ time }) => time > since)
  assert.ok(asked.length <= 20, `${asked.length} messages in a minute`)
  assert.equal(b.folder.folder().state, 'syncing')
  world.world.start(a.node)
  world.untilInSync('60 s')
})

test('what its only holder refuses is a problem that is shown, and asked for again soon', () => {
  const world = new FolderWorld(16)
  const a = world.add()
  const b = world.add()
  world.untilInSync()
  a.tree.write('new', 'text')
  world.until('b heard of it', '5 s', () => b.folder.folder().need.items === 1)
  a.folder.folderPause()
  world.until('it is shown', '10 s', () => b.folder.folder().problems.some(({ path }) => path === 'new'))
  a.folder.folderResume(null, () => {})
  world.untilInSync('10 s')
  assert.deepEqual(b.folder.folder().problems, [])
})

test('a file that waited for equal bytes of another path goes on when nobody had them for that one', () => {
  // a seed in which it once waited for ever
  playFolder(makeFolderPlan(1120))
})

test.run()
