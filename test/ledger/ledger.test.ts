import assert from 'node:assert/strict'
import { suite } from 'uvu'
import type { VoteView } from '../../src/api.js'
import { leafHash, provesInclusion } from '../../src/ledger/merkle.js'
import { DUPLICATE_VOTE } from '../../src/ledger/record.js'
import { type TestPeer, World } from './world.js'

const test = suite('ledger')

const sameTip = (...peers: readonly TestPeer[]): boolean => peers.every((peer) => peer.tip === peers[0]!.tip)
const noBlame = (...peers: readonly TestPeer[]): void => {
  for (const peer of peers) assert.deepEqual(peer.blamed, [], peer.name)
}

test('a vote at one peer is in the tally of all', () => {
  const world = new World()
  const [a, b, c] = [world.add('a'), world.add('b'), world.add('c')]
  const view = a.voteNow('ann', 'yes')
  assert.equal(view.status, 'added')
  assert.equal(view.height, 1)
  world.until(() => sameTip(a, b, c), 2000, 'all have the block')
  for (const peer of [a, b, c]) assert.deepEqual(peer.choices(), { yes: 1 })
  assert.equal(b.ledger.chain(1).blocks[0]!.records[0]!.id, view.ballot)
  noBlame(a, b, c)
})

test('a second vote of the same voter is refused at the door, however it is typed', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  a.voteNow('Ren\u00e9', 'yes')
  world.until(() => sameTip(a, b), 2000, 'b has the block')
  for (const voter of ['Ren\u00e9', '  Rene\u0301 ']) {
    for (const peer of [a, b]) assert.equal(peer.voteNow(voter, 'no').status, 'invalid')
  }
  assert.equal(b.voteNow('rené', 'no').status, 'added', 'another voter')
  assert.equal(b.voteNow('René', 'no', 'other poll').status, 'added')
  assert.deepEqual(b.ledger.polls(), ['main', 'other poll'])
})

test('a pending ballot refuses a second one before any block', () => {
  const world = new World()
  const a = world.add('a', { mode: 'never' })
  const first = a.vote('ann', 'yes')
  assert.equal(a.voteNow('ann', 'no').status, 'invalid')
  assert.equal(first.result, 'waiting')
  assert.equal(a.ledger.mining().pending, 1)
})

test('of two votes of one voter in a race one is added and the other told invalid', () => {
  const world = new World()
  const [a, b, c] = [world.add('a'), world.add('b'), world.add('c')]
  const answers = [a.vote('ann', 'yes'), b.vote('ann', 'no')]
  world.until(() => answers.every(({ result }) => result !== 'waiting'), 60_000, 'both answered')
  world.until(() => sameTip(a, b, c), 5000, 'one chain')
  const statuses = answers.map(statusOf).sort()
  assert.equal(c.ledger.tally('main').total, 1)
  // the loser may have seen its own block first and lost it in the reorg: then the log says so
  if (statuses[0] === 'added' && statuses[1] === 'added') {
    assert.ok([...a.logs, ...b.logs].some((line) => line.includes(DUPLICATE_VOTE)))
  } else assert.deepEqual(statuses, ['added', 'invalid'])
  noBlame(a, b, c)
})

test('unfit words are refused with what to do', () => {
  const world = new World()
  const a = world.add('a')
  for (const [voter, choice] of [
    ['', 'yes'],
    ['   ', 'yes'],
    ['ann', ''],
    ['x'.repeat(65), 'yes'],
    ['ann\u0007', 'yes'],
    ['\ud800', 'yes'],
  ] as const) {
    const answer = a.vote(voter, choice)
    world.run(10)
    assert.match(`${answer.result}`, /1 to 64 bytes/)
  }
  assert.equal(a.ledger.mining().pending, 0)
})

