/** Whoever serves a machine's rendezvous port goes, in every way there is: another one serves soon, and one in the end. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Address } from '../../wire/types.js'
import { Random } from '../sim/random.js'
import { type House, settle, type Town, townOf, untilOne } from './town.js'

const ORDERS = 200
const EVENTS = 2
const SUCCESSION_MS = 2000
const DEEDS = ['quit', 'crash', 'freeze', 'cut'] as const
type Deed = (typeof DEEDS)[number]

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!

const serves = (house: House): boolean => house.awake && house.peer.membership.role() === 'anchor'

const counts: Record<Deed, number> = { quit: 0, crash: 0, freeze: 0, cut: 0 }
const waits: number[] = []

const HUB = '10.0.0.1:4000' as Address

/** One to three machines with three to five peers each, that are one network. */
function begin(seed: number, random: Random): Town {
  const town = townOf(seed, { latencyMs: [1, 20] })
  for (const machine of ['a', 'b', 'c'].slice(0, 1 + Math.floor(random.next() * 3))) {
    if (machine === 'a') town.addPeer({ host: machine, listen: [HUB], join: [] })
    else settle(town, machine, [HUB])
    for (let more = 2 + Math.floor(random.next() * 3); more > 0; more--) settle(town, machine)
  }
  return town
}

/** The anchor of that machine goes; answers how it comes back. */
function strike(town: Town, anchor: House, deed: Deed): () => void {
  counts[deed]++
  switch (deed) {
    case 'quit':
      town.act(() => anchor.peer.membership.quit(() => town.exit(anchor)))
      return () => town.start(anchor)
    case 'crash':
      town.kill(anchor)
      return () => town.start(anchor)
    case 'freeze':
      town.freeze(anchor)
      return () => town.thaw(anchor)
    case 'cut':
      town.partition(
        [anchor],
        town.nodes.filter((other) => other !== anchor),
      )
      return () => town.heal()
  }
}

test('the anchor of a machine quits, crashes, freezes or is cut off: another serves within 2 s (200 orders)', () => {
  for (let seed = 1; seed <= ORDERS; seed++) {
    const random = new Random(seed, 0, 0, 78)
    const town = begin(seed, random)
    untilOne(town, '20 s', 'before anything happens')
    for (let event = 0; event < EVENTS; event++) {
      town.run(random.next() * 7000)
      const anchors = town.nodes.filter(serves)
      const anchor = pick(random, anchors)
      const heirs = town.nodes.filter((house) => house !== anchor && house.host === anchor.host)
      const deed = pick(random, DEEDS)
      const struckAt = town.now
      const comeBack = strike(town, anchor, deed)
      const what = `seed ${seed}: somebody serves ${anchor.host.name} after ${anchor.name} had to ${deed}`
      town.until(() => heirs.some(serves), SUCCESSION_MS, what)
      waits.push(town.now - struckAt)
      town.run(random.next() * 8000)
      comeBack()
      untilOne(town, '30 s', `one network again after ${deed}`)
    }
  }
  for (const deed of DEEDS) assert.ok(counts[deed] > (EVENTS * ORDERS) / 8, `${deed}: ${counts[deed]}`)
  assert.equal(waits.length, EVENTS * ORDERS)
})

test.run()
