import * as assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { ProtocolError } from '../../wire/errors.js'
import type { Declaration } from '../../wire/message.js'
import { type Message, messages } from '../../wire/messages.js'
import { packValue } from '../../wire/writer.js'
import { hello, type someHash } from './support.js'
import { arbitraryOfAll } from './values.js'

const table = Object.entries<Declaration>(messages)
const refused = (payload: Uint8Array, pattern: RegExp, code = 'protocol'): void =>
  assert.throws(
    () => decodeMessage(payload),
    (error) => error instanceof ProtocolError && error.code === code && pattern.test(error.message),
  )
const payloadOf = (message: Message): Uint8Array => encodeMessage(message).subarray(LENGTH_BYTES)

for (const [type, declaration] of table) {
  test(`${type} of any content comes back as it went`, () => {
    fc.assert(
      fc.property(arbitraryOfAll(declaration.fields), (values) => {
        const message = { type, ...values } as Message
        const frame = encodeMessage(message)
        assert.equal(new DataView(frame.buffer).getUint32(0), frame.length - LENGTH_BYTES)
        assert.deepStrictEqual(decodeMessage(frame.subarray(LENGTH_BYTES)), message)
      }),
      { numRuns: 60 },
    )
  })
}

test('numbers are unique and small, names and summaries are there', () => {
  const numbers = table.map(([, { number }]) => number)
  assert.equal(new Set(numbers).size, numbers.length)
  for (const [type, { number, summary, limit }] of table) {
    assert.ok(number >= 1 && number <= 127 && summary.length > 0 && limit >= 8, type)
    assert.ok(limit <= 1 << 20, `${type}: control frames are at most 1 MiB`)
  }
})

test('a field too many or too few is refused', () => {
  refused(packValue([3]), /wrong number of fields/)
  refused(packValue([3, 1, 2]), /wrong number of fields/)
})

test('an unknown number is refused', () => {
  refused(packValue([127, 1]), /unknown message number 127/)
  refused(packValue([0, 1]), /unknown/)
})

test('what is no array with a number in front is refused', () => {
  for (const value of [null, 3, 'ping', [], ['ping', 1], [[3], 1], [300, 1], [-1, 1]])
    refused(packValue(value), /number/)
})

test('a value outside its field is refused by name', () => {
  refused(packValue([3, -1]), /ping\.sequence: expected u32/)
  refused(packValue([3, 2 ** 32]), /ping\.sequence/)
  refused(packValue([3, '1']), /ping\.sequence/)
  refused(packValue([2, 999, 'x']), /close\.code/)
  refused(packValue([2, 0, 'x'.repeat(257)]), /close\.reason/)
  refused(Buffer.from([0x93, 2, 0, 0xa3, 0x65, 0xcc, 0x81]), /close\.reason: expected text/) // e + combining acute
})

test('a payload over the limit of its type is refused before it is unpacked', () => {
  refused(packValue([3, 'x'.repeat(5000)]), /at most 4096/, 'too-large')
})

test('a decoded message shares no memory with the bytes that it came in', () => {
  const payload = Uint8Array.from(payloadOf(hello({ bootNonce: new Uint8Array(8).fill(7) })))
  const message = decodeMessage(payload)
  payload.fill(0xff)
  assert.deepStrictEqual(message, hello({ bootNonce: new Uint8Array(8).fill(7) }))
  for (const value of Object.values(message)) {
    if (value instanceof Uint8Array) assert.equal(value.buffer.byteLength, value.length, 'it pins no larger buffer')
  }
})

test('a message of ours that breaks its declaration is our own fault', () => {
  assert.throws(() => encodeMessage(hello({ chain: 'short' as typeof someHash })), /hash/)
  assert.throws(() => encodeMessage({ type: 'close', code: 'normal', reason: 'x'.repeat(5000) }), /over its limit/)
  assert.throws(() => encodeMessage(hello({ name: 'e\u0301' })), /NFC/)
})

test('no bytes make the decoder fail otherwise than by ProtocolError', () => {
  const numbers = table.map(([, { number }]) => number)
  const arbitrary = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.constantFrom(...numbers), fc.uint8Array({ maxLength: 80 }))
      .map(([number, rest]) => Uint8Array.from([0x90 | (rest.length % 16), number, ...rest])),
    fc.tuple(fc.nat(), fc.nat(255)).map(([place, value]) => {
      const payload = Uint8Array.from(payloadOf(hello()))
      payload[place % payload.length] = value
      return payload
    }),
  )
  fc.assert(
    fc.property(arbitrary, (payload) => {
      try {
        decodeMessage(payload)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
      }
    }),
    { numRuns: 5000 },
  )
})

test('frames are canonical: shortest integers, no floats', () => {
  assert.deepEqual([...encodeMessage({ type: 'ping', sequence: 5 })], [0, 0, 0, 3, 0x92, 3, 5])
  assert.deepEqual([...payloadOf({ type: 'ping', sequence: 0xffffffff })], [0x92, 3, 0xce, 255, 255, 255, 255])
  const startTime = 2 ** 40
  assert.ok(Buffer.from(payloadOf(hello({ startTime }))).includes(Buffer.from([0xcf, 0, 0, 1, 0, 0, 0, 0, 0])))
})

test.run()
