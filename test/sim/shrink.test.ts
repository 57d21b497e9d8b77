import assert from 'node:assert/strict'
import { test } from 'uvu'
import { partsOf } from './family.js'
import { shrinkPlan } from './shrink.js'

test('a plan shrinks to the steps that it needs to fail, and keeps failing alike', () => {
  const plan = { steps: Array.from({ length: 40 }, (_, step) => step), loss: 0.1 }
  const failure = ({ steps }: typeof plan): string | null =>
    steps.includes(7) && steps.includes(31) ? 'seven meets thirty-one' : steps.length < 3 ? 'too short' : null
  const small = shrinkPlan(plan, failure, (current) => [{ ...current(), loss: 0 }], 500)
  assert.deepEqual(small, { steps: [7, 31], loss: 0 })
})

test('a plan that passes stays as it is', () => {
  const plan = { steps: [1, 2, 3] }
  assert.equal(
    shrinkPlan(
      plan,
      () => null,
      () => [],
      10,
    ),
    plan,
  )
})

test('a seed of the ring is played twice: by the ring alone and by whole peers', () => {
  const labels = partsOf('ring').map(({ label }) => label)
  assert.deepEqual(labels, ['ring alone', 'whole peers'])
  assert.deepEqual(
    partsOf('storm').map(({ label }) => label),
    ['storm'],
  )
})

test.run()
