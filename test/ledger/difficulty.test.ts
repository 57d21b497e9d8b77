import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { type Ancestor, asert, limit, requiredBits } from '../../src/ledger/difficulty.js'
import { bitsOf, targetOf, workOf } from '../../src/ledger/header.js'
import { DEFAULT_PARAMS } from '../../src/ledger/params.js'
import { vectorTest } from './vectors.js'

interface Vectors {
  readonly runs: readonly {
    readonly description: string
    readonly anchorHeight: string
    readonly anchorParentTime: string
    readonly anchorBits: string
    readonly rows: readonly (readonly [height: string, time: string, bits: string])[]
  }[]
}

const MAINNET_LIMIT = targetOf(0x1d00ffff)
const test = suite('difficulty')

vectorTest<Vectors>(test, 'agrees with all 14,000 published ASERT rows', 'asert-aserti3-2d.json', ({ runs }) => {
  let rows = 0
  for (const run of runs) {
    const anchor = targetOf(Number(run.anchorBits))
    for (const [height, time, bits] of run.rows) {
      const timeDelta = BigInt(time) - BigInt(run.anchorParentTime)
      const target = asert(anchor, timeDelta, BigInt(height) - BigInt(run.anchorHeight), 600n, 172_800n)
      const tooEasy = target > MAINNET_LIMIT
      assert.equal(bitsOf(tooEasy ? MAINNET_LIMIT : target), Number(bits), `${run.description}: height ${height}`)
      rows++
    }
  }
  assert.equal(rows, 14_000)
})

/** A parent whose own block took `tookS` seconds. */
function parent(bits: number, tookS: number, height = 10): Ancestor {
  const first = { height: height - 1, header: { time: 1_000_000, bits }, parent: null }
  return { height, header: { time: 1_000_000 + tookS, bits }, parent: first }
}

const HARD = bitsOf(1n << 226n)
const required = (from: Ancestor, afterS: number): bigint =>
  targetOf(requiredBits(DEFAULT_PARAMS, from, from.header.time + afterS))

test('a block on schedule leaves the target where it is', () => {
  assert.equal(requiredBits(DEFAULT_PARAMS, parent(HARD, 10), 1_000_020), HARD)
})

test('a fast block raises the difficulty, a slow one lowers it, by at most six block times', () => {
  const now = targetOf(HARD)
  assert.ok(required(parent(HARD, 0), 0) < now)
  assert.ok(required(parent(HARD, 30), 0) > now)
  assert.equal(required(parent(HARD, 60), 0), required(parent(HARD, 100_000), 0))
})

test('a waiting block gets twice as easy for each full twelve block times', () => {
  const on = parent(HARD, 10)
  assert.equal(required(on, 119), targetOf(HARD))
  assert.equal(required(on, 120), targetOf(HARD) * 2n)
  assert.equal(required(on, 120 * 5 + 3), targetOf(HARD) * 32n)
})

test('no target is easier than the floor of its height, and no wait overflows', () => {
  assert.equal(required(parent(HARD, 10), 2 ** 31), limit(DEFAULT_PARAMS, 11))
  assert.equal(workOf(limit(DEFAULT_PARAMS, 0)), (1n << 18n) - 1n)
})

test('the floor doubles every 1,024 blocks up to 2^24 hashes', () => {
  assert.equal(limit(DEFAULT_PARAMS, 1023), 1n << 238n)
  assert.equal(limit(DEFAULT_PARAMS, 1024), 1n << 237n)
  assert.equal(limit(DEFAULT_PARAMS, 6 * 1024), 1n << 232n)
  assert.equal(limit(DEFAULT_PARAMS, 1e9), 1n << 232n)
})

test('required bits are canonical and within the floor for any history', () => {
  const bits = fc.bigInt({ min: 1n, max: 1n << 238n }).map(bitsOf)
  fc.assert(
    fc.property(bits, fc.nat(1e6), fc.nat(1e6), fc.integer({ min: 1, max: 1e5 }), (before, tookS, afterS, height) => {
      const target = required(parent(before, tookS, height), afterS)
      assert.ok(target > 0n && target <= limit(DEFAULT_PARAMS, height + 1))
    }),
  )
})

test.run()
