import assert from 'node:assert/strict'
import { test } from 'uvu'
import { Soon } from '../src/soon.js'
import { World } from './swarm/world.js'

function scene() {
  const world = new World(1)
  const env = { now: () => world.nowMs, after: (ms: number, fn: () => void) => world.at(ms, fn) }
  const doneAt: number[] = []
  const start = world.nowMs
  return { world, soon: new Soon(env, () => doneAt.push(world.nowMs - start)), doneAt }
}

test('what is asked for several times is done once, at the earliest of the times', () => {
  const { world, soon, doneAt } = scene()
  soon.plan(1_000)
  soon.plan(20)
  soon.plan()
  soon.plan(500)
  world.run(5_000)
  assert.deepEqual(doneAt, [20])
})

test('what was done may be asked for again', () => {
  const { world, soon, doneAt } = scene()
  soon.plan()
  world.run(100)
  soon.plan(200)
  world.run(1_000)
  assert.deepEqual(doneAt, [50, 300])
})

test('whoever asks from within the work gets a second one', () => {
  const world = new World(1)
  const env = { now: () => world.nowMs, after: (ms: number, fn: () => void) => world.at(ms, fn) }
  let times = 0
  const soon: Soon = new Soon(env, () => {
    times++
    if (times < 3) soon.plan()
  })
  soon.plan()
  world.run(1_000)
  assert.equal(times, 3)
})

test.run()