test('notes and ballots have receipts that prove their place', () => {
  const world = new World()
  const [a, b] = [world.add('a', { mode: 'never' }), world.add('b', { mode: 'never' })]
  const answers = ['ann', 'bob', 'cy', 'dan', 'eve'].map((voter) => a.vote(voter, 'yes'))
  a.ledger.note(
    'a note',
    { timeoutMs: null },
    () => {},
    () => {},
  )
  world.run(1000)
  b.ledger.setMining('always')
  world.until(() => answers.every(({ result }) => typeof result === 'object'), 20_000, 'all added')
  world.until(() => sameTip(a, b), 2000, 'one chain')
  for (const { result } of answers) {
    assert.ok(typeof result === 'object')
    const receipt = b.ledger.receipt(result.ballot)
    assert.ok(receipt.ok)
    const { block, height, proof, confirmations } = receipt.value
    assert.ok(confirmations >= 1)
    const view = b.ledger.chain(100).blocks.find(({ hash }) => hash === block)!
    assert.equal(view.height, height)
    const index = view.records.findIndex(({ id }) => id === result.ballot)
    const raw = b.store.get('blocks', block)!
    const leaves = leavesOf(raw)
    const root = Buffer.from(b.store.get('headers', height.toString(16).padStart(8, '0') + block)!).toString(
      'hex',
      36,
      68,
    )
    assert.ok(provesInclusion(leaves[index]!, BigInt(index), BigInt(leaves.length), proof, root as never))
  }
  assert.ok(!a.ledger.receipt('00').ok)
})

const statusOf = ({ result }: { readonly result: VoteView | string }): string =>
  typeof result === 'object' ? result.status : result

/** Leaves of a stored body: a msgpack list (fixarray or array16) of bin8 and bin16. */
function leavesOf(raw: Uint8Array) {
  const bytes = Buffer.from(raw)
  const leaves = []
  for (let at = (bytes[0]! & 0xf0) === 0x90 ? 1 : 3; at < bytes.length; ) {
    const wide = bytes[at] === 0xc5
    const size = wide ? bytes.readUInt16BE(at + 1) : bytes[at + 1]!
    at += wide ? 3 : 2
    leaves.push(leafHash(bytes.subarray(at, at + size)))
    at += size
  }
  return leaves
}

test('others mine a record only when its author did not', () => {
  const world = new World()
  const [a, b] = [world.add('a', { mode: 'never' }), world.add('b')]
  const answer = a.vote('ann', 'yes')
  world.run(19_000)
  assert.equal(b.ledger.mining().pending, 1)
  assert.equal(b.jobs, 0)
  assert.equal(answer.result, 'waiting')
  world.until(() => typeof answer.result === 'object', 15_000, 'b mines it after 2T and a rank')
  noBlame(a, b)
})

test('a peer that mines always takes what others sent at once', () => {
  const world = new World()
  const a = world.add('a', { mode: 'never' })
  world.add('b', { mode: 'always' })
  const answer = a.vote('ann', 'yes')
  world.until(() => typeof answer.result === 'object', 5000, 'mined')
})

test('nobody mines without records', () => {
  const world = new World()
  const a = world.add('a', { mode: 'always' })
  a.voteNow('ann', 'yes')
  world.run(60_000)
  assert.equal(a.jobs, 0)
  assert.equal(a.height, 1)
})

test('a cancelled vote leaves nothing mining, nothing pending and no answer', () => {
  const world = new World()
  const a = world.add('a')
  let answers = 0
  const cancel = a.ledger.vote(
    'ann',
    'yes',
    { poll: 'main', timeoutMs: null },
    () => {},
    () => answers++,
  )
  assert.equal(a.jobs, 1)
  cancel()
  cancel()
  assert.equal(a.jobs, 0)
  world.run(60_000)
  assert.equal(answers, 0)
  assert.equal(a.ledger.mining().pending, 0)
  assert.equal(a.height, 0)
  assert.equal([...a.store.entries('records')].length, 0)
  assert.equal(a.voteNow('ann', 'no').status, 'added')
})

test('a vote that takes too long is pending, and added later all the same', () => {
  const world = new World()
  const a = world.add('a', { mode: 'never' })
  const answer = a.vote('ann', 'yes', 'main', 3000)
  world.run(2900)
  assert.equal(answer.result, 'waiting')
  world.run(200)
  assert.equal(statusOf(answer), 'pending')
  a.ledger.setMining('own')
  world.until(() => a.ledger.tally('main').total === 1, 5000, 'mined after all')
})

