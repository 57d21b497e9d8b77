/** What the folder does when its disk goes away, is full, or does not take a path, and when its user wants a pause. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Result } from '../../src/api.js'
import type { FolderView } from '../../src/folder-views.js'
import { FolderWorld, type Site } from './shared-world.js'

function pair(): { world: FolderWorld; a: Site; b: Site } {
  const world = new FolderWorld(8)
  const a = world.add((tree) => tree.write('one', 'one'))
  const b = world.add()
  world.untilInSync()
  return { world, a, b }
}

function resume(world: FolderWorld, site: Site): Result<FolderView> {
  const results: Result<FolderView>[] = []
  site.folder.folderResume(null, (result) => void results.push(result))
  world.until('an answer to resume', '10 s', () => results.length > 0)
  return results[0]!
}

test('a paused folder neither tells nor writes, and catches up after', () => {
  const { world, a, b } = pair()
  const paused = a.folder.folderPause()
  assert.ok(paused.ok && paused.value.state === 'paused' && !paused.value.inSync)
  a.tree.write('mine', 'mine')
  b.tree.write('theirs', 'theirs')
  world.run('5 s')
  assert.deepEqual(b.tree.paths, ['one', 'theirs'])
  assert.deepEqual(a.tree.paths, ['mine', 'one'])
  assert.ok(resume(world, a).ok)
  world.untilInSync('5 s')
  assert.deepEqual(b.tree.paths, ['mine', 'one', 'theirs'])
})

test('a paused folder passes on what others tell', () => {
  const { world, a, b } = pair()
  const c = world.add()
  world.untilInSync()
  world.world.partition([b.node], [c.node])
  world.run('5 s')
  a.folder.folderPause()
  const since = world.world.now
  b.tree.write('new', 'new')
  world.until('c hears of it', '5 s', () => c.folder.folder().need.items === 1)
  assert.ok(world.saidOf('folderNews', since, a.node.index).length > 0)
  resume(world, a)
  world.untilInSync('70 s')
})

test('a fetch that pauses interrupted is made anew, however many there were', () => {
  const world = new FolderWorld(9, { bytesPerMs: 300 })
  world.add((tree) => tree.write('big', 'big '.repeat(1_000_000)))
  const b = world.add()
  for (let n = 0; n < 20; n++) {
    world.until('it fetches', '30 s', () => b.folder.folder().need.done > 0)
    b.folder.folderPause()
    world.run('3 s')
    resume(world, b)
  }
  world.untilInSync('60 s')
})

test('without its marker the folder pauses, deletes nothing anywhere, and goes on when it is back', () => {
  const { world, a, b } = pair()
  const { marker } = a.tree
  a.tree.loseMarker()
  a.tree.delete('one')
  world.until('it pauses', '5 s', () => a.folder.folder().state === 'paused')
  assert.match(a.folder.folder().reason, /marker/)
  world.run('10 s')
  assert.equal(b.tree.read('one'), 'one')
  a.tree.write('one', 'one')
  a.tree.marker = marker
  world.untilInSync('10 s')
})

test('resumed without its marker, the folder is taken as it is and gets what others have', () => {
  const { world, a, b } = pair()
  a.tree.loseMarker()
  a.tree.delete('one')
  a.tree.write('new', 'new')
  world.until('it pauses', '5 s', () => a.folder.folder().state === 'paused')
  assert.ok(resume(world, a).ok)
  world.untilInSync('10 s')
  assert.deepEqual(b.tree.paths, ['new', 'one'])
})

test('a full disk is said and tried again', () => {
  const { world, a, b } = pair()
  b.tree.capacity = 1000
  a.tree.write('big', 'x'.repeat(200_000))
  a.tree.write('small', 'small')
  world.until('it says so', '5 s', () => b.folder.folder().state === 'paused')
  assert.match(b.folder.folder().reason, /full/)
  b.tree.capacity = Number.POSITIVE_INFINITY
  world.untilInSync('30 s')
  assert.equal(b.tree.read('small'), 'small')
})

test('a full disk does not keep deletions back', () => {
  const { world, a, b } = pair()
  b.tree.capacity = 100
  a.tree.write('big', 'x'.repeat(200_000))
  a.tree.delete('one')
  world.until('it is deleted', '10 s', () => !b.tree.things.has('one'))
})

test('a path that a disk does not take is a problem, and keeps nothing else back', () => {
  const { world, a, b } = pair()
  b.tree.refusals.set('no way', 'skipped')
  b.tree.refusals.set('broken', 'failed')
  a.tree.rename('one', 'no way')
  a.tree.write('broken', 'broken')
  a.tree.write('fine', 'fine')
  world.until('the rest is there', '5 s', () => b.tree.read('fine') === 'fine' && !b.tree.things.has('one'))
  world.run('5 s')
  const paths = b.folder.folder().problems.map(({ path }) => path)
  assert.deepEqual(paths.toSorted(), ['broken', 'no way'])
  b.tree.refusals.delete('broken')
  world.until('the rest is in sync', '70 s', () => b.folder.folder().inSync)
  assert.deepEqual(b.tree.paths, ['broken', 'fine'])
  b.tree.refusals.clear()
  world.untilInSync('70 s')
  assert.deepEqual(b.folder.folder().problems, [])
})

test('a read-only folder tells and writes nothing that others changed; a receive-only one is not told of', () => {
  const world = new FolderWorld(10)
  const a = world.add((tree) => tree.write('shared', 'shared'))
  const reader = world.add((tree) => tree.write('of reader', 'read'), 'read-only')
  const receiver = world.add((tree) => tree.write('of receiver', 'received'), 'receive-only')
  world.run('10 s')
  assert.deepEqual(a.tree.paths, ['of reader', 'shared'])
  assert.deepEqual(reader.tree.paths, ['of reader'])
  assert.deepEqual(receiver.tree.paths, ['of reader', 'of receiver', 'shared'])
  receiver.tree.delete('shared')
  world.run('10 s')
  assert.deepEqual(a.tree.paths, ['of reader', 'shared'])
})

test('after a restart nothing is asked for again, and what happened meanwhile is told', () => {
  const { world, a, b } = pair()
  a.tree.write('big', 'x'.repeat(400_000))
  world.untilInSync()
  world.run('3 s')
  world.world.kill(a.node)
  a.tree.write('two', 'two')
  b.tree.write('three', 'three')
  const since = world.world.now
  world.world.start(a.node)
  world.untilInSync('10 s')
  assert.equal(world.saidOf('folderBlocksGet', since).length, 2)
  assert.equal(world.saidOf('folderContentGet', since).length, 0)
})

test('a closed folder says and does nothing any more', () => {
  const { world, a, b } = pair()
  let isClosed = false
  a.folder.close(() => {
    isClosed = true
  })
  world.until('it is closed', '5 s', () => isClosed)
  const since = world.world.now
  a.tree.write('late', 'late')
  b.tree.write('later', 'later')
  world.run('20 s')
  assert.deepEqual(world.saidOf('folderNews', since, a.node.index), [])
  assert.deepEqual(a.tree.paths, ['late', 'one'])
})

test.run()
