import * as assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { ProtocolError } from '../../wire/errors.js'
import { SCAN_LIMITS, scan, unpack } from '../../wire/msgpack.js'
import { packValue } from '../../wire/writer.js'
import { hazards } from './hazards.js'

const text = fc.string({ unit: 'grapheme' }).map((value) => value.normalize('NFC'))
const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 70_000 }),
  fc.constantFrom(
    0x7f,
    0x80,
    0xff,
    0x100,
    0xffff,
    0x10000,
    0xffffffff,
    0x100000000,
    -0x20,
    -0x21,
    -0x80,
    -0x81,
    -0x8000,
  ),
  fc.constantFrom(-0x8001, -0x80000000, -0x80000001, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    integers,
    text,
    fc.uint8Array({ maxLength: 400 }),
    fc.array(tie('value'), { maxLength: 40 }),
  ),
}))

/** Buffers of msgpackr as plain bytes, so that values compare. */
function plain(decoded: unknown): unknown {
  if (decoded instanceof Uint8Array) return new Uint8Array(decoded)
  return Array.isArray(decoded) ? decoded.map(plain) : decoded
}

test('every value that can be written comes back', () => {
  fc.assert(
    fc.property(value, (original) => {
      assert.deepStrictEqual(plain(unpack(packValue(original))), original)
    }),
    { numRuns: 2000 },
  )
})

test('long texts, byte strings and arrays use each width of length', () => {
  for (const size of [31, 32, 255, 256, 65_535, 65_536, 200_000]) {
    for (const original of ['x'.repeat(size), new Uint8Array(size).fill(7), new Array(size).fill(1)]) {
      assert.deepStrictEqual(plain(unpack(packValue(original))), original)
    }
  }
})

test('random bytes are refused or decode; nothing else happens', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        scan(bytes)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
        return
      }
      unpack(bytes)
    }),
    { numRuns: 20_000 },
  )
})

for (const [name, bytes] of hazards) {
  test(`refused: ${name}`, () => {
    const before = process.memoryUsage()
    assert.throws(() => unpack(bytes), ProtocolError)
    const after = process.memoryUsage()
    assert.ok(after.rss - before.rss < 64 << 20, 'hardly any memory is taken')
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
    assert.deepEqual(unpack(packValue([1, 'next'])), [1, 'next'], 'the next message is read as ever')
  })
}

test('depth and number of values are bounded', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  unpack(packValue(nested(SCAN_LIMITS.depth)))
  assert.throws(() => unpack(packValue(nested(SCAN_LIMITS.depth + 1))), /too deep/)
  const many = new Uint8Array(5 + SCAN_LIMITS.items).fill(0xc0)
  many.set([0xdd, 0, 4, 0, 0])
  assert.equal(SCAN_LIMITS.items, 4 << 16)
  assert.throws(() => unpack(many), /too many items/)
})

test('inexact numbers cannot be written', () => {
  for (const number of [0.5, Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** 53]) {
    assert.throws(() => packValue(number), /not an exact integer/)
  }
  for (const unknown of [undefined, {}, new Map(), 1n, () => 1])
    assert.throws(() => packValue([unknown]), /cannot be written/)
  assert.throws(() => packValue('\ud800'), /surrogate/)
})

test.run()
