import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { lookOf } from '../../ui/look.js'
import { widthOf } from '../../ui/text/cells.js'
import { expectedHashes, leadingZeroBits } from '../../ui/text/proof.js'
import {
  age,
  ageChangesInMs,
  bar,
  compact,
  duration,
  hashRate,
  latency,
  percent,
  rate,
  size,
} from '../../ui/text/units.js'

const LOOK = lookOf({ LANG: 'C.UTF-8' })
const anyNumber = fc.oneof(fc.double(), fc.nat(), fc.double({ min: 0, max: 1e15, noNaN: true }))

test('sizes, rates and hash rates never change their width', () => {
  fc.assert(
    fc.property(anyNumber, (value) => {
      assert.strictEqual(size(value).length, 6)
      assert.strictEqual(rate(value).length, 8)
      assert.strictEqual(compact(value).length, 4)
      assert.strictEqual(hashRate(value).length, 8)
      assert.strictEqual(latency(value).length, 6)
      assert.strictEqual(percent(value, 100).length, 5)
    }),
  )
})

test('ages and durations never change their width', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), (value) => {
      assert.strictEqual(age(value).length, 4)
      assert.strictEqual(duration(value).length, 5)
    }),
  )
})

test('numbers read as people write them', () => {
  assert.deepStrictEqual([0, 999, 1000, 9949, 9951, 999_499, 999_600, 4_200_000, 2.1e9].map(size), [
    '  0  B',
    '999  B',
    '1.0 kB',
    '9.9 kB',
    ' 10 kB',
    '999 kB',
    '1.0 MB',
    '4.2 MB',
    '2.1 GB',
  ])
  assert.strictEqual(rate(4_200_000), '4.2 MB/s')
  assert.strictEqual(hashRate(5_900_000), '5.9 MH/s')
  assert.deepStrictEqual([0, 59_999, 60_000, 7_200_000, 86_400_000 * 3].map(age), [
    '  0s',
    ' 59s',
    '  1m',
    '  2h',
    '  3d',
  ])
  assert.deepStrictEqual([48, 725, 11_100].map(duration), [' 0:48', '12:05', '3h05m'])
  assert.deepStrictEqual(
    [0, 60.9, 99.99, 100].map((done) => percent(done, 100)),
    ['  0 %', ' 60 %', ' 99 %', '100 %'],
  )
})

test('compact bits tell how many hashes are expected, whatever a peer put there', () => {
  // the limit of Bitcoin's first block: 2^32 and a little
  assert.strictEqual(Math.log2(expectedHashes(0x1d00ffff)).toFixed(3), '32.000')
  assert.strictEqual(Math.log2(expectedHashes(0x1e00ffff)).toFixed(3), '24.000')
  assert.strictEqual(expectedHashes(0x1d800000), 0)
  assert.strictEqual(expectedHashes(0xff7fffff), 0)
  fc.assert(fc.property(fc.integer(), (bits) => assert(Number.isFinite(expectedHashes(bits)))))
})

test('leading zero bits are counted from the last byte of a hash', () => {
  assert.strictEqual(leadingZeroBits(`${'ff'.repeat(29)}0f0000`), 20)
  assert.strictEqual(leadingZeroBits('00'.repeat(32)), 256)
  assert.strictEqual(leadingZeroBits('80'), 0)
})

test('an age reads the same until its change is due', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 * 86_400_000 }), (ms) => {
      const due = ageChangesInMs(ms)
      assert(due > 0)
      assert.strictEqual(age(ms + due - 1), age(ms))
      if (ms + due < 86_400_000) assert.notStrictEqual(age(ms + due), age(ms))
    }),
  )
})

test('a bar fills its width and grows with its share', () => {
  fc.assert(
    fc.property(fc.double(), fc.integer({ min: 1, max: 60 }), (share, width) =>
      assert.strictEqual(widthOf(bar(share, width, LOOK)), width),
    ),
  )
  assert.strictEqual(bar(0, 4, LOOK), '    ')
  assert.strictEqual(bar(0.5, 4, LOOK), '██  ')
  assert.strictEqual(bar(0.53125, 4, LOOK), '██▏ ')
  assert.strictEqual(bar(1, 4, LOOK), '████')
})

test.run()
