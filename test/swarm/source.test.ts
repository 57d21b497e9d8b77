import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { Budget } from '../../src/swarm/budget.js'
import { Rate } from '../../src/swarm/rate.js'
import { Source } from '../../src/swarm/source.js'
import type { PeerId } from '../../wire/types.js'

const KIB = 1024
const MIB = KIB * KIB
const somebody = 'ab'.repeat(32) as PeerId

/** A source that delivered a chunk every so often for some seconds. */
function delivering(chunkSize: number, bytesPerSecond: number, seconds: number): Source {
  const clock = { nowMs: 0 }
  const env = { now: () => clock.nowMs }
  const source = new Source(env, somebody, null)
  source.rate = new Rate(env)
  for (let ms = 0; ms < seconds * 1000; ms += 100) {
    clock.nowMs = ms
    source.rate.add(bytesPerSecond / 10)
    source.delivered()
    source.depth(chunkSize)
  }
  return source
}

test('depth starts at two and grows with every chunk', () => {
  const source = new Source({ now: () => 0 }, somebody, null)
  assert.equal(source.depth(256 * KIB), 2)
  for (let i = 0; i < 10; i++) source.delivered()
  assert.equal(source.depth(256 * KIB), 12)
})

test('once the rate is known, depth covers about two seconds of it, from 2 to 64 chunks', () => {
  assert.equal(delivering(MIB, 100 * KIB, 10).depth(MIB), 2)
  assert.equal(delivering(256 * KIB, 500 * MIB, 10).depth(256 * KIB), 64)
  const covering = delivering(MIB, 10 * MIB, 10).depth(MIB)
  assert.ok(covering >= 18 && covering <= 22, `${covering}`)
})

test('a request stalls after five seconds, or four times what is outstanding should take', () => {
  assert.equal(delivering(256 * KIB, 100 * MIB, 10).stallMs(256 * KIB), 5_000)
  const slow = delivering(16 * MIB, MIB, 10).stallMs(16 * MIB)
  assert.ok(slow > 55_000 && slow < 75_000, `${slow}`)
})

test('a source that fails again and again rests ever longer, at most a minute', () => {
  const source = new Source({ now: () => 0 }, somebody, null)
  const rests: number[] = []
  for (let i = 0; i < 10; i++) {
    source.rest('lost')
    rests.push(source.restUntil)
  }
  assert.deepEqual(rests.slice(0, 3), [1_000, 2_000, 4_000])
  assert.equal(rests.at(-1), 60_000)
})

test('never more than 32 MiB are outstanding, and one chunk always may be', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 16 * MIB }), { maxLength: 60 }), (sizes) => {
      const budget = new Budget()
      const taken: number[] = []
      for (const size of sizes) {
        if (budget.take(size)) taken.push(size)
        else assert.ok(taken.length > 0)
        assert.ok(taken.reduce((sum, bytes) => sum + bytes, 0) <= 32 * MIB)
        if (size % 3 === 0 && taken.length > 0) budget.give(taken.pop()!)
      }
    }),
  )
})

test('downloads that wait for the budget take turns', () => {
  const budget = new Budget()
  const turns: string[] = []
  const waiting = (name: string) => () => {
    turns.push(name)
    budget.wait(again.get(name)!)
  }
  const again = new Map<string, () => void>()
  for (const name of ['a', 'b']) {
    again.set(name, waiting(name))
    budget.wait(again.get(name)!)
  }
  for (let i = 0; i < 4; i++) budget.give(0)
  assert.deepEqual(turns, ['a', 'b', 'a', 'b'])
})

test.run()
