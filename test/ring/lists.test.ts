import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { FingerTable, SLOTS } from '../../src/ring/finger-table.js'
import { Graveyard } from '../../src/ring/graveyard.js'
import { distance } from '../../src/ring/id.js'
import { type Direction, isOrdered, NeighbourList } from '../../src/ring/successor-list.js'
import type { PeerId } from '../../wire/types.js'

const peer = fc.integer({ min: 0, max: 40 }).map((value) => value.toString(16).padStart(2, '0').repeat(32) as PeerId)
const direction = fc.constantFrom<Direction>('clockwise', 'counter-clockwise')
const all = () => true

test('whatever is adopted, a list stays ordered, short and free of its owner', () => {
  fc.assert(
    fc.property(direction, peer, peer, fc.array(peer, { maxLength: 30 }), (way, self, head, following) => {
      fc.pre(head !== self)
      const list = new NeighbourList(self, way, 16)
      list.adopt(head, following, all)
      assert(isOrdered(way, self, list.entries))
      assert(list.size <= 16)
      assert.equal(list.first, head)
    }),
  )
})

test('an ordered list runs away from its owner, each step farther', () => {
  fc.assert(
    fc.property(direction, peer, fc.array(peer, { maxLength: 6 }), (way, owner, list) => {
      const far = list.map((entry) => (way === 'clockwise' ? distance(owner, entry) : distance(entry, owner)))
      const ordered = far.every((steps, place) => steps > (far[place - 1] ?? 0n))
      assert.equal(isOrdered(way, owner, list), ordered)
    }),
  )
})

test('adopting the list of the true successor gives the true list, cut where it comes around', () => {
  fc.assert(
    fc.property(fc.uniqueArray(peer, { minLength: 2, maxLength: 30 }), (peers) => {
      const ring = [...peers].sort()
      const from = (place: number) => ring.map((_, offset) => ring[(place + offset + 1) % ring.length]!).slice(0, -1)
      const list = new NeighbourList(ring[0]!, 'clockwise', 16)
      list.adopt(ring[1]!, from(1).slice(0, 16), all)
      assert.deepEqual(list.entries, from(0).slice(0, 16))
      assert.equal(list.wholeRing, ring.length <= 16)
    }),
  )
})

test('whoever is not trusted is left out without a gap', () => {
  const ids = ['1', '2', '3', '4'].map((digit) => digit.repeat(64) as PeerId)
  const list = new NeighbourList(ids[0]!, 'clockwise', 16)
  list.adopt(ids[1]!, ids.slice(2), (id) => id !== ids[2])
  assert.deepEqual(list.entries, [ids[1], ids[3]])
})

test('finger targets are the hex digits of the distance', () => {
  const self = '0'.repeat(64) as PeerId
  const table = new FingerTable(self)
  assert.equal(table.target(0), `1${'0'.repeat(63)}`)
  assert.equal(table.target(14), `f${'0'.repeat(63)}`)
  assert.equal(table.target(15), `01${'0'.repeat(62)}`)
  for (let slot = 0; slot < SLOTS; slot++) table.set(slot, self)
  assert.equal(table.peers().size, 1)
  table.remove(self)
  assert.equal(table.peers().size, 0)
})

test('the graveyard forgets the oldest first and goodbyes after a minute', () => {
  const graves = new Graveyard()
  const ids = Array.from({ length: Graveyard.LIMIT + 1 }, (_, index) => `${index}`.padStart(64, '0') as PeerId)
  for (const id of ids) graves.bury(id, 'lost', 0)
  assert(!graves.has(ids[0]!))
  assert.equal(graves.lost().length, Graveyard.LIMIT)
  graves.bury(ids[5]!, 'left', 0)
  graves.sweep(1_900, () => true)
  assert(graves.has(ids[5]!))
  graves.sweep(61_000, () => false)
  assert(!graves.has(ids[5]!))
  graves.bury(ids[7]!, 'left', 0)
  graves.sweep(2_100, () => true)
  assert(!graves.has(ids[7]!), 'whoever is a member all the while only left the ring')
  assert(graves.raise(ids[6]!))
  assert(!graves.raise(ids[6]!))
})

test.run()
