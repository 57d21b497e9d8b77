import assert from 'node:assert'
import { test } from 'uvu'
import { conflictPath } from '../../src/folder/conflict-path.js'
import type { Hash } from '../../wire/types.js'
import { Clock, contentOf, fileState, gossip, MemoryStore, NOON, Peer, peerOf } from './world.js'

test('what is found is told, fetched by others, and then in sync', () => {
  const ann = new Peer('ann').open()
  const bob = new Peer('bob').open()
  ann.mkdir('d')
  ann.write('d/a.txt', 'hello')
  assert.deepEqual(
    ann.told.map(({ path }) => path),
    ['d', 'd/a.txt'],
  )
  gossip([ann, bob])
  assert.equal(bob.index.need('d')?.kind, 'directory')
  assert.equal(bob.index.need('d/a.txt')?.kind, 'write')
  assert.equal(bob.index.isHeld('d/a.txt'), false)
  assert.equal(bob.index.totals().needBytes, 5)
  bob.workAll()
  assert.deepEqual([...bob.index.needs()], [])
  assert.equal(bob.index.isHeld('d/a.txt'), true)
  assert.deepEqual(bob.index.totals(), ann.index.totals())
  assert.equal(bob.told.filter(({ from }) => from !== ann.id).length, 0)
  assert.equal(bob.best('d/a.txt')?.mtimeMs, NOON)
})

test('a touched file is told to nobody, a changed x bit is', () => {
  const ann = new Peer('ann').open()
  ann.write('a', 'x')
  ann.write('a', 'x', false, NOON + 1000)
  assert.equal(ann.told.length, 1)
  assert.equal(new Map(ann.index.known()).get('a')?.mtimeMs, NOON + 1000)
  assert.equal(ann.best('a')?.mtimeMs, NOON)
  ann.write('a', 'x', true)
  assert.equal(ann.told.length, 2)
  const bob = new Peer('bob').open()
  bob.hear(ann, 'a')
  bob.workAll()
  ann.write('a', 'x', false)
  bob.hear(ann, 'a')
  assert.equal(bob.index.need('a')?.kind, 'mode')
})

test('a disk without x bits is asked once', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'x', true)
  bob.hear(ann, 'a')
  const { best } = bob.index.need('a')!
  const state = fileState(contentOf('x'), NOON, false)
  bob.index.applied(best, state)
  assert.equal(bob.index.need('a'), null)
  bob.see({ path: 'a', state: { ...state, mtimeMs: NOON + 5 }, content: contentOf('x') })
  assert.equal(bob.told.length, 1)
  const cid = new Peer('cid').open()
  cid.write('a', 'x', true)
  bob.hear(cid, 'a')
  bob.write('a', 'y')
  cid.hear(bob, 'a')
  assert.equal(cid.best('a')?.content, contentOf('y').id)
  assert.deepEqual([...cid.index.conflicts()], [], 'what was joined was seen')
})

test('what was written before a crash, but not noted, is not told as an edit', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'x')
  bob.hear(ann, 'a')
  bob.write('a', 'x')
  assert.equal(bob.index.need('a'), null)
  assert.equal(bob.told.length, 1)
  assert.deepEqual(bob.best('a'), ann.best('a'))
  ann.remove('a')
  bob.hear(ann, 'a')
  bob.remove('a')
  assert.deepEqual(bob.best('a'), ann.best('a'), 'nor is a deletion')
})

test('deleting an older version than the best one does not delete that', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'old')
  gossip([ann, bob])
  bob.workAll()
  ann.write('a', 'new')
  bob.hear(ann, 'a')
  bob.remove('a')
  gossip([ann, bob])
  assert.equal(ann.best('a')?.content, contentOf('new').id)
  assert.equal(bob.index.need('a')?.kind, 'write')
  assert.equal(bob.index.need('a')?.here, null)
  bob.workAll()
  bob.remove('a')
  gossip([ann, bob])
  assert.equal(ann.index.need('a')?.kind, 'remove')
})

