import assert from 'node:assert/strict'
import { test } from 'uvu'
import { FULL_MESH, MAX_LINKS, wantedLinks } from '../../src/membership/policy.js'
import type { PeerId } from '../../wire/types.js'
import { keysOf } from '../sim/env.js'
import { type House, settle, type Town, townOf } from './town.js'

function crowd(seed: number, count: number): Town {
  const town = townOf(seed)
  for (let peer = 0; peer < count; peer++) {
    settle(town, `m${peer % 3}`, peer === 0 ? [] : ['10.0.0.1:4000' as never], [])
    if (peer === 0) {
      town.kill(town.nodes[0]!)
      Object.assign(town.nodes[0]!, { setup: { join: [], listen: ['10.0.0.1:4000'] } })
      town.start(town.nodes[0]!)
    }
    town.run('20 ms')
  }
  return town
}

/** How many of the awake peers each one knows. */
const known = (house: House): number => [...house.peer.membership.members()].length
const links = (house: House): number => [...house.peer.membership.linked()].length

test('beyond a full mesh every peer still knows all, with a bounded number of links', () => {
  const count = 70
  const town = crowd(1, count)
  const complete = (): boolean => town.nodes.every((house) => known(house) === count - 1)
  town.until(complete, '40 s', 'complete lists')
  town.run('20 s')
  assert.ok(complete())
  for (const house of town.nodes) {
    const isAnchor = house.peer.membership.role() === 'anchor'
    assert.ok(
      links(house) >= 16 && (isAnchor || links(house) <= MAX_LINKS + 16),
      `${house.name} has ${links(house)} links`,
    )
  }
  const victims = [town.nodes[20]!, town.nodes[21]!, town.nodes[0]!]
  for (const victim of victims) town.kill(victim)
  const ids = new Set(victims.map(({ id }) => id))
  const noticed = (): boolean =>
    town.alive.every((house) => [...house.peer.membership.members()].every(({ id }) => !ids.has(id)))
  town.until(noticed, '40 s', 'all hear of three deaths')
  assert.ok(town.alive.every((house) => known(house) === count - 1 - victims.length))
})

test('the policy: everybody in a small network, a bounded set that holds the ring together in a large one', () => {
  const all = Array.from({ length: 200 }, (_, index) => keysOf(9, index).id).sort()
  const few = all.slice(0, FULL_MESH)
  assert.equal(wantedLinks(few[0]!, few.slice(1), () => false).size, FULL_MESH - 1)
  for (const [place, self] of all.entries()) {
    const others = all.filter((peer) => peer !== self)
    const anchor = others[100]!
    const wanted = wantedLinks(self, others, (peer: PeerId) => peer === anchor)
    assert.ok(wanted.size <= MAX_LINKS / 2 + 8)
    assert.ok(wanted.has(anchor))
    for (const step of [1, 8, -1, -8]) assert.ok(wanted.has(all[(place + step + all.length) % all.length]!))
  }
})

test.run()
