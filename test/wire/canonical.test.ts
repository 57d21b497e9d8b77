import * as assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { decodeCanonical, encodeCanonical, signedText } from '../../wire/canonical.js'
import { ProtocolError } from '../../wire/errors.js'
import {
  address,
  bool,
  bytes,
  hash,
  integer,
  list,
  oneOf,
  option,
  struct,
  text,
  u8,
  u32,
  u53,
} from '../../wire/field.js'
import { fromHex, isHash, sha256, sha256Bytes, toHex } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import { arbitraryOf } from './values.js'

const record = struct('record', {
  kind: oneOf(['note', 'ballot'] as const),
  small: u8,
  signed: integer(-1000, 1000),
  time: u53,
  flag: bool,
  voter: text(64),
  key: bytes(0, 300),
  parents: list(hash, 5),
  from: option(address),
  inner: struct('inner', { count: u32 }),
})
const refused = (encoded: readonly number[]): void =>
  assert.throws(() => decodeCanonical(list(u53, 20), Uint8Array.from(encoded)), ProtocolError)

test('every value has one encoding, and comes back from it', () => {
  fc.assert(
    fc.property(arbitraryOf(record), (value) => {
      const encoded = encodeCanonical(record, value as Parameters<typeof record.write>[0])
      assert.deepStrictEqual(decodeCanonical(record, encoded), value)
    }),
    { numRuns: 500 },
  )
})

test('no other bytes decode to the same value', () => {
  fc.assert(
    fc.property(arbitraryOf(record), fc.nat(), fc.nat(255), (value, place, byte) => {
      const encoded = encodeCanonical(record, value as Parameters<typeof record.write>[0])
      const altered = Uint8Array.from(encoded)
      altered[place % altered.length] = byte
      let decoded: unknown
      try {
        decoded = decodeCanonical(record, altered)
      } catch (error) {
        assert.ok(error instanceof ProtocolError, String(error))
        return
      }
      if (Buffer.compare(altered, encoded) !== 0) assert.notDeepStrictEqual(decoded, value)
    }),
    { numRuns: 3000 },
  )
})

test('longer forms of the same value are refused', () => {
  assert.deepEqual([...decodeCanonical(list(u53, 20), Uint8Array.from([0x92, 5, 0xcc, 200]))], [5, 200])
  refused([0x91, 0xcc, 5])
  refused([0x91, 0xcd, 0, 200])
  refused([0x91, 0xce, 0, 0, 1, 0])
  refused([0x91, 0xcf, 0, 0, 0, 0, 0, 0, 0, 1])
  refused([0x91, 0xd0, 5])
  refused([0xdc, 0, 1, 5])
  refused([0xdd, 0, 0, 0, 1, 5])
  refused([0x91, 0xcb, 0x40, 0x14, 0, 0, 0, 0, 0, 0])
  assert.throws(() => decodeCanonical(text(9), Uint8Array.from([0xd9, 1, 0x61])), ProtocolError)
  assert.throws(() => decodeCanonical(bytes(1), Uint8Array.from([0xc5, 0, 1, 9])), ProtocolError)
})

test('text that is not NFC or not UTF-8 is refused', () => {
  assert.throws(() => decodeCanonical(text(9), Uint8Array.from([0xa3, 0x65, 0xcc, 0x81])), ProtocolError)
  assert.throws(() => decodeCanonical(text(9), Uint8Array.from([0xa2, 0xc3, 0x28])), ProtocolError)
  assert.throws(() => decodeCanonical(text(9), Uint8Array.from([0xa3, 0xed, 0xa0, 0x80])), ProtocolError)
})

test('signed text separates domains and networks', () => {
  const [one, other] = ['11'.repeat(32), '22'.repeat(32)] as Hash[]
  const body = Uint8Array.from([1, 2, 3])
  const signed = signedText('ballot', one as Hash, body)
  assert.equal(Buffer.from(signed).toString('latin1').slice(0, 17), 'p2p-tui/1 ballot\0')
  assert.equal(signed.length, 17 + 32 + 3)
  assert.notDeepEqual(signed, signedText('note', one as Hash, body))
  assert.notDeepEqual(signed, signedText('ballot', other as Hash, body))
  assert.throws(() => signedText('bal\0lot', one as Hash, body), /domain/)
})

test('hashes go from bytes to hex and back', () => {
  const abc = Buffer.from('abc')
  assert.equal(sha256(abc), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  assert.equal(sha256(Buffer.from('a'), Buffer.from('bc')), sha256(abc))
  assert.equal(sha256(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  assert.equal(toHex(sha256Bytes(abc)), sha256(abc))
  assert.deepEqual(fromHex(sha256(abc)), sha256Bytes(abc))
  assert.equal(isHash(sha256(abc).toUpperCase()), false)
  assert.throws(() => fromHex('12' as Hash), /not a hash/)
  assert.throws(() => toHex(new Uint8Array(31)), /32 bytes/)
})

test.run()
