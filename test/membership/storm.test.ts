import { test } from 'uvu'
import type { Address } from '../../wire/types.js'
import { Random } from '../sim/random.js'
import { type House, settle, type Town, townOf, untilOne } from './town.js'

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random.next() * items.length)]!

/** 2 to 8 peers, started within a few milliseconds of each other. */
function begin(
  seed: number,
  random: Random,
  hosts: readonly string[],
  options: Parameters<typeof townOf>[1] = {},
): Town {
  const town = townOf(seed, options)
  const count = 2 + Math.floor(random.next() * 7)
  const spread = pick(random, [0, 1, 5, 30, 300, 1000])
  for (let peer = 0; peer < count; peer++) {
    town.at(random.next() * spread, 'start peer', () => void settle(town, pick(random, hosts)))
  }
  town.run(spread + 1)
  return town
}

test('peers that start within milliseconds of each other become one network (80 orders)', () => {
  for (let seed = 1; seed <= 80; seed++) {
    const town = begin(seed, new Random(seed, 0, 0, 77), ['home'])
    untilOne(town, '8 s', 'all that started at once')
    town.run('12 s')
    untilOne(town, '1 s', 'and they stay one')
  }
})

test('peers that die, freeze and come back at random end as one network (80 orders)', () => {
  for (let seed = 1000; seed < 1080; seed++) {
    const random = new Random(seed, 0, 0, 77)
    const town = begin(seed, random, ['home'])
    for (let event = 0; event < 6; event++) {
      town.run(random.next() * 4000)
      disturb(town, random)
    }
    for (const house of town.nodes) if (house.alive && !house.awake) town.thaw(house)
    if (town.alive.length === 0) town.start(town.nodes[0]!)
    untilOne(town, '25 s', 'after deaths and freezes')
  }
})

test('machines that join one address and are cut apart grow together again (60 orders)', () => {
  for (let seed = 2000; seed < 2060; seed++) {
    const random = new Random(seed, 0, 0, 77)
    const town = townOf(seed, { latencyMs: [1, 40], loss: random.next() < 0.5 ? 0 : 0.02 })
    const hub = town.addPeer({ host: 'a', listen: ['10.0.0.1:4000' as Address], join: [] })
    for (const host of ['b', 'c']) {
      settle(town, host, [hub.setup.listen[0] as Address])
      for (let more = Math.floor(random.next() * 2); more > 0; more--) settle(town, host)
    }
    if (random.next() < 0.5) settle(town, 'a')
    untilOne(town, '20 s', 'machines that join')
    const lonely = pick(random, ['a', 'b', 'c'])
    const apart = town.nodes.filter(({ host }) => host.name === lonely)
    const rest = town.nodes.filter((house) => !apart.includes(house))
    town.partition(apart, rest)
    town.run(500 + random.next() * 40_000)
    if (random.next() < 0.3) town.restart(pick(random, town.nodes))
    town.heal()
    untilOne(town, '60 s', 'machines that were cut apart')
  }
})

function disturb(town: Town, random: Random): void {
  const house = pick(random, town.nodes)
  const anchor = town.nodes.find((other) => other.awake && other.peer.membership.role() === 'anchor')
  const target: House = random.next() < 0.5 && anchor !== undefined ? anchor : house
  const deed = random.next()
  if (!target.alive) town.start(target)
  else if (!target.awake) town.thaw(target)
  else if (deed < 0.4) town.kill(target)
  else if (deed < 0.8) town.freeze(target)
  else target.peer.membership.quit(() => town.exit(target))
}

test.run()
