import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import {
  bitsOf,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  hashValue,
  headerHash,
  targetOf,
  workOf,
} from '../../src/ledger/header.js'
import { scan } from '../../src/ledger/miner/scan.js'
import { ProtocolError } from '../../wire/errors.js'
import { vectorTest } from './vectors.js'

interface Vectors {
  readonly headers: readonly { readonly hex: string; readonly hash: string; readonly height: number }[]
}

const test = suite('header')

vectorTest<Vectors>(test, 'reads and writes Bitcoin mainnet headers', 'bitcoin-mainnet-headers.json', ({ headers }) => {
  assert.ok(headers.length >= 193)
  for (const { hex, hash } of headers) {
    const bytes = Buffer.from(hex, 'hex')
    const header = decodeHeader(bytes)
    assert.equal(Buffer.from(encodeHeader(header)).toString('hex'), hex)
    const shown = Buffer.from(headerHash(bytes), 'hex').reverse().toString('hex')
    assert.equal(shown, hash)
    assert.ok(hashValue(headerHash(bytes)) <= targetOf(header.bits), `${hash} meets its target`)
    assert.equal(bitsOf(targetOf(header.bits)), header.bits)
  }
})

vectorTest<Vectors>(test, 'links mainnet headers in a row', 'bitcoin-mainnet-headers.json', ({ headers }) => {
  let links = 0
  const hashes = new Map(headers.map(({ hex }) => [headerHash(Buffer.from(hex, 'hex')), hex]))
  for (const { hex } of headers) if (hashes.has(decodeHeader(Buffer.from(hex, 'hex')).previous)) links++
  assert.ok(links >= 127, `${links} links`)
})

vectorTest<Vectors>(test, 'finds the nonce of a mainnet block', 'bitcoin-mainnet-headers.json', ({ headers }) => {
  const bytes = Buffer.from(headers[0]!.hex, 'hex')
  const { nonce } = decodeHeader(bytes)
  assert.equal(scan(bytes, nonce - 100, 200), nonce)
  assert.equal(scan(bytes, nonce - 100, 100), -1)
})

test('any header survives a round trip', () => {
  const u32 = fc.integer({ min: 0, max: 0xffffffff })
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(u32, hash, hash, u32, u32, u32, (version, previous, root, time, bits, nonce) => {
      const header = {
        version,
        previous: Buffer.from(previous).toString('hex') as never,
        root: Buffer.from(root).toString('hex') as never,
        time,
        bits,
        nonce,
      }
      assert.deepEqual(decodeHeader(encodeHeader(header)), header)
    }),
  )
})

test('refuses a header of another length', () => {
  assert.throws(() => decodeHeader(new Uint8Array(HEADER_BYTES - 1)), ProtocolError)
  assert.throws(() => decodeHeader(new Uint8Array(HEADER_BYTES + 1)), ProtocolError)
})

test('compact bits keep a target to 15 leading bits and never raise it', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: (1n << 255n) - 1n }), (target) => {
      const back = targetOf(bitsOf(target))
      assert.ok(back <= target)
      assert.ok(target - back <= target >> 15n)
      assert.equal(bitsOf(back), bitsOf(target))
    }),
  )
})

test('negative and oversized bits are met by no hash', () => {
  for (const bits of [0x1d800001, 0x2200ffff, 0xff7fffff, 0]) assert.equal(targetOf(bits), 0n)
})

test('work is the expected number of hashes', () => {
  assert.equal(workOf((1n << 256n) - 1n), 1n)
  assert.equal(workOf((1n << 252n) - 1n), 16n)
})

test('a scan stops at the end of the nonce space', () => {
  const header = encodeHeader({
    version: 0x20000000,
    previous: '0'.repeat(64) as never,
    root: '0'.repeat(64) as never,
    time: 1,
    bits: 0x03000001,
    nonce: 0,
  })
  assert.equal(scan(header, 0xfffffff0, 100), -1)
})

test.run()