test('a vote is added only when its block is durable', () => {
  const world = new World()
  const a = world.add('a')
  const answer = a.vote('ann', 'yes')
  world.until(() => a.height === 1, 5000, 'in memory')
  assert.equal(answer.result, 'waiting')
  assert.equal(a.ledger.claim().height, 0, 'nobody is told before')
  world.until(() => a.ledger.claim().height === 1, 100, 'durable')
  world.run(1)
  assert.equal(statusOf(answer), 'added')
})

test('a killed peer has the same chain, tally and pending vote when it starts again', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  for (const voter of ['ann', 'bob', 'cy']) a.voteNow(voter, 'yes')
  world.until(() => sameTip(a, b), 2000, 'one chain')
  b.vote('dan', 'no')
  world.run(100)
  const before = { a: a.ledger.chain(10), b: b.ledger.chain(10) }
  a.kill()
  b.kill()
  a.restart()
  b.restart()
  assert.deepEqual(a.ledger.chain(10), before.a)
  assert.deepEqual(b.ledger.chain(10), before.b)
  assert.deepEqual(b.choices(), { yes: 3 })
  assert.equal(b.ledger.mining().pending, 1)
  b.ledger.setMining('own')
  world.until(() => a.ledger.tally('main').total === 4, 10_000, 'the pending vote is mined after the restart')
  noBlame(a, b)
})

test('what was not durable when the peer was killed is gone as a whole', () => {
  const world = new World()
  const a = world.add('a')
  a.voteNow('ann', 'yes')
  a.vote('bob', 'yes')
  world.until(() => a.height === 2, 5000, 'second block in memory')
  a.kill()
  a.restart()
  assert.equal(a.height, 1)
  assert.deepEqual(a.choices(), { yes: 1 })
  world.until(() => a.height === 2, 5000, 'the pending vote was durable and is mined again')
})

test('a newcomer catches up headers first and says so to a voter meanwhile', () => {
  const world = new World()
  const a = world.add('a')
  for (let n = 0; n < 40; n++) a.voteNow(`voter ${n}`, 'yes')
  const b = world.add('b')
  const texts: string[] = []
  let status = ''
  b.ledger.vote(
    'late',
    'no',
    { poll: 'main', timeoutMs: null },
    (progress) => texts.push(progress.text),
    (result) => {
      status = result.ok ? result.value.status : result.message
    },
  )
  assert.equal(b.jobs, 0, 'no mining on a tip known to be old')
  world.until(() => status !== '', 20_000, 'the vote is answered')
  assert.equal(status, 'added')
  assert.match(texts[0] ?? '', /^syncing \d+\/40, then mining$/)
  world.until(() => sameTip(a, b), 2000, 'one chain')
  assert.equal(a.height, 41)
  noBlame(a, b)
})

test('a long catch-up asks several peers', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  for (let n = 0; n < 100; n++) a.voteNow(`voter ${n}`, 'yes')
  world.until(() => sameTip(a, b), 2000, 'one chain')
  const c = world.add('c')
  world.until(() => sameTip(a, c), 20_000, 'caught up')
  const asked = new Set(c.sent.filter(({ message }) => message.type === 'getBlocks').map(({ to }) => to))
  assert.equal(asked.size, 2)
  noBlame(a, b, c)
})

test('a catch-up survives the loss of its source', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  for (let n = 0; n < 60; n++) a.voteNow(`voter ${n}`, 'yes')
  world.until(() => sameTip(a, b), 2000, 'one chain')
  const c = world.add('c')
  world.until(() => c.height > 5, 5000, 'some blocks are here')
  a.kill()
  world.until(() => sameTip(b, c), 20_000, 'caught up from the other')
  noBlame(b, c)
})

test('after a partition the heavier side wins and displaced votes return', () => {
  const world = new World()
  const [a, b, c, d] = [world.add('a'), world.add('b'), world.add('c'), world.add('d')]
  a.voteNow('first', 'yes')
  world.until(() => sameTip(a, b, c, d), 2000, 'one chain')
  world.cut([a, b], [c, d])
  for (let n = 0; n < 6; n++) a.voteNow(`left ${n}`, 'left')
  for (let n = 0; n < 3; n++) c.voteNow(`right ${n}`, 'right')
  world.run(1000)
  assert.ok(!sameTip(a, c))
  world.heal()
  const all = [a, b, c, d]
  world.until(() => sameTip(...all) && a.ledger.tally('main').total === 10, 120_000, 'one chain with all votes')
  for (const peer of all) assert.deepEqual(peer.choices(), { left: 6, right: 3, yes: 1 })
  assert.ok(c.logs.some((line) => /undid \d+ of our blocks/.test(line)))
  assert.ok(c.ledger.mining().forks.length > 0)
  noBlame(...all)
})

