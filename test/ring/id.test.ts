import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { ahead, between, clockwiseFrom, distance, keyOf } from '../../src/ring/id.js'
import type { Hash } from '../../wire/types.js'

const place = fc
  .oneof(fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), fc.bigInt({ min: 0n, max: 5n }))
  .map((value) => value.toString(16).padStart(64, '0') as Hash)

test('between agrees with distances', () => {
  fc.assert(
    fc.property(place, place, place, (from, point, to) => {
      const whole = from === to
      const steps = distance(from, point)
      const inside = whole ? point !== from : steps > 0n && steps < distance(from, to)
      assert.equal(between(from, point, to), inside)
    }),
  )
})

test('of three different places exactly one order is clockwise', () => {
  fc.assert(
    fc.property(place, place, place, (a, b, c) => {
      fc.pre(a !== b && b !== c && a !== c)
      assert.notEqual(between(a, b, c), between(a, c, b))
      assert.equal(between(a, b, c), between(b, c, a))
    }),
  )
})

test('going ahead covers the distance and wraps around', () => {
  fc.assert(
    fc.property(place, fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }), (from, steps) => {
      assert.equal(distance(from, ahead(from, steps)), steps)
    }),
  )
})

test('sorting clockwise sorts by distance, the origin last', () => {
  fc.assert(
    fc.property(place, fc.array(place, { maxLength: 20 }), (origin, places) => {
      const far = (to: Hash) => (to === origin ? 1n << 256n : distance(origin, to))
      const expected = [...places].sort((a, b) => (far(a) < far(b) ? -1 : far(a) > far(b) ? 1 : 0))
      assert.deepEqual([...places].sort(clockwiseFrom(origin)), expected)
    }),
  )
})

test('a name has one key whatever its Unicode form', () => {
  assert.equal(keyOf('caf\u00e9'), keyOf('cafe\u0301'))
  assert.equal(keyOf('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

test.run()
