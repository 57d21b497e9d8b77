/** What users ask of the folder: conflicts settled, deleted files brought back, and what happened last. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Done, Result } from '../../src/api.js'
import type { FolderView, KeepChoice, TrashView } from '../../src/folder-views.js'
import { FolderWorld, type Site } from './shared-world.js'

function wait<T>(world: FolderWorld, call: (done: Done<T>) => void): Result<T> {
  const results: Result<T>[] = []
  call((result) => void results.push(result))
  assert.equal(results.length, 0, 'the answer came inside the call')
  world.until('an answer', '10 s', () => results.length > 0)
  return results[0]!
}

/** Two peers that edited one file at once. */
function conflict(): { world: FolderWorld; a: Site; b: Site; copy: string } {
  const world = new FolderWorld(31)
  const [a, b] = [world.add((tree) => tree.write('dir/text.md', 'first')), world.add()]
  world.untilInSync()
  world.world.partition([a.node], [b.node])
  world.run('3 s')
  a.tree.write('dir/text.md', 'by a')
  world.run('1 s')
  b.tree.write('dir/text.md', 'by b')
  world.run('1 s')
  world.world.heal()
  world.until('a conflict', '20 s', () => world.sites().every(({ folder }) => folder.folder().conflicts.length === 1))
  world.untilInSync()
  const [found] = a.folder.folder().conflicts
  return { world, a, b, copy: found?.copy ?? '' }
}

const keep = (world: FolderWorld, { folder }: Site, copy: string, choice: KeepChoice): Result<FolderView> =>
  wait<FolderView>(world, (done) => folder.folderKeep(copy, choice, done))

test('a conflict is shown with its copy and who made it', () => {
  const { a, b, copy } = conflict()
  assert.match(copy, /^dir\/text\.sync-conflict-.*\.md$/)
  const [shown] = b.folder.folder().conflicts
  assert.deepEqual([shown?.path, shown?.copy, shown?.by], ['dir/text.md', copy, a.node.name])
  assert.equal(a.tree.read('dir/text.md'), 'by b')
  assert.equal(a.tree.read(copy), 'by a')
  const said = b.folder.folder().changes.find(({ path }) => path === copy)
  assert.equal(said?.what, 'conflict')
})

test('`this` keeps what is in place', () => {
  const { world, a, b, copy } = conflict()
  assert.ok(keep(world, a, copy, 'this').ok)
  world.until('no conflict', '10 s', () => b.folder.folder().conflicts.length === 0)
  world.untilInSync()
  assert.deepEqual(b.tree.paths, ['dir', 'dir/text.md'])
  assert.equal(b.tree.read('dir/text.md'), 'by b')
})

test('`that` puts the copy in place, named by its file', () => {
  const { world, a, b } = conflict()
  assert.ok(keep(world, a, 'dir/text.md', 'that').ok)
  world.until('no conflict', '10 s', () => b.folder.folder().conflicts.length === 0)
  world.untilInSync()
  assert.equal(b.tree.read('dir/text.md'), 'by a')
  assert.deepEqual(b.tree.paths, ['dir', 'dir/text.md'])
})

test('`both` gives the copy a name of its own', () => {
  const { world, a, b, copy } = conflict()
  a.tree.write('dir/text (2).md', 'taken')
  world.untilInSync()
  world.run('1 s')
  assert.ok(keep(world, a, copy, 'both').ok)
  world.until('no conflict', '10 s', () => b.folder.folder().conflicts.length === 0)
  world.untilInSync()
  assert.equal(b.tree.read('dir/text (3).md'), 'by a')
  assert.equal(b.tree.read('dir/text.md'), 'by b')
})

test('what has no conflict cannot be settled, and a paused folder settles nothing', () => {
  const { world, a, copy } = conflict()
  const none = keep(world, a, 'dir', 'this')
  assert.ok(!none.ok && /no conflict/.test(none.message))
  a.folder.folderPause()
  const paused = keep(world, a, copy, 'this')
  assert.ok(!paused.ok && /paused/.test(paused.message))
  assert.equal(wait<readonly TrashView[]>(world, (done) => a.folder.folderTrash(done)).ok, false)
})

test('what another peer deleted comes back from the trash by its path, for all', () => {
  const { world, a, b } = conflict()
  a.tree.delete('dir/text.md')
  world.until('it is gone', '10 s', () => !b.tree.things.has('dir/text.md'))
  world.untilInSync()
  const trash = wait<readonly TrashView[]>(world, (done) => b.folder.folderTrash(done))
  assert.ok(trash.ok && trash.value[0]?.path === 'dir/text.md')
  const restored = wait<TrashView>(world, (done) => b.folder.folderRestore('dir/text.md', done))
  assert.ok(restored.ok && restored.value.path === 'dir/text.md')
  world.until('it is back', '10 s', () => a.tree.read('dir/text.md') === 'by b')
  world.untilInSync()
  assert.equal(b.folder.folder().changes[0]?.what, 'restored')
  const unknown = wait<TrashView>(world, (done) => b.folder.folderRestore('nothing', done))
  assert.ok(!unknown.ok)
})

test('the last fifty changes are shown, newest first, with what happened and by whom', () => {
  const world = new FolderWorld(32)
  const [a, b] = [world.add(), world.add()]
  world.untilInSync()
  for (let n = 0; n < 60; n++) a.tree.write(`${n}`, `${n}`)
  world.untilInSync()
  a.tree.write('0', 'other')
  world.untilInSync()
  world.run('1 s')
  b.tree.delete('1')
  world.run('2 s')
  const { changes } = a.folder.folder()
  assert.equal(changes.length, 50)
  assert.deepEqual(
    changes.slice(0, 2).map(({ path, what, by }) => `${path} ${what} by ${by}`),
    [`1 deleted by ${b.node.name}`, `0 changed by ${a.node.name}`],
  )
})

test.run()
