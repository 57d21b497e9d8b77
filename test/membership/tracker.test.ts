/** The tracker among many: what changes is pushed to all at once, and a rush of newcomers is let in. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Address } from '../../wire/types.js'
import { type House, settle, type Town, townOf } from './town.js'

const ANCHOR = '10.0.0.1:4000' as Address
const MACHINES = 5

/** An anchor and so many peers that join it, started within `spreadMs`. */
function crowd(seed: number, count: number, spreadMs: number): Town {
  const town = townOf(seed, { latencyMs: [1, 20] })
  town.addPeer({ host: 'm0', listen: [ANCHOR], join: [] })
  town.run('1 s')
  for (let peer = 0; peer < count; peer++)
    town.at(town.now + (spreadMs * peer) / count, 'start peer', () => void newcomer(town, peer))
  return town
}

const newcomer = (town: Town, peer: number): House => settle(town, `m${1 + (peer % MACHINES)}`, [ANCHOR])

const known = (house: House): number => [...house.peer.membership.members()].length
const allKnowAll = (town: Town): boolean => town.nodes.every((house) => known(house) === town.nodes.length - 1)

test('a newcomer and a goodbye reach 50 peers within 200 ms', () => {
  const town = crowd(1, 50, 3000)
  town.until(() => town.nodes.length === 51 && allKnowAll(town), '40 s', '51 peers that know each other')
  town.run('10 s')
  const [anchor] = town.nodes
  assert.ok(anchor)
  const late = newcomer(town, 50)
  town.until(() => anchor.peer.membership.isLinked(late.id), '5 s', 'the newcomer at the anchor')
  const others = town.nodes.filter((house) => house !== late)
  const everybodyKnows = (): boolean => others.every(({ peer }) => peer.membership.member(late.id) !== undefined)
  town.until(everybodyKnows, 200, 'everybody to know the newcomer')
  town.run('10 s')
  town.act(() => late.peer.membership.quit(() => town.exit(late)))
  const nobodyKnows = (): boolean => others.every(({ peer }) => peer.membership.member(late.id) === undefined)
  town.until(nobodyKnows, 200, 'everybody to know that it left')
})

test('120 peers join one anchor at once, and all know all', () => {
  const town = crowd(2, 120, 100)
  town.until(() => town.nodes.length === 121 && allKnowAll(town), '120 s', '121 peers that know each other')
})

test.run()