test('a path made anew after its deletion lives, even where the clock went back', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'first')
  ann.remove('a')
  gossip([ann, bob])
  for (const peer of [bob, ann]) {
    peer.clock.ms -= 3_600_000
    peer.write('a', `by ${peer.name}`)
    gossip([ann, bob])
    assert.equal(ann.best('a')?.content, contentOf(`by ${peer.name}`).id)
    peer.remove('a')
    gossip([ann, bob])
    assert.equal(bob.best('a')?.kind, 'deleted')
  }
  assert.deepEqual([...ann.index.conflicts()], [])
})

test('a file of the future is told with the present time', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'x', false, NOON + 1e12)
  assert.equal(ann.best('a')?.mtimeMs, NOON)
  assert.equal(bob.hear(ann, 'a').how, 'adopted')
})

test('the loser of a conflict is kept by whoever has its bytes, before its place is taken', () => {
  const [ann, bob, cid] = [new Peer('ann').open(), new Peer('bob').open(), new Peer('cid').open()]
  ann.write('a.txt', 'by ann', false, NOON)
  bob.write('a.txt', 'by bob', false, NOON + 1)
  cid.hear(ann, 'a.txt')
  cid.hear(bob, 'a.txt')
  assert.deepEqual([...cid.index.conflicts()], [], 'who has no bytes makes no copy')
  ann.hear(cid, 'a.txt')
  const copy = conflictPath('a.txt', NOON, ann.id)
  assert.deepEqual([...ann.index.conflicts()], [{ path: 'a.txt', copy }])
  assert.deepEqual(
    ann.told.slice(1).map(({ path }) => path),
    [copy, 'a.txt'],
    'and the copy is told first',
  )
  assert.equal(ann.index.need('a.txt')?.kind, 'write')
  assert.equal(ann.index.isSourceForOther('a.txt'), true)
  assert.equal(
    ann.index.isSourceForOther('a.txt', (path) => path !== copy),
    false,
    'unless it cannot be written',
  )
  assert.equal(ann.index.locate(contentOf('by ann').id)?.path, 'a.txt')
  ann.asked.length = 0
  ann.work(copy)
  assert.equal(ann.index.isSourceForOther('a.txt'), false)
  assert.ok(ann.asked.includes('a.txt'), 'what waited is looked at again')
  ann.workAll()
  gossip([ann, bob, cid])
  assert.equal(cid.best('a.txt')?.content, contentOf('by bob').id)
  assert.equal(bob.best(copy)?.content, contentOf('by ann').id)
})

test('a conflict copy that was deleted does not come back when the conflict is met again', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'by ann')
  bob.write('a', 'by bob', false, NOON + 1)
  const before = ann.best('a')!
  ann.hear(bob, 'a')
  ann.workAll()
  const copy = conflictPath('a', NOON, ann.id)
  ann.remove(copy)
  assert.equal(ann.index.remote({ ...before, path: copy, vector: [{ peer: ann.id, counter: 1 }] }, bob.id).how, 'older')
  gossip([ann, bob])
  assert.equal(bob.best(copy)?.kind, 'deleted')
  assert.deepEqual([...bob.index.conflicts()], [])
})

test('a copy that could not be made before a user replaced its bytes is called off', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'by ann', false, NOON)
  bob.write('a', 'by bob', false, NOON + 1)
  ann.hear(bob, 'a')
  const copy = conflictPath('a', NOON, ann.id)
  assert.equal(ann.index.need(copy)?.kind, 'write')
  ann.write('a', 'by ann again', false, NOON + 2)
  assert.equal(ann.index.need(copy), null)
  gossip([ann, bob])
  assert.equal(bob.best(copy)?.kind, 'deleted')
  const [conflict, ...others] = [...bob.index.conflicts()]
  assert.equal(conflict?.copy, conflictPath('a', NOON + 1, bob.id))
  assert.deepEqual(others, [])
})

