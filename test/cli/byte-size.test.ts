import assert from 'node:assert'
import { test } from 'uvu'
import { parseSize } from '../../src/cli/byte-size.js'

test('sizes are read as GNU tools read them', () => {
  const cases: readonly [string, number][] = [
    ['0', 0],
    ['4096', 4096],
    ['512 B', 512],
    ['500M', 500 * 2 ** 20],
    ['10G', 10 * 2 ** 30],
    ['2GiB', 2 * 2 ** 30],
    ['2 gb', 2e9],
    ['1.5K', 1536],
    ['3T', 3 * 2 ** 40],
  ]
  for (const [text, bytes] of cases) assert.strictEqual(parseSize(text), bytes, text)
})

test('nonsense is no size', () => {
  const cases = ['', 'much', '-1', '1e9', '5X', '10 G B', 'G', '1.2.3M', '999999999999T', '0x10', 'Infinity', '1,5G']
  for (const text of cases) assert.strictEqual(parseSize(text), null, text)
})

test.run()
