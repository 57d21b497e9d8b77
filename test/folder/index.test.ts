import assert from 'node:assert'
import { test } from 'uvu'
import { gossip, NOON, Peer } from './world.js'

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

test.run()
