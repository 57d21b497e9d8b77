import * as assert from 'node:assert'
import { createPrivateKey, verify as nodeVerify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import { isStrictKey, rawPublicKey, sign, verify } from '../../wire/ed25519.js'

type Rfc = readonly [secret: string, publicKey: string, message: string, signature: string]
type Wycheproof = readonly [id: number, publicKey: string, message: string, signature: string, result: string]

const VECTORS = new URL('../../../../../shared/vectors/ed25519.json', import.meta.url)
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const keyOf = (secret: string) =>
  createPrivateKey({ key: hex(`302e020100300506032b657004220420${secret}`), format: 'der', type: 'pkcs8' })
/** RFC 8032 section 7.1, test 2. */
const KNOWN: Rfc = [
  '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  '72',
  '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
]

/** All encodings of the points of small order, also with y not below the prime and with a sign that x = 0 cannot have. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

function check([secret, publicKey, message, signature]: Rfc): void {
  const key = keyOf(secret)
  assert.deepEqual(Buffer.from(rawPublicKey(key)), hex(publicKey))
  assert.deepEqual(Buffer.from(sign(key, hex(message))), hex(signature))
  assert.equal(verify(hex(publicKey), hex(message), hex(signature)), true)
}

test('signs and verifies as RFC 8032 says', () => check(KNOWN))

test('one altered bit anywhere is refused', () => {
  const [, publicKey, message, signature] = KNOWN
  for (const [part, size] of [
    [0, 32],
    [1, 1],
    [2, 64],
  ] as const) {
    for (let bit = 0; bit < size * 8; bit += 7) {
      const parts = [hex(publicKey), hex(message), hex(signature)] as const
      const altered = parts[part]
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.equal(verify(...parts), false, `part ${part}, bit ${bit}`)
    }
  }
})

test('keys and commitments of small order are refused in every encoding', () => {
  for (const point of SMALL_ORDER) {
    assert.equal(isStrictKey(hex(point)), false, point)
    // R = the point, S = 0: what node alone accepts for the identity
    const signature = Buffer.concat([hex(point), Buffer.alloc(32)])
    for (const message of ['', 'a', 'b', 'c', 'd'])
      assert.equal(verify(hex(point), Buffer.from(message), signature), false)
    const forged = Buffer.concat([hex(point), hex(KNOWN[3]).subarray(32)])
    assert.equal(verify(hex(KNOWN[1]), hex(KNOWN[2]), forged), false)
  }
})

test('node alone would accept a constant signature under the identity point', () => {
  const identity = hex(SMALL_ORDER[0] ?? '')
  const key = { key: Buffer.concat([hex('302a300506032b6570032100'), identity]), format: 'der', type: 'spki' } as const
  const constant = Buffer.concat([identity, Buffer.alloc(32)])
  assert.equal(nodeVerify(null, Buffer.from('anything'), key, constant), true)
  assert.equal(verify(identity, Buffer.from('anything'), constant), false)
})

test('keys and signatures of a wrong size are refused, and bytes that are no point', () => {
  const [, publicKey, message, signature] = KNOWN
  assert.equal(verify(hex(publicKey).subarray(1), hex(message), hex(signature)), false)
  assert.equal(verify(hex(publicKey), hex(message), hex(signature).subarray(1)), false)
  assert.equal(verify(hex(publicKey), hex(message), Buffer.concat([hex(signature), Buffer.alloc(1)])), false)
  for (let low = 0; low < 64; low++) {
    const bytes = Buffer.alloc(32, 0x55)
    bytes.writeUInt8(low, 0)
    assert.equal(verify(bytes, hex(message), hex(signature)), false)
  }
})

if (existsSync(VECTORS)) {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as { rfc8032: Rfc[]; wycheproof: Wycheproof[] }

  test('all published RFC 8032 vectors', () => {
    assert.ok(vectors.rfc8032.length >= 3)
    for (const vector of vectors.rfc8032) check(vector)
  })

  test('all published wycheproof cases', () => {
    assert.ok(vectors.wycheproof.length > 100)
    for (const [id, publicKey, message, signature, result] of vectors.wycheproof) {
      assert.equal(verify(hex(publicKey), hex(message), hex(signature)), result === 'valid', `case ${id}`)
    }
  })
}

test.run()
