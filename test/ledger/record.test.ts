import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { blockBytes, decodeBody, MAX_BLOCK_BYTES, recordsRoot } from '../../src/ledger/block.js'
import { leafHash, merkleRoot } from '../../src/ledger/merkle.js'
import {
  decodeRecord,
  MAX_RECORD_BYTES,
  normaliseName,
  type SignedRecord,
  signedTextOf,
  signRecord,
} from '../../src/ledger/record.js'
import { rawPublicKey, sign, verify } from '../../wire/ed25519.js'
import { ProtocolError } from '../../wire/errors.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import { ballot, CHAIN_ID, note } from './blocks.js'
import { keyOf } from './world.js'

const test = suite('record')
const key = keyOf('author')
const author = rawPublicKey(key)

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map(normaliseName)
  .filter((value) => value !== null)
const record = fc
  .tuple(name, name, name, fc.maxSafeNat(), fc.uint8Array({ minLength: 8, maxLength: 8 }))
  .map(([poll, voter, choice, time, salt]) => ({ kind: 'ballot' as const, author, poll, voter, choice, time, salt }))

test('any ballot survives its canonical bytes, with one id and a signature that holds', () => {
  fc.assert(
    fc.property(record, (draft) => {
      const signed = signRecord(draft, CHAIN_ID, (text) => sign(key, text))
      const back = decodeRecord(signed.bytes)
      assert.deepEqual([back.id, back.leaf, ...back.bytes], [signed.id, signed.leaf, ...signed.bytes])
      assert.deepEqual({ ...back.record, author: 0, salt: 0 }, { ...draft, author: 0, salt: 0 })
      assert.deepEqual([...back.record.salt, ...back.record.author], [...draft.salt, ...author])
      const { publicKey, text, signature } = signedTextOf(back, CHAIN_ID)
      assert.ok(verify(publicKey, text, signature))
      assert.equal(back.author, sha256(author))
    }),
    { numRuns: 50 },
  )
})

test('a record signed for one chain is not signed for another', () => {
  const { publicKey, text, signature } = signedTextOf(ballot('ann', 'yes'), '0'.repeat(64) as Hash)
  assert.ok(!verify(publicKey, text, signature))
})

test('any change of the bytes is refused or is another record', () => {
  const { bytes, id, leaf } = ballot('ann', 'yes')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, flip) => {
      const changed = new Uint8Array(bytes)
      changed[place]! ^= flip
      const back = attempt(() => decodeRecord(changed))
      assert.ok(back === null || back.leaf !== leaf)
      if (back !== null && back.id === id) assert.notDeepEqual(back.signature, decodeRecord(bytes).signature)
    }),
  )
})

function attempt(decode: () => SignedRecord): SignedRecord | null {
  try {
    return decode()
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `${error}`)
    return null
  }
}

test('only one spelling of a record is accepted', () => {
  const { bytes } = ballot('ann', 'yes')
  // the same array, its head written as array 16
  const wide = Buffer.concat([Buffer.from([0xdc, 0x00, bytes[0]! & 0x0f]), bytes.subarray(1)])
  assert.throws(() => decodeRecord(wide), ProtocolError)
  assert.throws(() => decodeRecord(Buffer.concat([bytes, Buffer.from([0xc0])])), ProtocolError)
  assert.throws(() => decodeRecord(new Uint8Array(MAX_RECORD_BYTES + 1)), ProtocolError)
})

test('names that are not normal never get into a block', () => {
  const head = { kind: 'ballot' as const, author, time: 1, salt: new Uint8Array(8), poll: 'main', choice: 'yes' }
  for (const voter of [' ann', 'ann ', '', 'a\u0000b', 'a\u001b[2J']) {
    const encoded = signRecord({ ...head, voter }, CHAIN_ID, (text) => sign(key, text)).bytes
    assert.throws(() => decodeRecord(encoded), ProtocolError, JSON.stringify(voter))
  }
})

test('names are NFC, trimmed, and 1 to 64 bytes', () => {
  assert.equal(normaliseName('  Rene\u0301\t'), 'Ren\u00e9')
  assert.equal(normaliseName('x'.repeat(64))?.length, 64)
  assert.equal(normaliseName('\u00e9'.repeat(33)), null)
  assert.equal(normaliseName(' \n '), null)
})

test('a body that is not the header’s is wrong, one that breaks rules is invalid', () => {
  const records = [ballot('ann', 'yes'), note('hello')]
  const encoded = records.map(({ bytes }) => bytes)
  const root = recordsRoot(records)
  assert.equal(decodeBody(root, encoded).kind, 'fit')
  assert.equal(decodeBody(root, [...encoded].reverse()).kind, 'wrong')
  assert.equal(decodeBody(root, encoded.slice(1)).kind, 'wrong')
  assert.equal(decodeBody(merkleRoot([]), []).kind, 'invalid')
  const rubbish = [new Uint8Array([0xc0])]
  assert.equal(decodeBody(merkleRoot(rubbish.map(leafHash)), rubbish).kind, 'invalid')
})

test('a block over 512 KiB is invalid', () => {
  const big = Array.from({ length: 260 }, (_, n) => note(`${n}`.padEnd(2040, 'x')))
  assert.ok(blockBytes(big.map(({ bytes }) => bytes)) > MAX_BLOCK_BYTES)
  const body = decodeBody(
    recordsRoot(big),
    big.map(({ bytes }) => bytes),
  )
  assert.deepEqual(body, { kind: 'invalid', reason: 'block too large' })
})

test.run()
