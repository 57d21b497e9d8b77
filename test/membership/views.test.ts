/** What `peers` shows of one peer beside its name. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { PeerView } from '../../src/api.js'
import { Scores } from '../../src/membership/scores.js'
import type { PeerId } from '../../wire/types.js'
import { type House, settle, type Town, townOf, untilOne, viewsOf } from './town.js'

const PEER = 'b'.repeat(64) as PeerId

function pair(seed: number): { town: Town; ann: House; ben: House } {
  const town = townOf(seed, { membership: { software: 'p2p-tui 9.8.7' } })
  const [ann, ben] = [settle(town), settle(town)]
  untilOne(town, '10 s', 'two peers')
  return { town, ann, ben }
}

function viewOf(house: House, of: House): PeerView {
  const view = viewsOf(house).find(({ id }) => id === of.id)
  assert.ok(view)
  return view
}

test('a peer that was just met has its program, the time it came up and the best score', () => {
  const { town, ann, ben } = pair(1)
  const view = viewOf(ann, ben)
  assert.equal(view.software, 'p2p-tui 9.8.7')
  assert.equal(view.score, 100)
  assert.ok(view.since !== null)
  town.run('20 s')
  assert.equal(viewOf(ann, ben).since, view.since)
  assert.equal(viewOf(ann, ben).score, 100)
})

test('a link that comes back within the suspect window does not change since when a peer is up', () => {
  const { town, ann, ben } = pair(2)
  town.run('5 s')
  const { since } = viewOf(ann, ben)
  town.partition([ann], [ben])
  town.act(() => {
    for (const link of [...town.network.links()]) link.close('lost', 'a cut cable')
  })
  town.run('500 ms')
  assert.equal(viewOf(ann, ben).since, null)
  assert.notEqual(viewOf(ann, ben).state, 'up')
  town.heal()
  town.until(() => viewOf(ann, ben).state === 'up', '2 s', 'the link again')
  assert.ok(since !== null)
  assert.equal(viewOf(ann, ben).since, since)
})

test('a peer that was away for longer is up since it came back', () => {
  const { town, ann, ben } = pair(3)
  const { since } = viewOf(ann, ben)
  town.partition([ann], [ben])
  town.run('10 s')
  town.heal()
  town.until(() => viewsOf(ann).some(({ id, state }) => id === ben.id && state === 'up'), '60 s', 'the link again')
  const again = viewOf(ann, ben).since
  assert.ok(since !== null && again !== null && again > since + 5000)
})

test('pings that nobody answers cost score, and answers bring it back', () => {
  const { town, ann, ben } = pair(4)
  town.run('3 s')
  town.freeze(ben)
  town.until(() => viewOf(ann, ben).score < 97, '4 s', 'a lower score')
  town.thaw(ben)
  town.until(() => viewsOf(ann).some(({ score, state }) => score === 100 && state === 'up'), '300 s', 'the best score')
})

test('rates show the last seconds of the links though nobody looked before', () => {
  const { town, ann, ben } = pair(5)
  town.run('60 s')
  const link = [...town.network.links()].find((one) => one.process === ben.life?.process && one.peer === ann.id)
  assert.ok(link)
  town.act(() => {
    // what the test of the data link lets through: bytes without a meaning here
    for (let count = 0; count < 200; count++) link.send({ type: 'notDialed', token: count, reason: 'x'.repeat(200) })
  })
  town.run('1 s')
  const busy = viewOf(ann, ben)
  assert.ok(busy.down > 10_000, `${busy.down} B/s down while 40 kB came`)
  assert.ok(ann.peer.membership.rates().down >= busy.down)
  town.run('60 s')
  const idle = viewOf(ann, ben)
  assert.ok(idle.down < 500 && idle.up < 500, `${idle.down} B/s down, ${idle.up} B/s up with nothing but pings`)
})

test('a wrong chunk costs half of the score at once, a lost one little, and good answers bring it back', () => {
  const scores = new Scores()
  assert.equal(scores.of(PEER), 100)
  scores.count(PEER, 'bad')
  assert.equal(scores.of(PEER), 50)
  for (let count = 0; count < 64; count++) scores.count(PEER, 'ok')
  assert.ok(scores.of(PEER) > 90)
  const other = new Scores()
  other.count(PEER, 'lost')
  assert.equal(other.of(PEER), 88)
  other.count(PEER, 'refused')
  assert.equal(other.of(PEER), 85)
})

test('a score is the share of good answers: whoever answers every second ping has about half', () => {
  const scores = new Scores()
  for (let count = 0; count < 1000; count++) scores.count(PEER, count % 2 === 0 ? 'pong' : 'no pong')
  assert.ok(Math.abs(scores.of(PEER) - 50) < 3)
})

test('the scores of ten thousand peers are kept, no more', () => {
  const scores = new Scores()
  const idOf = (number: number): PeerId => number.toString(16).padStart(64, '0') as PeerId
  for (let number = 0; number <= 10_000; number++) scores.count(idOf(number), 'bad')
  assert.equal(scores.of(idOf(0)), 100)
  assert.equal(scores.of(idOf(1)), 50)
})

test.run()
