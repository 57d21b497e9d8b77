/** A mass delete is not passed on before the user says that it was meant. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Result } from '../../src/api.js'
import type { FolderView, ResumeAnswer } from '../../src/folder-views.js'
import { FolderWorld, type Site } from './shared-world.js'

const FILES = 40

function pair(): { world: FolderWorld; a: Site; b: Site } {
  const world = new FolderWorld(7)
  const a = world.add((tree) => {
    for (let n = 0; n < FILES; n++) tree.write(`dir/${n}`, `file ${n}`)
  })
  const b = world.add()
  world.untilInSync()
  return { world, a, b }
}

function resume(world: FolderWorld, site: Site, answer: ResumeAnswer): Result<FolderView> {
  const results: Result<FolderView>[] = []
  site.folder.folderResume(answer, (result) => void results.push(result))
  world.until('an answer to resume', '10 s', () => results.length > 0)
  return results[0]!
}

function deleteFiles({ tree }: Site, count: number): void {
  for (let n = 0; n < count; n++) tree.delete(`dir/${n}`)
}

function untilAsked(world: FolderWorld, site: Site): void {
  world.until('a question', '10 s', () => site.folder.folder().heldDeletions > 0)
}

test('up to half of the files may be deleted without a question, a few within a second', () => {
  const { world, a, b } = pair()
  deleteFiles(a, 10)
  world.until('they are gone', '1 s', () => !b.tree.things.has('dir/9'))
  for (let n = 10; n < 20; n++) a.tree.delete(`dir/${n}`)
  world.untilInSync('5 s')
  assert.equal(b.folder.folder().files, 20)
})

test('more than half in several parts within ten seconds are asked about, a few in a small folder are not', () => {
  const { world, a, b } = pair()
  deleteFiles(a, 18)
  world.untilInSync('5 s')
  for (let n = 18; n < 22; n++) a.tree.delete(`dir/${n}`)
  untilAsked(world, a)
  assert.equal(b.folder.folder().files, FILES - 18)
  world.run('11 s')
  assert.ok(resume(world, a, 'delete').ok)
  for (let n = 22; n < 31; n++) {
    a.tree.delete(`dir/${n}`)
    world.run('2 s')
  }
  world.untilInSync('5 s')
  world.run('11 s')
  for (let n = 31; n < FILES; n++) a.tree.delete(`dir/${n}`)
  world.untilInSync('5 s')
  assert.equal(b.folder.folder().files, 0)
})

test('when more than half is deleted at once the folder pauses and asks, and others keep all', () => {
  const { world, a, b } = pair()
  deleteFiles(a, 30)
  untilAsked(world, a)
  const view = a.folder.folder()
  assert.equal(view.state, 'paused')
  assert.equal(view.inSync, false)
  assert.equal(view.reason, '30 files and directories were deleted here at once')
  world.run('20 s')
  assert.equal(b.folder.folder().files, FILES)
  const refusal = resume(world, a, null)
  assert.ok(!refusal.ok && /--delete.*--restore/.test(refusal.message))
})

test('a directory deleted whole is asked about too', () => {
  const { world, a, b } = pair()
  a.tree.delete('dir')
  untilAsked(world, a)
  world.run('20 s')
  assert.equal(b.folder.folder().files, FILES)
})

test('`delete` passes the deletions on', () => {
  const { world, a, b } = pair()
  a.tree.delete('dir')
  untilAsked(world, a)
  assert.ok(resume(world, a, 'delete').ok)
  world.untilInSync()
  assert.deepEqual(b.tree.paths, [])
})

test('`restore` brings all back that was held, from others', () => {
  const { world, a } = pair()
  deleteFiles(a, 30)
  untilAsked(world, a)
  assert.ok(resume(world, a, 'restore').ok)
  world.untilInSync()
  assert.equal(a.folder.folder().files, FILES)
  assert.equal(a.folder.folder().changes[0]?.what, 'restored')
})

test('files that come back by themselves leave no question', () => {
  const { world, a } = pair()
  a.tree.rename('dir', 'elsewhere')
  a.tree.delete('elsewhere')
  untilAsked(world, a)
  for (let n = 0; n < FILES; n++) a.tree.write(`dir/${n}`, `file ${n}`)
  world.until('no question', '10 s', () => a.folder.folder().heldDeletions === 0)
  world.untilInSync()
})

test('a move of everything is no deletion', () => {
  const { world, a, b } = pair()
  a.tree.rename('dir', 'moved')
  world.untilInSync()
  assert.equal(b.tree.read('moved/39'), 'file 39')
  assert.equal(b.folder.folder().files, FILES)
})

test('what moved does not count with what was deleted', () => {
  const { world, a, b } = pair()
  for (let n = 0; n < 25; n++) a.tree.rename(`dir/${n}`, `moved/${n}`)
  for (let n = 25; n < FILES; n++) a.tree.delete(`dir/${n}`)
  world.until('they are gone', '5 s', () => !b.tree.things.has('dir/39'))
  world.untilInSync()
  assert.equal(b.folder.folder().files, 25)
})

test('what was deleted while the peer did not run is asked about at its next start', () => {
  const { world, a, b } = pair()
  world.world.kill(a.node)
  a.tree.delete('dir')
  world.world.start(a.node)
  const again = world.site(a.node)
  untilAsked(world, again)
  assert.equal(b.folder.folder().files, FILES)
  assert.ok(resume(world, again, 'restore').ok)
  world.untilInSync()
  assert.equal(again.folder.folder().files, FILES)
})

test('an answer to no question is refused', () => {
  const { world, a } = pair()
  assert.equal(resume(world, a, 'delete').ok, false)
  assert.equal(resume(world, a, null).ok, true)
})

test.run()
