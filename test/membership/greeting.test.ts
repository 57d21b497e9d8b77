import assert from 'node:assert/strict'
import { test } from 'uvu'
import { compareBoots, type Hello, judgeHello } from '../../src/membership/greeting.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { CHAIN, type House, settle, townOf, untilOne } from './town.js'

const SELF = 'a'.repeat(64) as PeerId
const OTHER = 'b'.repeat(64) as PeerId

const hello = (changes: Partial<Hello> = {}): Hello => ({
  type: 'hello',
  protocol: 1,
  software: 'p2p-tui',
  capabilities: [],
  chain: CHAIN,
  name: 'otter-lime',
  bootNonce: new Uint8Array(8).fill(1),
  startTime: 1000,
  service: 'control',
  listen: [],
  wallTime: 1000,
  tip: CHAIN,
  height: 0,
  work: new Uint8Array(32),
  ...changes,
})

test('a hello passes, or is refused for one clear reason', () => {
  assert.deepEqual(judgeHello(hello(), hello(), SELF, OTHER), { kind: 'passed' })
  const newer = judgeHello(hello(), hello({ protocol: 2 }), SELF, OTHER)
  assert.ok(newer.kind === 'refused' && newer.code === 'incompatible' && /protocols 1 and 2: update/.test(newer.reason))
  const other = judgeHello(hello(), hello({ chain: 'e'.repeat(64) as Hash }), SELF, OTHER)
  assert.ok(other.kind === 'refused' && other.code === 'other-chain')
})

test('our own address and a second process with our key are told apart', () => {
  assert.deepEqual(judgeHello(hello(), hello(), SELF, SELF), { kind: 'ourselves' })
  const younger = hello({ startTime: 2000, bootNonce: new Uint8Array(8) })
  assert.deepEqual(judgeHello(hello(), younger, SELF, SELF), { kind: 'twin', weAreYounger: false })
  assert.deepEqual(judgeHello(younger, hello(), SELF, SELF), { kind: 'twin', weAreYounger: true })
  const sameTime = hello({ bootNonce: new Uint8Array(8).fill(2) })
  assert.equal(Math.sign(compareBoots(hello(), sameTime)), -Math.sign(compareBoots(sameTime, hello())))
})

test('a peer of another chain is told so and never becomes a member', () => {
  const town = townOf(1, { chain: (index) => (index === 0 ? CHAIN : ('e'.repeat(64) as Hash)) })
  const first = settle(town)
  town.run('1 s')
  const second = settle(town)
  town.run('1 s')
  let answer = ''
  const { membership } = second.peer
  town.act(() =>
    membership.join(first.peer.membership.address(), (result) => (answer = result.ok ? 'ok' : result.message)),
  )
  town.until(() => answer !== '', '8 s', 'an answer to join')
  assert.match(answer, /did not let us in: the two keep different chains under one secret/)
  assert.deepEqual([...membership.members(), ...first.peer.membership.members()], [])
})

/** Gives a house the key of another one and starts it anew. */
function impersonate(house: House, original: House): void {
  Object.assign(house, { keys: original.keys })
}

test('of two live processes with one identity the younger exits with clear words', () => {
  for (const stranger of [false, true]) {
    const town = townOf(stranger ? 3 : 2)
    const original = settle(town, 'a', [], ['10.0.0.1:0'])
    const friend = settle(town, 'a')
    untilOne(town, '3 s', 'two peers')
    // The copy comes up on the same machine, or on another one and only meets the friend first.
    const copy = settle(town, stranger ? 'b' : 'a', [], [])
    town.kill(copy)
    impersonate(copy, original)
    if (stranger) Object.assign(copy, { setup: { listen: [], join: [original.peer.membership.address() as Address] } })
    town.start(copy)
    town.until(() => copy.fatal !== null, '10 s', 'the younger to notice')
    assert.match(copy.fatal ?? '', /^identity in use: /)
    assert.equal(original.fatal, null)
    town.until(() => !copy.alive, '1 s', 'its end')
    untilOne(town, '10 s', 'the older and its friend')
    assert.ok(friend.peer.membership.isLinked(original.id))
  }
})

test('a later start of a peer replaces the links of the one before, even where nobody noticed its end', () => {
  const town = townOf(4)
  const stays = settle(town)
  const restarts = settle(town)
  untilOne(town, '3 s', 'two peers')
  town.kill(restarts, true)
  town.run('100 ms')
  assert.ok(stays.peer.membership.isLinked(restarts.id))
  town.start(restarts)
  town.until(() => restarts.peer.membership.isLinked(stays.id), '1 s', 'a new link')
  untilOne(town, '2 s', 'the same two')
  const told = stays.peer.witness.heard.map((line) => line.split(' ')[0])
  assert.deepEqual(told, ['joined', 'up', 'down', 'lost', 'joined', 'up'])
})

test.run()
