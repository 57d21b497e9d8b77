import assert from 'node:assert'
import { test } from 'uvu'
import { Reviews } from '../../src/swarm/reviews.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import { World } from './world.js'

test('a small file does not wait for the large ones that somebody published', () => {
  const world = new World(1)
  const env = { now: () => world.nowMs, after: (ms: number, fn: () => void) => world.at(ms, fn) }
  const large = Array.from({ length: 1_000 }, (_, index) => sha256(Buffer.from(`large ${index}`)))
  const small = sha256(Buffer.from('small'))
  const seen: Hash[] = []
  const reviews = new Reviews(env, {
    all: () => large,
    chunksOf: (id) => (id === small ? 48 : 16_384),
    review: (id) => void seen.push(id),
  })
  reviews.soon()
  world.run(1_000)
  reviews.look(small, 0)
  world.run(1_000)
  assert.ok(seen.includes(small))
  assert.ok(seen.length <= 5, 'the large ones keep their pauses')
  world.run(1_000 * 512)
  assert.equal(new Set(seen).size, 1_001)
})

test.run()
