import assert from 'node:assert/strict'
import { test } from 'uvu'
import { settle, townOf, untilOne, viewsOf } from './town.js'

test('two peers on one machine find each other within two seconds, told nothing', () => {
  const town = townOf(1)
  const first = settle(town)
  town.run('1 s')
  const second = settle(town)
  untilOne(town, '2 s', 'two that meet')
  assert.equal(viewsOf(first)[0]?.state, 'up')
  assert.equal(viewsOf(second)[0]?.name, 'peer-0')
  assert.equal(first.peer.membership.role(), 'anchor')
  assert.equal(second.peer.membership.role(), 'peer')
  assert.ok(first.log.some(({ text }) => text.startsWith('no anchor answered: founded network "sim"; open a second')))
  assert.ok(second.log.some(({ text }) => text.startsWith('joined network "sim" through peer-0')))
})

test.run()
