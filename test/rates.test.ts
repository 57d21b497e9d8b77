import assert from 'node:assert/strict'
import { test } from 'uvu'
import { Rates } from '../src/rates.js'

const STILL = { down: 0, up: 0 }

test('rates follow the counters over about two seconds', () => {
  const rates = new Rates()
  assert.deepEqual(rates.read(0, 0, 0), STILL)
  assert.deepEqual(rates.read(1000, 5000, 100), { down: 5000, up: 100 })
  for (const at of [2000, 3000, 4000]) rates.note(at, 10_000, 200)
  assert.deepEqual(rates.read(5000, 10_000, 200), STILL)
})

test('a counter that starts over shows no negative rate', () => {
  const rates = new Rates()
  rates.note(0, 1000, 0)
  assert.equal(rates.read(500, 0, 0).down, 0)
})

test('whoever looks after a long time reads of the last seconds, not of all that time', () => {
  const rates = new Rates()
  for (let at = 0; at <= 60_000; at += 500) rates.note(at, at < 58_000 ? 0 : (at - 58_000) * 100, 0)
  assert.equal(rates.read(60_100, 200_000, 0).down, Math.round(200_000 / 2.1))
})

test('what stood still when it was noted last stands still, however long ago that was', () => {
  const rates = new Rates()
  for (let at = 0; at <= 1000; at += 50) rates.note(at, at * 10, at)
  assert.ok(rates.read(1001, 10_010, 1001).down > 9000)
  assert.deepEqual(rates.read(60_000, 10_010, 1001), STILL)
})

test('the rate is the same however often somebody looks', () => {
  for (const everyMs of [1, 7, 125, 500]) {
    const rates = new Rates()
    for (let at = 0; at <= 10_000; at += everyMs) rates.read(at, at * 5, 0)
    const { down } = rates.read(10_001, 50_005, 0)
    assert.ok(Math.abs(down - 5000) < 50, `${down} B/s with a look every ${everyMs} ms`)
  }
})

test('the first bytes of a link are no rate of megabytes', () => {
  const rates = new Rates()
  rates.note(0, 0, 0)
  assert.equal(rates.read(2, 2000, 0).down, 4000)
})

test.run()
