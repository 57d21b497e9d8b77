/** When paths that failed are tried again. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { Delays } from '../../src/folder/delays.js'
import { IGNORED, ONE_FILE } from '../../src/folder-disk.js'
import { SimProcess } from '../sim/process.js'
import { Schedule } from '../sim/schedule.js'

interface Bench {
  readonly delays: Delays
  readonly due: string[]
  run(ms: number): void
}

function bench(): Bench {
  const schedule = new Schedule()
  const process = new SimProcess(schedule, 1, 0, 0, 0)
  const due: string[] = []
  const env = { now: () => schedule.now, after: process.after.bind(process) }
  const delays = new Delays(env, (path) => void due.push(path))
  return { delays, due, run: (ms) => schedule.runUntil(schedule.now + ms) }
}

test('a failure waits a second, and longer each time in a row', () => {
  const { delays, due, run } = bench()
  const waits: number[] = []
  for (let round = 0; round < 8; round++) {
    delays.add('a', 'failed', 'no')
    assert.ok(delays.holds('a'))
    due.length = 0
    let waited = 0
    while (due.length === 0 && waited < 100_000) {
      run(1000)
      waited += 1000
    }
    assert.equal(delays.holds('a'), false)
    waits.push(Math.round(waited / 1000))
  }
  assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 60, 60])
  delays.delete('a')
  delays.add('a', 'failed', 'no')
  run(1001)
  assert.equal(delays.holds('a'), false)
})

test('what is not possible waits a minute, or until the rules changed', () => {
  const { delays, due, run } = bench()
  delays.add('a', 'skipped', 'ignored')
  delays.add('b', 'starved', 'nobody has it')
  assert.equal(delays.skipped, 1)
  assert.deepEqual([...delays.problems()], [{ path: 'a', reason: 'ignored' }])
  run(2000)
  assert.deepEqual(due, ['b'])
  delays.wakeAll('skipped')
  assert.deepEqual(due, ['b', 'a'])
  delays.add('a', 'skipped', 'ignored')
  run(58_000)
  assert.deepEqual(due, ['b', 'a'])
  run(3_000)
  assert.deepEqual(due, ['b', 'a', 'a'])
})

test('what its user wants so is no problem', () => {
  const { delays } = bench()
  delays.add('ignored', 'skipped', IGNORED)
  delays.add('beside it', 'skipped', ONE_FILE)
  delays.add('taken', 'skipped', 'something else stands there')
  delays.add('taken', 'skipped', 'something else stands there')
  assert.equal(delays.skipped, 3)
  assert.deepEqual(
    [...delays.problems()].map(({ path }) => path),
    ['taken'],
  )
  delays.delete('ignored')
  delays.delete('ignored')
  assert.equal(delays.skipped, 2)
  delays.clear()
  assert.equal(delays.skipped, 0)
})

test.run()
