import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { Names } from '../../src/swarm/names.js'
import { makeRegister, type Register, wins } from '../../src/swarm/register.js'
import { sha256 } from '../../wire/hash.js'
import { CHAIN, type TestPeer } from './peer.js'
import { World } from './world.js'

const DAY_MS = 86_400_000
const publishers = ['ann', 'bob'].map((name) => new World(1).add(name))

interface Wish {
  readonly by: number
  readonly name: string
  readonly version: number
  readonly content: number
  readonly since: number
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  by: fc.nat(1),
  name: fc.constantFrom('a', 'b'),
  version: fc.integer({ min: 1, max: 3 }),
  content: fc.nat(2),
  since: fc.nat(3),
})

function registerOf({ by, name, version, content, since }: Wish): Register {
  const manifest = content === 0 ? null : sha256(Buffer.from(`${content}`))
  const time = 1_700_000_000_000
  return makeRegister(publishers[by]!.env, CHAIN, {
    name,
    version,
    manifest,
    size: 1,
    keeping: 'copies' as const,
    since,
    time,
  })
}

function emptyNames(peer: TestPeer = new World(1).add('reader')): Names {
  return new Names(peer.env)
}

function contents(names: Names): readonly string[] {
  return [...names.all()].map((register) => register.id).sort()
}

test('registers merge to the same in any order and however often they come', () => {
  fc.assert(
    fc.property(fc.array(wishes, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 30 }), (list, order) => {
      const registers = list.map(registerOf)
      const one = emptyNames()
      const two = emptyNames()
      for (const register of registers) one.merge(register, false)
      for (const at of order) if (registers.length > 0) two.merge(registers[at % registers.length]!, false)
      for (const register of registers.toReversed()) two.merge(register, false)
      assert.deepEqual(contents(one), contents(two))
      assert.deepEqual(one.digests(), two.digests())
      for (const name of ['a', 'b']) assert.equal(one.meant(name)?.id, two.meant(name)?.id)
    }),
  )
})

test('of two different registers of one publisher exactly one wins', () => {
  fc.assert(
    fc.property(wishes, wishes, (x, y) => {
      const [a, b] = [registerOf({ ...x, by: 0, name: 'a' }), registerOf({ ...y, by: 0, name: 'a' })]
      if (a.id !== b.id) assert.notEqual(wins(a, b), wins(b, a))
    }),
  )
})

test('a bare name means the live register that was published first', () => {
  const names = emptyNames()
  const late = registerOf({ by: 0, name: 'a', version: 1, content: 1, since: 9 })
  const early = registerOf({ by: 1, name: 'a', version: 1, content: 2, since: 3 })
  names.merge(late, false)
  names.merge(early, false)
  assert.equal(names.meant('a')?.id, early.id)
  names.merge(registerOf({ by: 1, name: 'a', version: 2, content: 0, since: 3 }), false)
  assert.equal(names.meant('a')?.id, late.id)
})

test('pages give a peer what it lacks, and nothing where both know the same', () => {
  fc.assert(
    fc.property(fc.array(wishes, { maxLength: 12 }), fc.array(wishes, { maxLength: 12 }), (ours, theirs) => {
      const one = emptyNames()
      const two = emptyNames()
      for (const wish of ours) one.merge(registerOf(wish), false)
      for (const wish of theirs) two.merge(registerOf(wish), false)
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        for (let after: string | null = ''; after !== null; ) {
          const page = from.page(to.digests(), after, 2)
          for (const register of page.registers) to.merge(register, false)
          after = page.next
        }
      }
      assert.deepEqual(contents(one), contents(two))
      assert.deepEqual(one.page(two.digests(), '', 2), { registers: [], next: null })
    }),
  )
})

test('names survive a restart, once they are durable', () => {
  const world = new World(1)
  const peer = world.add('reader')
  const register = registerOf({ by: 0, name: 'a', version: 1, content: 1, since: 1 })
  let durable = false
  emptyNames(peer).merge(register, false, [], () => {
    durable = true
  })
  world.until('durable', 100, () => durable)
  peer.kill()
  peer.start()
  assert.deepEqual(contents(emptyNames(peer)), [register.id])
})

test('a removal is forgotten after thirty days and then does not come back', () => {
  const world = new World(1)
  const names = emptyNames(world.add('reader'))
  const removal = registerOf({ by: 0, name: 'a', version: 2, content: 0, since: 1 })
  names.merge(removal, false)
  world.run(29 * DAY_MS)
  names.expire()
  assert.equal(names.size, 1)
  world.run(2 * DAY_MS)
  names.expire()
  assert.equal(names.size, 0)
  assert.equal(names.merge(removal, false), 'older')
})

test('one name has at most 32 registers', () => {
  const names = emptyNames()
  for (let i = 0; i < 40; i++) {
    const { env } = new World(1).add(`publisher ${i}`)
    const fields = { name: 'a', version: 1, manifest: sha256(Buffer.from('x')), size: 1, keeping: 'copies' as const }
    const merged = names.merge(makeRegister(env, CHAIN, { ...fields, since: 1, time: 1 }), false)
    assert.equal(merged, i < 32 ? 'new' : 'full')
  }
})

test.run()
