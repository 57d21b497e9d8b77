import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { countBits, emptyBitmap, fitsCount, fullBitmap, hasBit, setBit } from '../../src/swarm/bitmap.js'
import { Picker } from '../../src/swarm/picker.js'

function bitmapOf(count: number, set: readonly number[]): Uint8Array {
  const bitmap = emptyBitmap(count)
  for (const index of set) setBit(bitmap, index % count)
  return bitmap
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const counts = fc.integer({ min: 1, max: 200 })
const sets = fc.array(fc.nat(1_000), { maxLength: 200 })

test('every missing chunk is picked exactly once, and only from a source that has it', () => {
  fc.assert(
    fc.property(counts, sets, fc.array(sets, { minLength: 1, maxLength: 5 }), fc.nat(), (count, have, claims, seed) => {
      const picker = new Picker(count, bitmapOf(count, have), randomFrom(seed))
      const sources = claims.map((set) => bitmapOf(count, set))
      for (const source of sources) picker.rarity.add(source)
      const picked = new Set<number>()
      for (const source of sources) {
        for (let index = picker.take(source); index >= 0; index = picker.take(source)) {
          assert.ok(hasBit(source, index) && !hasBit(bitmapOf(count, have), index) && !picked.has(index))
          picked.add(index)
        }
        assert.ok(!picker.offers(source))
      }
      for (let index = picker.take(null); index >= 0; index = picker.take(null)) picked.add(index)
      assert.equal(picked.size, count - countBits(bitmapOf(count, have)))
      assert.equal(picker.waiting, 0)
    }),
  )
})

test('what was put back is picked again', () => {
  fc.assert(
    fc.property(counts, fc.nat(), (count, seed) => {
      const picker = new Picker(count, emptyBitmap(count), randomFrom(seed))
      const first = picker.take(null)
      picker.putBack(first)
      picker.putBack(first)
      const picked: number[] = []
      for (let index = picker.take(null); index >= 0; index = picker.take(null)) picked.push(index)
      assert.equal(picked.length, count)
      assert.ok(picked.includes(first))
    }),
  )
})

test('after the first four the rarest chunk of a source goes first', () => {
  fc.assert(
    fc.property(fc.array(sets, { minLength: 2, maxLength: 6 }), fc.nat(), (claims, seed) => {
      const count = 64
      const picker = new Picker(count, emptyBitmap(count), randomFrom(seed))
      const sources = claims.map((set) => bitmapOf(count, set))
      for (const source of sources) picker.rarity.add(source)
      for (let i = 0; i < 4; i++) picker.take(null)
      const source = sources[0]!
      let last = 0
      for (let index = picker.take(source); index >= 0; index = picker.take(source)) {
        assert.ok(picker.rarity.of(index) >= last)
        last = picker.rarity.of(index)
      }
    }),
  )
})

test('a bitmap with bits beyond the last chunk, or of another length, does not fit', () => {
  fc.assert(
    fc.property(counts, (count) => {
      assert.ok(fitsCount(fullBitmap(count), count))
      assert.equal(countBits(fullBitmap(count)), count)
      assert.ok(!fitsCount(new Uint8Array(Math.ceil(count / 8) + 1), count))
      if (count % 8 !== 0) assert.ok(!fitsCount(new Uint8Array(Math.ceil(count / 8)).fill(0xff), count))
    }),
  )
})

test.run()
