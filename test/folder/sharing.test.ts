/** Peers with one folder: what one has, all get; what one does, all do; and then there is silence. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { SimFolderDisk } from '../sim/folder-disk.js'
import { FolderWorld } from './shared-world.js'

test('folders that meet become the union of all', () => {
  const world = new FolderWorld()
  for (const name of ['a', 'b', 'c']) {
    world.add((tree) => {
      tree.write(`${name}.txt`, `by ${name}`)
      tree.write(`deep/er/${name}.txt`, `by ${name}, deeper`)
      tree.write('same.txt', 'the same')
      tree.mkdir(`empty ${name}`)
    })
  }
  world.untilInSync()
  const [site] = world.sites()
  assert.deepEqual(site?.tree.paths.length, 12)
  assert.equal(
    site?.tree.paths.some((path) => path.includes('conflict')),
    false,
  )
})

test('edits, moves, x bits and deletions reach all, and then nobody says anything', () => {
  const world = new FolderWorld(2)
  const [a, b] = [world.add((tree) => tree.write('dir/one', 'one')), world.add()]
  world.add()
  world.untilInSync()
  a.tree.write('two', 'two')
  b.tree.write('big', 'x'.repeat(700_000))
  world.untilInSync()
  b.tree.write('big', `${'x'.repeat(690_000)}y`)
  a.tree.rename('dir/one', 'dir/uno')
  b.tree.chmod('two', true)
  world.untilInSync()
  assert.equal(a.tree.fileAt('two')?.executable, true)
  a.tree.delete('dir')
  world.untilInSync()
  assert.equal(b.tree.things.has('dir'), false)
  const since = world.world.now + 2_000
  world.run('14 s')
  assert.deepEqual(
    world.said.filter(({ time }) => time > since),
    [],
  )
})

/** How many files were being put together at once at most, where one peer had all and another nothing. */
function mostAtOnce(textOf: (n: number) => string): number {
  const { assemble } = SimFolderDisk.prototype
  let [open, most] = [0, 0]
  SimFolderDisk.prototype.assemble = function (job) {
    const assembly = assemble.call(this, job)
    most = Math.max(most, ++open)
    const finish = assembly.finish.bind(assembly)
    assembly.finish = (done) =>
      finish((outcome) => {
        open--
        done(outcome)
      })
    return assembly
  }
  try {
    const world = new FolderWorld(3)
    world.add((tree) => {
      for (let n = 0; n < 400; n++) tree.write(`f${n}`, textOf(n))
    })
    world.add()
    world.untilInSync()
    return most
  } finally {
    SimFolderDisk.prototype.assemble = assemble
  }
}

test('files of equal bytes, and empty ones, are written as many at once as others', () => {
  const different = mostAtOnce((n) => `${n}`)
  assert.ok(different > 50)
  assert.ok(mostAtOnce(() => 'the same') > different / 2)
  assert.ok(mostAtOnce(() => '') > different / 2)
})

test('how far it is never goes back while files come, and begins anew after that', () => {
  const world = new FolderWorld(3, { bytesPerMs: 100 })
  const a = world.add()
  const b = world.add()
  world.untilInSync()
  const watch = (prefix: string, files: number): void => {
    for (let i = 0; i < files; i++) a.tree.write(`${prefix}${i}`, `${prefix}${i}`.padEnd(1000 + i))
    world.until('all of them are needed', '10 s', () => b.folder.folder().need.items === files)
    const total = b.folder.folder().need.bytes
    assert.equal(total, files * 1000 + (files * (files - 1)) / 2)
    const shares: number[] = []
    world.until(`the files called ${prefix} are there`, '60 s', () => {
      const { inSync, need } = b.folder.folder()
      if (!inSync) {
        assert.equal(need.bytes, total)
        shares.push(need.done / need.bytes)
      }
      return inSync
    })
    assert.deepEqual(
      shares,
      shares.toSorted((one, other) => one - other),
    )
    assert.ok(new Set(shares).size > 3, shares.join(' '))
    assert.deepEqual(b.folder.folder().need, { items: 0, bytes: 0, done: 0 })
  }
  watch('first', 300)
  watch('second', 200)
})

test.run()