test('a vote that the heavier branch makes a duplicate is dropped and its voter told', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  world.cut([a], [b])
  a.voteNow('ann', 'left')
  a.voteNow('bob', 'left')
  b.voteNow('ann', 'right')
  world.heal()
  world.until(() => sameTip(a, b), 20_000, 'one chain')
  assert.deepEqual(b.choices(), { left: 2 })
  assert.equal(b.ledger.mining().pending, 0)
  assert.ok(b.logs.some((line) => line.startsWith(`warn: ${DUPLICATE_VOTE} ann`)))
  world.run(100)
  b.kill()
  b.restart()
  assert.deepEqual(b.choices(), { left: 2 })
  noBlame(a, b)
})

test('a waiting vote that the branch makes a duplicate is invalid', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b', { mode: 'never' })]
  world.cut([a], [b])
  a.voteNow('ann', 'left')
  const answer = b.vote('ann', 'right')
  world.run(1000)
  world.heal()
  world.until(() => typeof answer.result === 'object', 20_000, 'answered')
  assert.equal(statusOf(answer), 'invalid')
})

test('a reorg deeper than 60 blocks is announced loudly', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  world.cut([a], [b])
  for (let n = 0; n < 70; n++) a.voteNow(`left ${n}`, 'left')
  for (let n = 0; n < 62; n++) b.voteNow(`right ${n}`, 'right')
  world.heal()
  world.until(() => sameTip(a, b) && a.ledger.tally('main').total === 132, 120_000, 'one chain')
  assert.ok(b.logs.some((line) => /^warn: THE CHAIN CHANGED DEEPLY: 6[2-9] blocks/.test(line)))
  noBlame(a, b)
})

test('a tie keeps what was seen first, over a restart too', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  world.cut([a], [b])
  a.voteNow('ann', 'left')
  b.voteNow('bob', 'right')
  const tips = [a.tip, b.tip]
  world.heal()
  a.ledger.setMining('never')
  b.ledger.setMining('never')
  world.run(2000)
  a.kill()
  a.restart()
  world.run(2000)
  assert.deepEqual([a.tip, b.tip], tips)
  noBlame(a, b)
})

test('two branches of equal work become one without another vote', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  world.cut([a], [b])
  a.voteNow('ann', 'left')
  b.voteNow('bob', 'right')
  world.heal()
  world.until(() => sameTip(a, b) && a.ledger.tally('main').total === 2, 60_000, 'each mines what it lacks')
  noBlame(a, b)
})

test('a wrong clock refuses to mine, and the vote names it', () => {
  const world = new World()
  const a = world.add('a', { clockOffsetMs: () => 63_000 })
  const answer = a.vote('ann', 'yes')
  world.run(1000)
  assert.match(`${answer.result}`, /clock is 63 s behind/)
  assert.equal(a.jobs, 0)
  assert.equal(a.ledger.mining().pending, 0)
})

test('a peer with a slow clock holds a block from the future and takes it when its time has come', () => {
  const world = new World()
  const a = world.add('a')
  const slow = world.add('slow', { offsetMs: -90_000, mode: 'never' })
  a.voteNow('ann', 'yes')
  world.run(10_000)
  assert.equal(slow.height, 0)
  world.until(() => sameTip(a, slow), 60_000, 'taken at 60 s ahead')
  noBlame(a, slow)
})

test('twenty votes at once from four peers are all added', () => {
  const world = new World()
  const peers = ['a', 'b', 'c', 'd'].map((name) => world.add(name))
  const answers = peers.flatMap((peer) => [0, 1, 2, 3, 4].map((n) => peer.vote(`${peer.name}${n}`, 'yes')))
  world.until(() => answers.every(({ result }) => typeof result === 'object'), 60_000, 'all answered')
  world.until(() => sameTip(...peers) && peers[0]!.ledger.tally('main').total === 20, 30_000, 'one chain with all')
  noBlame(...peers)
})

test.run()
