import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { blockBytes, decodeBody, MAX_BLOCK_BYTES, recordsRoot } from '../../src/ledger/block.js'
import { leafHash, merkleRoot } from '../../src/ledger/merkle.js'
import {
  type Close,
  decodeRecord,
  type LedgerRecord,
  MAX_CLOSES_S,
  MAX_NAME_BYTES,
  MAX_OPTIONS,
  MAX_QUESTION_BYTES,
  MAX_RECORD_BYTES,
  MAX_ROLL,
  MIN_OPTIONS,
  normaliseName,
  normaliseQuestion,
  type Poll,
  recordField,
  type SignedRecord,
  signedTextOf,
  signRecord,
} from '../../src/ledger/record.js'
import { rawPublicKey, sign, verify } from '../../wire/ed25519.js'
import { ProtocolError } from '../../wire/errors.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { packValue } from '../../wire/writer.js'
import { ballot, CHAIN_ID, close, idOf, note, type PollTerms, poll } from './blocks.js'
import { keyOf } from './world.js'

const test = suite('record')
const key = keyOf('author')
const author = rawPublicKey(key)

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .map(normaliseName)
  .filter((value) => value !== null)
const peerIds = fc
  .uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
    maxLength: MAX_ROLL,
    selector: (bytes) => Buffer.from(bytes).toString('hex'),
  })
  .map((ids) => ids.map((bytes) => Buffer.from(bytes).toString('hex') as PeerId).sort())
const head = fc.record({
  author: fc.constant(author),
  time: fc.maxSafeNat(),
  salt: fc.uint8Array({ minLength: 8, maxLength: 8 }),
})
const anyPoll: fc.Arbitrary<Poll> = fc
  .tuple(
    head,
    fc.record({
      poll: name,
      question: fc
        .string({ unit: 'grapheme', maxLength: 60 })
        .map(normaliseQuestion)
        .filter((line) => line !== null),
      options: fc.uniqueArray(name, { minLength: MIN_OPTIONS, maxLength: MAX_OPTIONS }),
      closes: fc.integer({ min: 0, max: MAX_CLOSES_S }),
      roll: peerIds,
    }),
  )
  .map(([common, terms]) => ({ ...common, kind: 'poll' as const, ...terms }))
const anyClose: fc.Arbitrary<Close> = fc
  .tuple(head, name)
  .map(([common, poll]) => ({ ...common, kind: 'close' as const, poll }))
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

const plain = (value: LedgerRecord) => ({ ...value, author: [...value.author], salt: [...value.salt] })
const seal = (draft: LedgerRecord): SignedRecord => signRecord(draft, CHAIN_ID, (text) => sign(key, text))

test('any poll and any close survives its canonical bytes, within the limit of a record', () => {
  fc.assert(
    fc.property(fc.oneof(anyPoll, anyClose), (draft) => {
      const signed = seal(draft)
      assert.ok(signed.bytes.length <= MAX_RECORD_BYTES)
      const back = decodeRecord(signed.bytes)
      assert.deepEqual([back.id, back.leaf], [signed.id, signed.leaf])
      assert.deepEqual(plain(back.record), plain(draft))
    }),
    { numRuns: 50 },
  )
})

test('the largest poll fits a record', () => {
  const wide = (count: number) => Array.from({ length: count }, (_, n) => `${n}`.padEnd(MAX_NAME_BYTES, 'x'))
  const roll = Array.from({ length: MAX_ROLL }, (_, n) => n.toString(16).padStart(64, '0') as PeerId)
  const question = 'q'.repeat(MAX_QUESTION_BYTES)
  const { bytes } = poll('p'.repeat(MAX_NAME_BYTES), {
    question,
    options: wide(MAX_OPTIONS),
    closes: MAX_CLOSES_S,
    roll,
  })
  assert.ok(bytes.length <= MAX_RECORD_BYTES, `${bytes.length}`)
  decodeRecord(bytes)
})

const unfit: readonly (readonly [string, string, PollTerms])[] = [
  ['one option', 'p', { options: ['a'] }],
  ['no options', 'p', { options: [] }],
  ['an option twice', 'p', { options: ['a', 'b', 'a'] }],
  ['an empty option', 'p', { options: ['a', ''] }],
  ['an option that is not trimmed', 'p', { options: ['a', 'b '] }],
  ['an option with an escape', 'p', { options: ['a', '\u001b[2J'] }],
  ['an option too long', 'p', { options: ['a', 'x'.repeat(MAX_NAME_BYTES + 1)] }],
  ['an option that is not composed', 'p', { options: ['a', 'e\u0301'] }],
  ['a name that is not trimmed', ' p', {}],
  ['an empty name', '', {}],
  ['a name too long', 'x'.repeat(MAX_NAME_BYTES + 1), {}],
  ['a question too long', 'p', { question: 'q'.repeat(MAX_QUESTION_BYTES + 1) }],
  ['a question that is not trimmed', 'p', { question: 'why? ' }],
  ['a question of two lines', 'p', { question: 'why?\nhow?' }],
  ['an end before the epoch', 'p', { closes: -1 }],
  ['an end that no block can have', 'p', { closes: MAX_CLOSES_S + 1 }],
  ['an end within a second', 'p', { closes: 1.5 }],
  ['a peer twice on its roll', 'p', { roll: [idOf('a'), idOf('a')] }],
  ['a roll out of order', 'p', { roll: [idOf('a'), idOf('b')].sort().reverse() }],
]
for (const [what, name, terms] of unfit) {
  test(`a poll with ${what} never gets into a block`, () => {
    // where not even our own writer has bytes for it, the better
    assert.throws(() => decodeRecord(poll(name, terms).bytes))
  })
}

test('lists beyond their bounds and unknown kinds are refused when read', () => {
  const { record, signature } = poll('p')
  const bytes = (change: (fields: unknown[]) => void): Uint8Array => {
    const fields = recordField.write(record) as unknown[]
    change(fields)
    return packValue([fields, signature])
  }
  decodeRecord(bytes(() => {}))
  const id = Buffer.alloc(32)
  const broken: readonly ((fields: unknown[]) => void)[] = [
    (fields) => (fields[6] = Array.from({ length: MAX_OPTIONS + 1 }, (_, n) => `${n}`)),
    (fields) => (fields[8] = Array.from({ length: MAX_ROLL + 1 }, (_, n) => Buffer.alloc(32, n))),
    (fields) => (fields[8] = [id.subarray(1)]),
    (fields) => (fields[0] = 4),
    (fields) => (fields[0] = 3),
    (fields) => fields.push(0),
    (fields) => fields.pop(),
  ]
  for (const change of broken) assert.throws(() => decodeRecord(bytes(change)), ProtocolError)
})

test('a close with a name that is not normal is refused', () => {
  for (const name of ['', ' p', 'a\u0007']) assert.throws(() => decodeRecord(close(name).bytes), ProtocolError)
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
