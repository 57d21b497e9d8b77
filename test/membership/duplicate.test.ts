import assert from 'node:assert/strict'
import fc from 'fast-check'
import { test } from 'uvu'
import { type Contender, decide, outdated } from '../../src/membership/duplicate.js'
import type { Address } from '../../wire/types.js'
import { Random } from '../sim/random.js'
import { townOf, whatIsWrong } from './town.js'

const boot = fc.record({
  startTime: fc.integer({ min: 1, max: 3 }),
  bootNonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
})
const contender: fc.Arbitrary<Contender> = fc
  .record({
    serial: fc.integer({ min: 1, max: 1000 }),
    dialedByLower: fc.boolean(),
    stage: fc.constantFrom('greeting' as const, 'greeted' as const, 'settled' as const),
    boot,
  })
  .map((link) => ({ ...link, boot: link.stage === 'greeting' ? null : link.boot }))
const links = fc
  .uniqueArray(contender, { selector: ({ serial }) => serial, maxLength: 6 })
  .filter((all) => all.filter(({ stage }) => stage === 'settled').length <= 1)

const link = (serial: number, dialedByLower: boolean, stage: Contender['stage']): Contender => ({
  serial,
  dialedByLower,
  stage,
  boot: stage === 'greeting' ? null : { startTime: 1, bootNonce: new Uint8Array(8) },
})

test('the table of the rule', () => {
  const table: readonly (readonly [string, readonly Contender[], ReturnType<typeof decide>])[] = [
    ['nothing there', [], { kind: 'wait' }],
    ['no hello yet', [link(1, true, 'greeting')], { kind: 'wait' }],
    ['one that passed', [link(1, false, 'greeted')], { kind: 'accept', serial: 1 }],
    ['both passed', [link(1, false, 'greeted'), link(2, true, 'greeted')], { kind: 'accept', serial: 2 }],
    ['the lower is on its way', [link(1, false, 'greeted'), link(2, true, 'greeting')], { kind: 'wait' }],
    ['the higher is on its way', [link(1, true, 'greeted'), link(2, false, 'greeting')], { kind: 'accept', serial: 1 }],
    ['two by the higher', [link(1, false, 'greeted'), link(3, false, 'greeted')], { kind: 'accept', serial: 3 }],
    ['one is in use', [link(1, false, 'settled'), link(2, true, 'greeted')], { kind: 'challenge', serial: 1 }],
    ['one in use, nothing new', [link(1, false, 'settled'), link(2, true, 'greeting')], { kind: 'wait' }],
  ]
  for (const [name, given, expected] of table) assert.deepEqual(decide(given), expected, name)
})

test('only a link that passed is chosen, by the lower id where there is one, whatever the order', () => {
  fc.assert(
    fc.property(links, (given) => {
      const decision = decide(given)
      assert.deepEqual(decide([...given].reverse()), decision)
      const settled = given.find(({ stage }) => stage === 'settled')
      if (decision.kind === 'challenge') assert.equal(decision.serial, settled?.serial)
      if (decision.kind !== 'accept') return
      const chosen = given.find(({ serial }) => serial === decision.serial)
      assert.equal(chosen?.stage, 'greeted')
      assert.equal(settled, undefined)
      const byLower = given.filter(({ stage, dialedByLower }) => stage === 'greeted' && dialedByLower)
      if (byLower.length > 0) assert.ok(chosen?.dialedByLower)
    }),
  )
})

test('a later boot makes all links of older ones outdated, and never its own', () => {
  fc.assert(
    fc.property(links, (given) => {
      const old = new Set(outdated(given))
      const kept = given.filter(({ serial, boot: of }) => of !== null && !old.has(serial))
      const latest = Math.max(...given.map(({ boot: of }) => of?.startTime ?? 0))
      for (const { boot: of } of kept) assert.equal(of?.startTime, latest)
      if (given.some(({ boot: of }) => of !== null)) assert.ok(kept.length > 0)
    }),
  )
})

test('two that dial each other at one moment get one link at once and keep it (300 orders)', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed, 0, 0, 5)
    const town = townOf(seed, { latencyMs: [0.2, 1 + random.next() * 60], loss: random.next() < 0.3 ? 0.1 : 0 })
    const there: readonly Address[] = ['10.0.0.1:4000' as Address, '10.0.0.2:4000' as Address]
    for (const place of [0, 1]) {
      town.at(random.next() * 50, 'start', () => {
        town.addPeer({ host: `m${place}`, listen: [there[place]!], join: [there[1 - place]!] })
      })
    }
    // the machines get their numbers in this order, whoever starts first
    town.network.host('m0')
    town.network.host('m1')
    town.until(() => town.nodes.length === 2 && whatIsWrong(town) === null, '20 s', `one link, seed ${seed}`)
    town.run('20 s')
    assert.equal(whatIsWrong(town), null)
    for (const house of town.nodes) {
      const told = house.peer.witness.heard.map((line) => line.split(' ')[0])
      assert.deepEqual(told, ['joined', 'up'], `seed ${seed}: the link did not flap`)
    }
  }
})

test.run()
