import assert from 'node:assert/strict'
import { suite } from 'uvu'
import type { VoteView } from '../../src/api.js'
import { DUPLICATE_VOTE } from '../../src/ledger/record.js'
import { START_MS, type TestPeer, World } from './world.js'

const test = suite('closing')

const START_S = START_MS / 1000
const inAWhile = (world: World, seconds: number): number => START_S + Math.ceil(world.nowMs / 1000) + seconds
const sameTip = (...peers: readonly TestPeer[]): boolean => peers.every((peer) => peer.tip === peers[0]!.tip)
const state = (peer: TestPeer, poll = 'lunch') => peer.ledger.tally(poll).state
const noBlame = (...peers: readonly TestPeer[]): void => {
  for (const peer of peers) assert.deepEqual(peer.blamed, [], peer.name)
}
const closes = (peer: TestPeer) =>
  peer.ledger.chain(1000).blocks.flatMap(({ records }) => records.filter(({ kind }) => kind === 'close'))
const viewOf = ({ result }: { readonly result: VoteView | string }): VoteView => {
  assert.ok(typeof result === 'object', `${result}`)
  return result
}

test('a poll made at one peer takes ballots at all, its own choices only, and its end is final everywhere', () => {
  const world = new World()
  const peers = [world.add('a'), world.add('b'), world.add('c')] as const
  const [a, b, c] = peers
  const ends = inAWhile(world, 60)
  assert.equal(a.createPollNow('lunch', { question: 'what?', closes: ends }).status, 'added')
  world.until(() => sameTip(...peers), 5000, 'all have the poll')
  for (const peer of peers) assert.deepEqual(peer.choices('lunch'), { pizza: 0, sushi: 0 })
  assert.equal(b.voteNow('ann', 'pizza', 'lunch').status, 'added')
  const soup = c.voteNow('bob', 'soup', 'lunch')
  assert.deepEqual([soup.status, soup.reason], ['invalid', 'lunch has no choice "soup": pizza, sushi'])
  assert.equal(b.createPollNow('lunch').status, 'invalid')
  world.until(() => state(a) !== 'open', 70_000, 'the end')
  world.until(() => peers.every((peer) => state(peer) === 'final'), 5000, 'the close, mined at once by the creator')
  assert.deepEqual(
    closes(c).map(({ author }) => author),
    [a.id],
  )
  const late = c.voteNow('cy', 'pizza', 'lunch')
  assert.equal(late.status, 'invalid')
  assert.match(late.reason, /^lunch is closed since 2027-01-15 08:0\d:\d\d UTC/)
  for (const peer of peers) {
    assert.deepEqual(peer.choices('lunch'), { pizza: 1, sushi: 0 })
    assert.ok(peer.ledger.tally('lunch').final)
  }
  noBlame(...peers)
})

test('when the creator is gone another peer ends the poll, one of them, and not at once', () => {
  const world = new World()
  const rest = ['b', 'c', 'd', 'e'].map((name) => world.add(name))
  const a = world.add('a')
  const ends = inAWhile(world, 30)
  a.createPollNow('lunch', { closes: ends })
  world.until(() => sameTip(a, ...rest), 5000, 'all have the poll')
  a.kill()
  world.run((ends - START_S + 19) * 1000 - world.nowMs)
  assert.ok(rest.every((peer) => state(peer) === 'ended' && peer.jobs === 0 && peer.ledger.mining().pending === 0))
  const late = rest[0]!.vote('ann', 'pizza', 'lunch')
  world.run(1)
  assert.match(viewOf(late).reason, /^lunch is closed since /, 'refused by our clock alone')
  let busy = 0
  const allFinal = (): boolean => {
    busy = Math.max(busy, rest.filter((peer) => peer.jobs > 0).length)
    return rest.every((peer) => state(peer) === 'final')
  }
  world.until(allFinal, 30_000, 'the close, mined by another')
  assert.equal(busy, 1, 'one peer works for it')
  const [only, ...more] = closes(rest[0]!)
  assert.deepEqual(more, [], 'one close')
  assert.ok(rest.some(({ id }) => id === only?.author))
  world.run(60_000)
  assert.ok(
    rest.every((peer) => peer.jobs === 0 && peer.ledger.mining().pending === 0),
    'and then rest',
  )
  a.restart()
  world.until(() => state(a) === 'final', 10_000, 'the creator hears of it')
  world.run(30_000)
  assert.equal(closes(a).length, 1)
  assert.ok(sameTip(a, ...rest))
  noBlame(a, ...rest)
})

