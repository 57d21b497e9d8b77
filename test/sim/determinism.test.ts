/** The first promise of the simulator: a seed says everything. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { makePlan, type PlanName, SHAPES } from './plan.js'
import { play } from './scenario.js'

const NAMES: readonly PlanName[] = ['storm', 'churn', 'ring', 'power', 'line', 'polls']

test('a seed played twice gives the same event hash, whatever was played in between', () => {
  const first = NAMES.map((name) => play(makePlan(name, 11)))
  const second = NAMES.toReversed().map((name) => play(makePlan(name, 11)))
  assert.deepEqual(second.reverse(), first)
})

test('another seed gives another event hash', () => {
  const hashes = [1, 2, 3].map((seed) => play(makePlan('power', seed)).hash)
  assert.equal(new Set(hashes).size, 3)
})

test('every plan can be played by name', () => {
  assert.deepEqual(Object.keys(SHAPES).toSorted(), [...NAMES].sort())
})

test.run()