test('a file that is to stand where others have live paths gives way after a while, and is kept as a copy', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.mkdir('d')
  gossip([ann, bob])
  bob.workAll()
  ann.write('d', 'a file')
  bob.write('d/b', 'x')
  gossip([ann, bob])
  assert.equal(bob.index.need('d'), null)
  assert.equal(ann.index.need('d/b'), null)
  for (const peer of [ann, bob]) peer.index.tend()
  assert.equal(ann.best('d')?.kind, 'file', 'not at once: its paths may be told to be deleted next')
  for (const peer of [bob, ann]) peer.index.tend()
  gossip([ann, bob])
  assert.equal(ann.index.need('d')?.kind, 'directory')
  const copy = conflictPath('d', NOON, ann.id)
  assert.deepEqual([...bob.index.conflicts()], [{ path: 'd', copy }])
  assert.equal(ann.index.isSourceForOther('d'), true)
  ann.workAll()
  bob.workAll()
  assert.deepEqual([...ann.index.needs(), ...bob.index.needs()], [])
  assert.deepEqual(ann.index.totals(), bob.index.totals())
})

test('files that changed places wait for each other no longer than needed', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', '1')
  ann.write('b', '2')
  gossip([ann, bob])
  bob.workAll()
  ann.write('a', '2')
  ann.write('b', '1')
  bob.hearAll(ann)
  assert.equal(bob.index.isSourceForOther('a'), false)
  assert.equal(bob.index.isSourceForOther('b'), true)
  bob.workAll()
  assert.equal(bob.index.totals().needItems, 0)
})

test('a block that others ask for is read where it stays, not where it is about to be replaced', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', 'x')
  ann.write('b', 'x')
  gossip([ann, bob])
  bob.workAll()
  const first = bob.index.locate(contentOf('x').id)?.path ?? ''
  ann.write(first, 'y')
  bob.hearAll(ann)
  assert.equal(bob.index.need(first)?.kind, 'write')
  assert.equal(bob.index.locate(contentOf('x').id)?.path, first === 'a' ? 'b' : 'a')
})

test('a renamed file is found on the disk before it goes', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.write('a', ['x', 'y'])
  gossip([ann, bob])
  const content = contentOf(['x', 'y'])
  assert.equal(bob.index.contentOf(content.id), null)
  assert.equal(bob.index.learn(content.id, content.size, contentOf(['x', 'z']).blocks), false)
  assert.equal(bob.index.learn(content.id, content.size, content.blocks), true)
  bob.workAll()
  ann.write('b', ['x', 'y'])
  ann.remove('a')
  bob.hearAll(ann)
  assert.equal(bob.index.isSourceForOther('a'), true)
  const block = Buffer.from(content.blocks.subarray(32)).toString('hex') as Hash
  assert.deepEqual({ ...bob.index.locate(block), state: null }, { path: 'a', offset: 131_072, state: null })
  bob.work('b')
  bob.work('a')
  assert.equal(bob.index.locate(block)?.path, 'b')
  assert.deepEqual(bob.index.contentOf(content.id), content)
  bob.remove('b')
  assert.equal(bob.index.contentOf(content.id), null)
  assert.equal(bob.index.locate(block), null)
})

test('a false size of a content that is there does not change what is told of it', () => {
  const bob = new Peer('bob').open()
  const content = contentOf(['x', 'y'])
  bob.write('a', ['x', 'y'])
  const lie = { ...bob.best('a')!, path: 'b', size: content.size + 1 }
  assert.equal(bob.index.remote(lie, peerOf('mallory')).how, 'adopted')
  assert.equal(bob.index.contentOf(content.id)?.size, content.size)
})

