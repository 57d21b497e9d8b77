import assert from 'node:assert/strict'
import { test } from 'uvu'
import { Asked } from '../../src/ledger/asked.js'
import type { Hash } from '../../wire/types.js'

const id = (digit: string): Hash => digit.repeat(64) as Hash

test('what was asked twice may come twice, and not a third time', () => {
  const asked = new Asked()
  asked.add(id('1'))
  asked.add(id('1'))
  assert.deepEqual(
    [1, 2, 3].map(() => asked.answered(id('1'))),
    [true, true, false],
  )
})

test('what nobody asked for is told apart, and the oldest question is forgotten first', () => {
  const asked = new Asked()
  for (const digit of ['1', '2', '1']) asked.add(id(digit))
  assert.equal(asked.size, 2)
  asked.forgetOldest()
  assert.deepEqual([asked.answered(id('1')), asked.answered(id('2')), asked.answered(id('3'))], [false, true, false])
})

test.run()
