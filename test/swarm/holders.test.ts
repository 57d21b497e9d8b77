import assert from 'node:assert'
import { test } from 'uvu'
import { emptyBitmap, setBit } from '../../src/swarm/bitmap.js'
import { CLAIM_MS, Holders } from '../../src/swarm/holders.js'
import { sha256 } from '../../wire/hash.js'
import type { PeerId } from '../../wire/types.js'

const id = sha256(Buffer.from('a file'))
const none = new Uint8Array(0)
const peers = Array.from({ length: 80 }, (_, at) => sha256(Buffer.from(`peer ${at}`)) as PeerId)

function table(): { holders: Holders; clock: { nowMs: number } } {
  const clock = { nowMs: 0 }
  return { holders: new Holders({ now: () => clock.nowMs }), clock }
}

test('claims expire unless they are repeated', () => {
  const { holders, clock } = table()
  holders.note(id, peers[0]!, 'all', none, 8)
  holders.note(id, peers[1]!, 'kept', none, 8)
  clock.nowMs = CLAIM_MS - 1
  holders.note(id, peers[1]!, 'kept', none, 8)
  assert.equal(holders.complete(id), 2)
  clock.nowMs = CLAIM_MS + 1
  assert.equal(holders.complete(id), 1)
  assert.equal(holders.state(id, peers[0]!), 'none')
})

test('a claim that does not fit the file is refused', () => {
  const { holders } = table()
  const beyond = emptyBitmap(8)
  setBit(beyond, 7)
  assert.ok(!holders.note(id, peers[0]!, 'some', beyond, 7))
  assert.ok(!holders.note(id, peers[0]!, 'some', emptyBitmap(16), 8))
  assert.ok(!holders.note(id, peers[0]!, 'all', emptyBitmap(8), 8))
  assert.ok(holders.note(id, peers[0]!, 'some', beyond, 8))
})

test('who did not deliver is not believed for a minute', () => {
  const { holders, clock } = table()
  holders.note(id, peers[0]!, 'all', none, 8)
  holders.demote(id, peers[0]!)
  holders.note(id, peers[0]!, 'all', none, 8)
  assert.deepEqual(holders.list(id, 10), [])
  clock.nowMs = 61_000
  holders.note(id, peers[0]!, 'all', none, 8)
  assert.equal(holders.complete(id), 1)
})

test('holders are handed out in rotating order, and those that only list a file not at all', () => {
  const { holders } = table()
  for (const peer of peers.slice(0, 3)) holders.note(id, peer, 'all', none, 8)
  holders.note(id, peers[3]!, 'listed', none, 8)
  const first = Array.from({ length: 3 }, () => holders.list(id, 1)[0]?.peer)
  assert.deepEqual(new Set(first), new Set(peers.slice(0, 3)))
})

test('at most 64 holders of a file are remembered, complete ones rather than others', () => {
  const { holders } = table()
  for (const peer of peers.slice(0, 64)) holders.note(id, peer, 'some', emptyBitmap(8), 8)
  for (const peer of peers.slice(64, 74)) holders.note(id, peer, 'kept', none, 8)
  for (const peer of peers.slice(74)) holders.note(id, peer, 'some', emptyBitmap(8), 8)
  assert.equal(holders.list(id, 100).length, 64)
  assert.equal(holders.complete(id), 10)
})

test.run()