test('a deleted directory stays as long as anything below it lives, and goes after that', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.mkdir('d')
  ann.mkdir('d/e')
  gossip([ann, bob])
  bob.workAll()
  ann.remove('d/e')
  ann.remove('d')
  bob.write('d/e/f', 'x')
  gossip([ann, bob])
  assert.deepEqual([...bob.index.needs()], [])
  ann.workAll()
  ann.mkdir('d')
  ann.mkdir('d/e')
  assert.equal(ann.best('d')?.kind, 'deleted', 'a directory made for what is below it is no edit')
  assert.deepEqual([...ann.index.needs()], [])
  bob.remove('d/e/f')
  gossip([ann, bob])
  assert.deepEqual([...ann.index.needs()], ['d/e/f'])
  ann.work('d/e/f')
  ann.work('d/e')
  assert.deepEqual([...ann.index.needs()], ['d'])
})

test('a directory becomes a file when it is empty, and what is below a file waits until it went', () => {
  const [ann, bob] = [new Peer('ann').open(), new Peer('bob').open()]
  ann.mkdir('d')
  ann.write('d/a', 'x')
  gossip([ann, bob])
  bob.workAll()
  ann.remove('d/a')
  ann.write('d', 'a file now')
  bob.hear(ann, 'd')
  assert.equal(bob.index.need('d'), null)
  bob.hear(ann, 'd/a')
  assert.deepEqual([...bob.index.needs()], ['d/a'])
  bob.work('d/a')
  assert.equal(bob.index.need('d')?.here?.kind, 'directory')
  bob.workAll()
  ann.mkdir('d')
  ann.write('d/a', 'y')
  bob.hear(ann, 'd/a')
  assert.equal(bob.index.need('d/a'), null)
  bob.hear(ann, 'd')
  assert.equal(bob.index.need('d')?.kind, 'directory')
  bob.work('d')
  assert.equal(bob.index.need('d/a')?.kind, 'write')
})

test('receive-only keeps its own changes to itself until others change the same path; later it tells them', () => {
  const ann = new Peer('ann').open()
  const store = new MemoryStore()
  const bob = new Peer('bob', new Clock(), { mode: 'receive-only' }, store).open()
  for (const path of ['a', 'b', 'c']) ann.write(path, `${path} by ann`)
  bob.hearAll(ann)
  bob.workAll()
  bob.told.length = 0
  bob.write('a', 'by bob')
  bob.write('own', 'by bob')
  bob.remove('b')
  assert.deepEqual(bob.told, [])
  assert.deepEqual([...bob.index.needs()], [])
  ann.clock.ms += 5000
  ann.write('a', 'newer')
  bob.hear(ann, 'a')
  assert.deepEqual([...bob.index.needs()], ['a'])
  assert.deepEqual([...bob.index.conflicts()], [])
  bob.write('c', 'c by bob')
  bob.index.flush()
  const both = new Peer('bob', new Clock(NOON + 9000), { mode: 'both' }, store)
  both.index.load()
  assert.deepEqual(both.told.map(({ path }) => path).sort(), ['b', 'c'])
  ann.hearAll(both)
  assert.equal(ann.best('b')?.kind, 'deleted')
  assert.equal(ann.index.need('c')?.kind, 'write')
})

test('read-only needs nothing, and tells its changes', () => {
  const ann = new Peer('ann').open()
  const bob = new Peer('bob', new Clock(), { mode: 'read-only' }).open()
  ann.write('a', 'x')
  bob.hearAll(ann)
  bob.write('b', 'y')
  assert.deepEqual([...bob.index.needs()], [])
  assert.equal(bob.told.at(-1)?.path, 'b')
})

test('what went without being meant is needed again', () => {
  const ann = new Peer('ann').open()
  ann.write('a', 'x')
  ann.index.missing(['a', 'never'])
  assert.equal(ann.index.need('a')?.kind, 'write')
  assert.equal(ann.told.length, 1)
  assert.deepEqual(ann.index.totals(), { files: 0, directories: 0, bytes: 0, needItems: 1, needBytes: 1 })
})

test.run()
