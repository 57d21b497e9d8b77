/** What stands on a disk already is not fetched again, and nothing is deleted that others there still need. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Message } from '../../wire/messages.js'
import { FolderWorld, type Site } from './shared-world.js'

const BIG = 'big '.repeat(200_000)

/** Blocks that were asked for since a time. */
function asked(world: FolderWorld, since: number): number {
  const gets = world.saidOf('folderBlocksGet', since) as readonly {
    readonly message: Message & { readonly type: 'folderBlocksGet' }
  }[]
  return gets.reduce((sum, { message }) => sum + message.blocks.length, 0)
}

function pair(files: Readonly<Record<string, string>>): { world: FolderWorld; a: Site; b: Site } {
  const world = new FolderWorld(3)
  const a = world.add((tree) => {
    for (const [path, text] of Object.entries(files)) tree.write(path, text)
  })
  const b = world.add()
  world.untilInSync()
  return { world, a, b }
}

test('a moved directory is moved everywhere without a byte sent', () => {
  const { world, a, b } = pair({ 'dir/big': BIG, 'dir/small': 'small', 'dir/deep/other': 'other' })
  const since = world.world.now
  a.tree.rename('dir', 'moved')
  world.untilInSync()
  assert.deepEqual(b.tree.paths, ['moved', 'moved/big', 'moved/deep', 'moved/deep/other', 'moved/small'])
  assert.equal(asked(world, since), 0)
})

test('two files that changed places change them everywhere, without a byte sent', () => {
  const { world, a, b } = pair({ one: 'first', two: 'second', big: BIG, large: `${BIG}!` })
  const since = world.world.now
  for (const [one, two] of [
    ['one', 'two'],
    ['big', 'large'],
  ] as const) {
    a.tree.rename(one, 'third')
    a.tree.rename(two, one)
    a.tree.rename('third', two)
  }
  world.untilInSync()
  assert.equal(b.tree.read('one'), 'second')
  assert.equal(b.tree.read('large'), BIG)
  assert.equal(asked(world, since), 0)
})

test('six hundred files that took each the place of the next do so everywhere, with hardly a byte sent', () => {
  const COUNT = 600
  const { world, a, b } = pair(Object.fromEntries(Array.from({ length: COUNT }, (_, n) => [`${n}`, `file ${n}`])))
  const since = world.world.now
  a.folder.folderPause()
  a.tree.rename(`${COUNT - 1}`, 'last')
  for (let n = COUNT - 2; n >= 0; n--) a.tree.rename(`${n}`, `${n + 1}`)
  a.tree.rename('last', '0')
  a.folder.folderResume(null, () => {})
  world.until('the last is there', '30 s', () => b.tree.read('0') === `file ${COUNT - 1}`)
  world.untilInSync('30 s')
  assert.equal(b.tree.read('500'), 'file 499')
  // more than fit at once: where the circle is cut, some is overwritten before it was copied
  assert.ok(asked(world, since) <= COUNT / 50)
})

test('long chains of files that each took the place of the next do not wait for ever', () => {
  const LENGTH = 200
  const names = ['a', 'b', 'c', 'd'].flatMap((chain) => Array.from({ length: LENGTH }, (_, n) => `${chain}${n}`))
  const { world, a, b } = pair(Object.fromEntries(names.map((name) => [name, `file ${name}`])))
  a.folder.folderPause()
  for (const chain of ['a', 'b', 'c', 'd']) {
    for (let n = LENGTH - 1; n >= 0; n--) a.tree.rename(`${chain}${n}`, `${chain}${n + 1}`)
  }
  a.folder.folderResume(null, () => {})
  world.until('the last is there', '60 s', () => b.tree.read(`d${LENGTH}`) !== null)
  world.untilInSync('60 s')
  assert.equal(b.tree.read('c100'), 'file c99')
})

test('what a path that fails for now needs is neither removed nor replaced', () => {
  const { world, a, b } = pair({ 'to go': 'bytes', 'to change': 'other bytes' })
  const since = world.world.now
  for (const path of ['moved', 'copied']) b.tree.refusals.set(path, 'failed')
  a.tree.rename('to go', 'moved')
  a.tree.write('copied', 'other bytes')
  a.tree.write('to change', 'changed')
  world.run('10 s')
  assert.deepEqual([b.tree.read('to go'), b.tree.read('to change')], ['bytes', 'other bytes'])
  b.tree.refusals.clear()
  world.untilInSync()
  assert.deepEqual(
    [b.tree.read('moved'), b.tree.read('copied'), b.tree.read('to change')],
    ['bytes', 'other bytes', 'changed'],
  )
  assert.equal(asked(world, since), 1)
})

test('a directory goes as soon as what kept it is gone', () => {
  const { world, a, b } = pair({ 'dir/file': 'file', 'dir/other': 'other' })
  b.tree.refusals.set('dir/file', 'failed')
  a.tree.delete('dir')
  world.run('5 s')
  assert.deepEqual(b.tree.paths, ['dir', 'dir/file'])
  b.tree.refusals.clear()
  world.untilInSync('20 s')
})

test('of a file that changed in one block, one block is sent', () => {
  const { world, a, b } = pair({ big: BIG })
  const since = world.world.now
  a.tree.write('big', `${BIG.slice(0, 300_000)}X${BIG.slice(300_001)}`)
  world.untilInSync()
  assert.equal(b.tree.read('big')?.[300_000], 'X')
  assert.equal(asked(world, since), 1)
})

test('the bytes of many equal files are sent once', () => {
  const world = new FolderWorld(4)
  world.add((tree) => {
    for (let n = 0; n < 40; n++) tree.write(`copy ${n}`, BIG)
  })
  const b = world.add()
  world.untilInSync()
  assert.equal(b.tree.read('copy 39'), BIG)
  assert.equal(asked(world, 0), Math.ceil(BIG.length / (128 * 1024)))
})

test('a file takes the place of a directory, and a directory that of a file', () => {
  const { world, a, b } = pair({ 'was dir/in/file': 'in', 'was dir/other': 'other', 'was file': 'file' })
  a.tree.delete('was dir')
  a.tree.delete('was file')
  a.tree.write('was dir', 'a file now')
  a.tree.write('was file/in/it', 'a directory now')
  world.untilInSync()
  assert.equal(b.tree.read('was dir'), 'a file now')
  assert.equal(b.tree.read('was file/in/it'), 'a directory now')
})

test('a file that is edited while its version before is fetched arrives as it is last', () => {
  const world = new FolderWorld(5, { bytesPerMs: 500 })
  const a = world.add((tree) => tree.write('big', BIG))
  const b = world.add()
  world.until('some bytes are asked for', '10 s', () => asked(world, 0) > 0)
  a.tree.write('big', `${BIG} and more`)
  world.untilInSync()
  assert.equal(b.tree.read('big'), `${BIG} and more`)
  assert.equal(b.folder.folder().need.items, 0)
})

test('four thousand small files arrive', () => {
  const world = new FolderWorld(6)
  world.add((tree) => {
    for (let n = 0; n < 4_000; n++) tree.write(`${n % 100}/${n}`, `file ${n}`)
  })
  const b = world.add()
  world.untilInSync('30 s')
  assert.equal(b.folder.folder().files, 4_000)
})

test.run()