test('a creator that mines nothing asks the others to', () => {
  const world = new World()
  const [a, b] = [world.add('a', { mode: 'never' }), world.add('b')]
  const made = a.createPoll('lunch', { closes: inAWhile(world, 120) })
  world.until(() => made.result !== 'waiting', 60_000, 'b mines the poll')
  world.until(() => state(a) === 'ended', 130_000, 'the end')
  world.until(() => state(a) === 'final' && state(b) === 'final', 60_000, 'b mines the close of a')
  assert.deepEqual(
    closes(b).map(({ author }) => author),
    [a.id],
  )
})

test('a peer that mines nothing ends nobody’s poll', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  a.createPollNow('lunch', { closes: inAWhile(world, 10) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  a.kill()
  world.run(200_000)
  assert.equal(state(b), 'ended')
  assert.equal(b.ledger.mining().pending, 0)
  b.ledger.setMining('own')
  world.until(() => state(b) === 'final', 10_000, 'but does when it is told to mine')
})

test('a creator that was away first hears whether others ended its poll', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  a.createPollNow('lunch', { closes: inAWhile(world, 10) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  a.kill()
  world.until(() => state(b) === 'final', 60_000, 'b ends it')
  world.cut([a], [b])
  a.restart()
  world.run(2000)
  assert.deepEqual([state(a), a.jobs, a.ledger.mining().pending], ['ended', 0, 0])
  world.heal()
  world.until(() => state(a) === 'final', 5000, 'a hears of it')
  assert.deepEqual(
    a.logs.filter((line) => !line.startsWith('info: Block ')),
    [],
  )
  assert.equal(closes(a).length, 1)
})

test('a wrong clock ends no poll', () => {
  const world = new World()
  let offsetMs = 0
  const a = world.add('a', { clockOffsetMs: () => offsetMs })
  a.createPollNow('lunch', { closes: inAWhile(world, 10) })
  offsetMs = -70_000
  world.run(60_000)
  assert.deepEqual([state(a), a.ledger.mining().pending], ['ended', 0])
  offsetMs = 0
  world.until(() => state(a) === 'final', 5000, 'the end, once the clock is right')
})

test('a ballot that waited on disk beyond the end of its poll is dropped at the start, and the log says why', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  a.createPollNow('lunch', { closes: inAWhile(world, 30) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  b.vote('ann', 'pizza', 'lunch')
  world.run(10)
  for (const peer of [a, b]) peer.kill()
  world.run(120_000)
  b.restart()
  assert.equal(b.ledger.mining().pending, 0)
  assert.match(b.logs.at(-1) ?? '', /^warn: Invalid\/duplicate Vote! lunch is closed since .*; yours is dropped$/)
  world.run(10)
  assert.equal([...b.store.entries('records')].length, 0)
})

test('without polls, with endless ones and with final ones nothing ticks', () => {
  const world = new World()
  const a = world.add('a')
  a.createPollNow('board')
  a.createPollNow('lunch', { closes: inAWhile(world, 10) })
  world.until(() => state(a) === 'final', 20_000, 'final')
  world.run(5000)
  const writes = a.store.writes
  world.run(600_000)
  assert.deepEqual([a.store.writes, a.jobs, state(a, 'board')], [writes, 0, 'open'])
})

test('a ballot that no block can take any more leaves, and its voter is told why', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  a.createPollNow('lunch', { closes: inAWhile(world, 15) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  const answer = b.vote('ann', 'pizza', 'lunch')
  world.until(() => answer.result !== 'waiting', 60_000, 'an answer')
  assert.equal(viewOf(answer).status, 'invalid')
  assert.match(viewOf(answer).reason, /^lunch is closed since /)
  assert.ok(b.logs.some((line) => line.startsWith(`warn: ${DUPLICATE_VOTE} lunch is closed since `)))
  for (const peer of [a, b]) assert.equal(peer.ledger.mining().pending, 0)
  assert.equal([...b.store.entries('records')].length, 0)
  noBlame(a, b)
})

test('a peer alone with a late ballot does not mine it, nor an empty block, and lets it go', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  a.createPollNow('lunch', { closes: inAWhile(world, 15) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  const ballot = b.vote('ann', 'pizza', 'lunch')
  a.kill()
  world.until(() => state(b) === 'ended', 20_000, 'the end')
  b.ledger.setMining('always')
  const height = b.height
  world.run(1500)
  assert.deepEqual([b.jobs, b.height, ballot.result], [0, height, 'waiting'])
  world.until(() => ballot.result !== 'waiting', 60_000, 'the close, mined by b, settles it')
  assert.equal(viewOf(ballot).status, 'invalid')
  assert.deepEqual([state(b), b.ledger.tally('lunch').total], ['final', 0])
})

test('a poll whose end comes before any block is refused, and its author told', () => {
  const world = new World()
  const a = world.add('a')
  const past = a.createPollNow('lunch', { closes: START_S - 1 })
  assert.deepEqual([past.status, past.reason.slice(0, 32)], ['invalid', 'lunch would end before it begins'])
  a.ledger.setMining('never')
  const answer = a.createPoll('lunch', { closes: inAWhile(world, 5) })
  world.until(() => answer.result !== 'waiting', 200_000, 'an answer')
  assert.equal(viewOf(answer).status, 'invalid')
  assert.deepEqual([a.ledger.mining().pending, [...a.store.entries('records')].length], [0, 0])
})

test('unfit drafts are refused at the door', () => {
  const world = new World()
  const a = world.add('a')
  const refused = (poll: string, terms: Parameters<TestPeer['createPoll']>[1], why: RegExp): void => {
    const answer = a.createPoll(poll, terms)
    world.run(10)
    assert.match(String(answer.result), why)
  }
  refused(' ', {}, /name of a poll/)
  refused('p', { question: 'x'.repeat(513) }, /question/)
  refused('p', { options: ['a'] }, /2 to 16 choices/)
  refused('p', { options: Array.from({ length: 17 }, (_, n) => `${n}`) }, /2 to 16 choices/)
  refused('p', { options: ['a', ' a '] }, /the choice "a" stands there twice/)
  refused('p', { options: ['a', ''] }, /a choice is 1 to 64 bytes/)
  refused('p', { closes: 2 ** 32 }, /before 2106/)
  refused('p', { roll: Array.from({ length: 33 }, (_, n) => n.toString(16).padStart(64, '0')) as never }, /at most 32/)
  assert.equal(a.ledger.mining().pending, 0)
  assert.equal(a.createPollNow('  p ', { options: [' a', 'b'], roll: [a.id, a.id] }).status, 'added')
  assert.deepEqual(a.ledger.tally('p').options, ['a', 'b'])
  assert.equal(a.ledger.tally('p').roll, 1)
})

test('a roll gives each of its peers one ballot', () => {
  const world = new World()
  const peers = [world.add('a'), world.add('b'), world.add('c')] as const
  const [a, b, c] = peers
  a.createPollNow('board', { roll: [a.id, b.id] })
  world.until(() => sameTip(...peers), 5000, 'one chain')
  assert.equal(b.voteNow('ann', 'pizza', 'board').status, 'added')
  assert.match(b.voteNow('bob', 'pizza', 'board').reason, /^this peer has a ballot in board already/)
  assert.match(c.voteNow('cy', 'pizza', 'board').reason, /^this peer is not on the roll of board/)
  world.until(() => sameTip(...peers), 5000, 'one chain')
  assert.equal(a.voteNow('ann', 'sushi', 'board').status, 'invalid', 'that voter has a ballot')
  assert.equal(a.voteNow('ada', 'sushi', 'board').status, 'added')
})

test('of two polls of one name the heavier branch has one, and the other’s author is told', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  world.cut([a], [b])
  a.createPollNow('lunch', { options: ['x', 'y'] })
  a.voteNow('ann', 'x', 'lunch')
  b.createPollNow('lunch', { options: ['pizza', 'sushi'] })
  world.heal()
  world.until(() => sameTip(a, b), 20_000, 'one chain')
  assert.deepEqual(b.choices('lunch'), { x: 1, y: 0 })
  assert.ok(b.logs.some((line) => line.startsWith('warn: Invalid poll! a poll lunch is registered already')))
  assert.equal(b.ledger.mining().pending, 0)
  noBlame(a, b)
})

test('an end that a heavier branch does not have comes again', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  a.createPollNow('lunch', { closes: inAWhile(world, 20) })
  world.until(() => sameTip(a, b), 5000, 'one chain')
  world.cut([a], [b])
  for (let n = 0; n < 4; n++) b.voteNow(`voter ${n}`, 'pizza', 'lunch')
  b.ledger.setMining('never')
  world.until(() => state(a) === 'final', 30_000, 'a has ended it on its own')
  world.heal()
  world.until(() => sameTip(a, b) && state(b) === 'final', 60_000, 'one chain, with an end')
  assert.deepEqual(a.choices('lunch'), { pizza: 4, sushi: 0 })
  assert.equal(closes(a).length, 1)
  noBlame(a, b)
})

test('polls, ballots and ends of peers that part, die and come back agree in the end', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const world = new World()
    for (let n = 0; n < seed * 7; n++) world.random()
    const pick = (count: number): number => Math.floor(world.random() * count)
    // clocks differ, as they do
    const peers = ['a', 'b', 'c', 'd'].map((name) => world.add(name, { offsetMs: (pick(3) - 1) * 12_000 }))
    for (let step = 0; step < 30; step++) {
      const peer = peers[pick(4)]!
      const what = pick(10)
      const poll = `poll ${pick(3)}`
      if (!peer.up) peer.restart()
      else if (what < 2) peer.createPoll(poll, { closes: pick(3) === 0 ? 0 : inAWhile(world, pick(40)) })
      else if (what < 7) peer.vote(`voter ${pick(12)}`, ['pizza', 'sushi', 'soup'][pick(3)]!, poll)
      else if (what < 8)
        world.cut(
          [peer],
          peers.slice(0, 1 + pick(3)).filter((other) => other !== peer),
        )
      else if (what < 9) world.heal()
      else peer.kill()
      world.run(pick(4000))
    }
    for (const peer of peers) if (!peer.up) peer.restart()
    world.heal()
    world.run(60_000)
    // two branches of equal work and content stand until somebody writes again
    peers[0]!.voteNow('the last', 'yes', 'the last')
    world.run(120_000)
    assert.ok(
      peers.every((peer) => peer.ledger.mining().pending === 0),
      `seed ${seed}: nothing waits`,
    )
    assert.ok(sameTip(...peers), `seed ${seed}: one chain`)
    const pictures = peers.map((peer) => peer.ledger.polls().map((poll) => ({ ...peer.ledger.tally(poll), height: 0 })))
    for (const picture of pictures) assert.deepEqual(picture, pictures[0], `seed ${seed}`)
    const unfinished = pictures[0]!.filter((view) => view.state === 'ended')
    assert.deepEqual(unfinished, [], `seed ${seed}: every end is closed`)
    noBlame(...peers)
  }
})

test.run()
