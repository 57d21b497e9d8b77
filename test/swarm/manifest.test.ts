import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import {
  checkName,
  chunkBytes,
  chunkCountOf,
  chunkSizeFor,
  decodeManifest,
  encodeManifest,
  formatLink,
  MAX_FILE_BYTES,
  makeManifest,
  manifestText,
  parseLink,
  readManifest,
} from '../../src/swarm/manifest.js'
import { verify } from '../../wire/ed25519.js'
import { CHAIN } from './peer.js'
import { World } from './world.js'

const KIB = 1024
const env = new World(1).add('ann').env
const sizes = fc.integer({ min: 0, max: MAX_FILE_BYTES })
const names = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((name) => checkName(name) === null)

test('a chunk is the smallest power of two from 256 KiB to 16 MiB that gives at most 16,384 chunks', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const chunkSize = chunkSizeFor(size)
      assert.ok(Number.isInteger(Math.log2(chunkSize)) && chunkSize >= 256 * KIB && chunkSize <= 16 * KIB * KIB)
      assert.ok(size <= chunkSize * 16_384)
      assert.ok(chunkSize === 256 * KIB || size > (chunkSize / 2) * 16_384)
    }),
  )
})

test('chunks cover the file exactly', () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const layout = { size, chunkSize: chunkSizeFor(size) }
      const count = chunkCountOf(layout)
      if (count === 0) return assert.equal(size, 0)
      assert.ok(chunkBytes(layout, count - 1) > 0)
      assert.equal((count - 1) * layout.chunkSize + chunkBytes(layout, count - 1), size)
    }),
  )
})

test('a manifest survives encoding, and its signature is good', () => {
  fc.assert(
    fc.property(names, fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1, max: 9 }), (name, count, version) => {
      const size = count * 256 * KIB
      const layout = { size, chunkSize: chunkSizeFor(size), hashes: new Uint8Array(count * 32).fill(count) }
      const manifest = makeManifest(env, CHAIN, name, version, layout)
      const copy = decodeManifest(encodeManifest(manifest))
      assert.equal(copy?.id, manifest.id)
      assert.equal(copy?.publisher, env.identity.id)
      const { publicKey, text, signature } = manifestText(CHAIN, manifest.signed)
      assert.ok(verify(publicKey, text, signature))
    }),
  )
})

test('any change of what is signed changes the id', () => {
  const layout = { size: 256 * KIB, chunkSize: 256 * KIB, hashes: new Uint8Array(32) }
  const ids = new Set([
    makeManifest(env, CHAIN, 'a', 1, layout).id,
    makeManifest(env, CHAIN, 'b', 1, layout).id,
    makeManifest(env, CHAIN, 'a', 2, layout).id,
    makeManifest(env, CHAIN, 'a', 1, { ...layout, size: 256 * KIB - 1 }).id,
    makeManifest(env, CHAIN, 'a', 1, { ...layout, hashes: new Uint8Array(32).fill(1) }).id,
  ])
  assert.equal(ids.size, 5)
})

test('a manifest that is cut otherwise, or lacks hashes, is refused', () => {
  const layout = { size: 256 * KIB, chunkSize: 256 * KIB, hashes: new Uint8Array(32) }
  const { signed } = makeManifest(env, CHAIN, 'a', 1, layout)
  const changed = (body: object) => readManifest({ ...signed, body: { ...signed.body, ...body } })
  assert.notEqual(changed({}), null)
  assert.equal(changed({ chunkSize: 512 * KIB }), null)
  assert.equal(changed({ chunkSize: 0 }), null)
  assert.equal(changed({ hashes: new Uint8Array(64) }), null)
  assert.equal(changed({ size: MAX_FILE_BYTES + 1 }), null)
  assert.equal(changed({ name: '../etc/passwd' }), null)
})

test('names that could be paths, hide something or are too long are refused', () => {
  for (const name of [
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    'a\nb',
    'a\0',
    '\u001b[2J',
    'a\u202eb',
    'é'.repeat(128),
    'e\u0301',
  ]) {
    assert.notEqual(checkName(name), null, JSON.stringify(name))
  }
  for (const name of ['a', '.profile', 'ünï cödé.txt', 'a@b', 'x'.repeat(255)]) assert.equal(checkName(name), null)
})

test('a link comes back as it was written', () => {
  const { id } = makeManifest(env, CHAIN, 'a', 1, { size: 0, chunkSize: 256 * KIB, hashes: new Uint8Array(0) })
  fc.assert(
    fc.property(names, (name) => {
      assert.deepEqual(parseLink(formatLink(id, name)), { id, name })
    }),
  )
  assert.deepEqual(parseLink(`p2p:${id}`), { id, name: null })
  assert.deepEqual(parseLink(`p2p:${id}?name=%zz%2f`), { id, name: null })
  for (const text of ['p2p:12', 'music.txt', `p2p:${id}x`, `http:${id}`]) assert.equal(parseLink(text), null)
})

test.run()
