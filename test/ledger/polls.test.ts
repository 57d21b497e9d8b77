import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { recordsRoot } from '../../src/ledger/block.js'
import { Chain } from '../../src/ledger/chain.js'
import { decodeHeader } from '../../src/ledger/header.js'
import { Mempool, type Moment } from '../../src/ledger/mempool.js'
import { Miner } from '../../src/ledger/miner/miner.js'
import type { Node } from '../../src/ledger/node.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import type { SignedRecord } from '../../src/ledger/record.js'
import { dateOf, reasonOf } from '../../src/ledger/refusal.js'
import { type BlockHead, State } from '../../src/ledger/state.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import { ballot, COMMIT, close, GENESIS, grow, growAt, idOf, minedNode, note, poll } from './blocks.js'
import { MemoryStore, START_MS } from './world.js'

const test = suite('polls')
const NOW_S = START_MS / 1000
const ENDS_S = NOW_S + 100

const head = (time: number, height = 1): BlockHead => ({
  hash: sha256(Buffer.from(`${height}`)),
  height,
  header: { time },
})
const vote = (voter: string, choice: string, author = 'author') => ballot(voter, choice, author, 'lunch')

/** A state with these records, each in a block of its own at the beginning. */
function stateWith(...records: readonly SignedRecord[]): State {
  const state = new State()
  for (const signed of records) assert.ok(state.apply([signed], head(NOW_S)))
  return state
}

const lunch = (closes = 0) => poll('lunch', { closes })

test('a poll is registered once, and not where an open poll has ballots', () => {
  assert.equal(stateWith(lunch()).conflict(lunch(), NOW_S), 'taken')
  assert.equal(stateWith(vote('ann', 'pizza')).conflict(lunch(), NOW_S), 'begun')
  assert.equal(stateWith(ballot('ann', 'pizza')).conflict(lunch(), NOW_S), null, 'another poll has the ballot')
  const state = stateWith(lunch(ENDS_S))
  assert.ok(state.apply([close('lunch')], head(ENDS_S)))
  assert.equal(state.conflict(lunch(), ENDS_S), 'taken', 'nor after its end')
})

test('a registered poll takes its own choices and each voter once', () => {
  const state = stateWith(lunch(), vote('ann', 'pizza'))
  assert.equal(state.conflict(vote('bob', 'soup'), NOW_S), 'choice')
  assert.equal(state.conflict(vote('ann', 'sushi'), NOW_S), 'duplicate')
  assert.equal(state.conflict(vote('bob', 'sushi'), NOW_S), null)
  assert.equal(state.conflict(ballot('ann', 'soup'), NOW_S), null, 'an open poll takes anything')
})

test('with a roll only its peers have a ballot, one each, and voters still differ', () => {
  const state = stateWith(poll('lunch', { roll: [idOf('a'), idOf('b')].sort() }), vote('ann', 'pizza', 'a'))
  assert.equal(state.conflict(vote('cy', 'pizza', 'c'), NOW_S), 'roll')
  assert.equal(state.conflict(vote('cy', 'sushi', 'a'), NOW_S), 'voted')
  assert.equal(state.conflict(vote('ann', 'sushi', 'b'), NOW_S), 'duplicate')
  assert.equal(state.conflict(vote('bob', 'sushi', 'b'), NOW_S), null)
})

test('the time of the block decides what an ending poll takes', () => {
  const state = stateWith(lunch(ENDS_S))
  const at = (signed: SignedRecord, time: number) => state.conflict(signed, time)
  assert.deepEqual([at(vote('ann', 'pizza'), ENDS_S - 1), at(vote('ann', 'pizza'), ENDS_S)], [null, 'closed'])
  assert.deepEqual([at(close('lunch'), ENDS_S - 1), at(close('lunch'), ENDS_S)], ['early', null])
  assert.equal(at(close('dinner'), ENDS_S), 'unregistered')
  assert.ok(state.apply([close('lunch')], head(ENDS_S)))
  assert.equal(at(close('lunch', 'another'), ENDS_S), 'final')
  assert.equal(stateWith(lunch()).conflict(close('lunch'), NOW_S * 2), 'early', 'what has no end never ends')
  assert.deepEqual(
    [NOW_S - 1, NOW_S].map((time) => new State().conflict(lunch(NOW_S), time)),
    [null, 'over'],
    'nor does one begin after its end',
  )
})

test('the tally shows all options, the question and how far the poll is', () => {
  const roll = [idOf('a'), idOf('b')].sort()
  const state = stateWith(
    poll('lunch', { question: 'what?', options: ['soup', 'pizza', 'apple'], closes: ENDS_S, roll }),
    vote('ann', 'pizza', 'a'),
  )
  const view = state.tally.view('lunch', 2, NOW_S)
  assert.deepEqual(view, {
    poll: 'lunch',
    height: 2,
    final: false,
    total: 1,
    choices: { pizza: 1, soup: 0, apple: 0 },
    question: 'what?',
    options: ['soup', 'pizza', 'apple'],
    closes: ENDS_S,
    roll: 2,
    state: 'open',
  })
  assert.deepEqual(
    Object.keys(view.choices),
    ['pizza', 'soup', 'apple'],
    'most chosen first, then as the author had it',
  )
  assert.equal(state.tally.view('lunch', 2, ENDS_S).state, 'ended')
  state.apply([close('lunch')], head(ENDS_S))
  const last = state.tally.view('lunch', 3, ENDS_S)
  assert.deepEqual([last.state, last.final], ['final', true])
  assert.deepEqual(new State().tally.view('x', 0, 0), {
    ...{ poll: 'x', height: 0, final: false, total: 0, choices: {}, question: '', options: [] },
    ...{ closes: null, roll: null, state: 'open' },
  })
})

test('what is undone is as if it had never been', () => {
  const roll = [idOf('a'), idOf('b')].sort()
  const someone = fc.constantFrom('a', 'b', 'c')
  const name = fc.constantFrom('lunch', 'board')
  const record = fc.oneof(
    fc.tuple(name, fc.constantFrom(0, ENDS_S), fc.constantFrom([], roll), someone).map(([of, closes, on, author]) => {
      return poll(of, { closes, roll: on }, author)
    }),
    fc
      .tuple(name, fc.constantFrom('ann', 'bob', 'cy'), fc.constantFrom('pizza', 'sushi', 'soup'), someone)
      .map(([of, voter, choice, author]) => ballot(voter, choice, author, of)),
    fc.tuple(name, someone).map(([of, author]) => close(of, author)),
  )
  const block = fc.tuple(fc.array(record, { maxLength: 4 }), fc.constantFrom(NOW_S, ENDS_S))
  const probes = ['lunch', 'board'].flatMap((of) => [
    poll(of),
    close(of),
    ...['a', 'b', 'c'].map((author) => ballot('dan', 'pizza', author, of)),
  ])
  const picture = (state: State, time: number) => ({
    polls: state.tally.polls().map((of) => state.tally.view(of, 0, time)),
    unclosed: [...state.tally.unclosed()].map(({ id }) => id).sort(),
    refused: probes.map((signed) => state.conflict(signed, time)),
  })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), (blocks) => {
      const state = new State()
      const before: unknown[] = []
      const applied: (readonly SignedRecord[])[] = []
      for (const [records, time] of blocks) {
        const earlier = [picture(state, NOW_S), picture(state, ENDS_S)]
        const fitting = state.fitting(records, time, () => true)
        assert.deepEqual([picture(state, NOW_S), picture(state, ENDS_S)], earlier, 'a trial leaves no trace')
        if (state.apply(records, head(time))) {
          assert.deepEqual(fitting, records)
          before.push(earlier)
          applied.push(records)
        } else {
          assert.deepEqual([picture(state, NOW_S), picture(state, ENDS_S)], earlier, 'all or nothing')
          assert.ok(state.apply(fitting, head(time)), 'what fits together is a valid block')
          state.undo(fitting)
        }
      }
      for (const records of applied.reverse()) {
        state.undo(records)
        assert.deepEqual([picture(state, NOW_S), picture(state, ENDS_S)], before.pop())
      }
    }),
    { numRuns: 60 },
  )
})

const open = (store = new MemoryStore()): Chain => new Chain(store, GENESIS, EASY_PARAMS)
const view = (chain: Chain, name = 'lunch') => chain.state.tally.view(name, 0, NOW_S)

test('a block that breaks a rule of a poll is invalid, whole', () => {
  const chain = open()
  const first = grow(chain, chain.genesis, lunch(ENDS_S), vote('ann', 'pizza')).node
  const invalid = (time: number, ...records: readonly SignedRecord[]): void => {
    assert.equal(growAt(chain, first, time, ...records).adoption.kind, 'invalid')
    assert.deepEqual(view(chain).choices, { pizza: 1, sushi: 0 })
    assert.equal(view(chain).final, false)
  }
  invalid(NOW_S, vote('bob', 'soup'))
  invalid(NOW_S, vote('bob', 'sushi'), close('lunch'))
  invalid(NOW_S, vote('bob', 'sushi'), lunch(ENDS_S))
  invalid(ENDS_S, vote('bob', 'sushi'))
  invalid(ENDS_S, close('lunch'), close('lunch', 'another'))
  invalid(ENDS_S, close('lunch'), vote('bob', 'sushi'))
  invalid(NOW_S, ballot('x', 'y', 'author', 'board'), poll('board'))
  const last = growAt(chain, first, ENDS_S, close('lunch'), note('done')).node
  assert.equal(chain.tip, last)
  assert.equal(view(chain).final, true)
})

test('a reorg takes back a poll, its ballots and its end, and a restart finds what the other branch says', () => {
  const store = new MemoryStore()
  const chain = open(store)
  const base = grow(chain, chain.genesis, note('base')).node
  const ours = grow(chain, base, lunch(ENDS_S), vote('ann', 'pizza')).node
  growAt(chain, ours, ENDS_S, close('lunch'))
  assert.equal(view(chain).final, true)
  let tip: Node = base
  const blocks = [[poll('lunch', { options: ['soup', 'salad'] })], [vote('ann', 'soup')], [note('longer')]]
  for (const records of blocks) tip = grow(chain, tip, ...records).node
  assert.equal(chain.tip, tip, 'the other branch is heavier')
  for (const one of [chain, open(store)]) {
    assert.deepEqual(view(one).choices, { soup: 1, salad: 0 })
    assert.deepEqual([view(one).state, view(one).closes], ['open', null])
    assert.deepEqual([...one.state.tally.unclosed()], [])
  }
})

test('a branch that ends a poll too early is refused and leaves ours as it was', () => {
  const chain = open()
  const first = grow(chain, chain.genesis, lunch(ENDS_S), vote('ann', 'pizza')).node
  const second = grow(chain, first, vote('bob', 'sushi')).node
  const good = [note('good')]
  const bad = [close('lunch')]
  const x = minedNode(first, good)
  const y = minedNode(x, bad, { time: ENDS_S - 1 })
  const z = minedNode(y, [note('more')])
  chain.stage(x, good)
  chain.stage(y, bad)
  const adoption = chain.adopt(z, new Map([[z.hash, [note('more')]]]), COMMIT)
  assert.equal(adoption.kind === 'invalid' && adoption.node, y)
  assert.equal(chain.tip, second)
  assert.deepEqual(view(chain).choices, { pizza: 1, sushi: 1 })
})

// ---- what waits

const at = (wallS: number, tipTimeS = NOW_S): Moment => ({ nowMs: 0, wallTimeMs: wallS * 1000, tipTimeS })
const ids = (records: readonly SignedRecord[]) => records.map(({ id }) => id)

test('two records that want the same end, name or ballot do not wait side by side', () => {
  const state = stateWith(poll('lunch', { closes: ENDS_S, roll: [idOf('a'), idOf('b')].sort() }))
  const pool = new Mempool(state)
  const add = (signed: SignedRecord, wallS = NOW_S) => pool.add(signed, 'own', at(wallS))
  const first = vote('ann', 'pizza', 'a')
  assert.equal(add(first), 'added')
  assert.equal(add(vote('bob', 'pizza', 'a')), 'voted')
  assert.equal(add(vote('ann', 'pizza', 'b')), 'duplicate')
  assert.equal(add(poll('board')), 'added')
  assert.equal(add(poll('board', {}, 'b')), 'taken')
  assert.equal(add(close('lunch'), ENDS_S), 'added')
  assert.ok(pool.hasClose('lunch') && !pool.hasClose('board'))
  assert.equal(add(close('lunch', 'b'), ENDS_S), 'final')
  pool.remove(first.id)
  assert.equal(add(vote('bob', 'pizza', 'a')), 'added', 'a withdrawn ballot leaves its place')
})

test('a claim made under one chain is given back under another', () => {
  const registered = poll('lunch', { roll: [idOf('a')] })
  const state = stateWith(registered)
  const pool = new Mempool(state)
  const first = vote('ann', 'pizza', 'a')
  pool.add(first, 'own', at(NOW_S))
  state.undo([registered])
  pool.remove(first.id)
  assert.ok(state.apply([registered], head(NOW_S)))
  assert.equal(pool.add(vote('bob', 'pizza', 'a'), 'own', at(NOW_S)), 'added')
})

test('a template puts a poll before its ballots and leaves out what does not fit it', () => {
  const pool = new Mempool(new State())
  const [early, odd, other] = [vote('ann', 'pizza'), vote('bob', 'soup'), ballot('cy', 'yes')]
  for (const signed of [early, odd, other]) assert.equal(pool.add(signed, 'own', at(NOW_S)), 'added')
  const registered = lunch()
  assert.equal(pool.add(registered, idOf('peer'), at(NOW_S)), 'added')
  assert.deepEqual(ids(pool.template(NOW_S)), ids([registered, early, other]))
  assert.ok(new State().apply(pool.template(NOW_S), head(NOW_S)))
})

test('a ballot does not begin an open poll in place of a poll that waits', () => {
  const pool = new Mempool(new State())
  const [registered, early] = [lunch(ENDS_S), vote('ann', 'pizza')]
  for (const signed of [registered, early]) pool.add(signed, 'own', at(NOW_S))
  assert.deepEqual(ids(pool.template(ENDS_S - 1)), ids([registered, early]))
  assert.deepEqual(pool.template(ENDS_S), [], 'the poll has ended before it began')
})

test('a template holds what its own time allows', () => {
  const state = stateWith(lunch(ENDS_S))
  const pool = new Mempool(state)
  const [early, end] = [vote('ann', 'pizza'), close('lunch')]
  pool.add(early, 'own', at(NOW_S))
  assert.equal(pool.add(end, idOf('peer'), at(ENDS_S - 61)), 'early', 'no clock is that fast')
  assert.equal(pool.add(end, idOf('peer'), at(ENDS_S - 60)), 'added')
  assert.deepEqual(ids(pool.template(ENDS_S - 1)), [early.id])
  assert.deepEqual(ids(pool.template(ENDS_S)), [end.id])
})

test('a ballot leaves when no honest miner can take it any more', () => {
  const state = stateWith(lunch(ENDS_S))
  const pool = new Mempool(state)
  const late = vote('ann', 'pizza')
  pool.add(late, 'own', at(NOW_S))
  assert.deepEqual(pool.sweep(at(ENDS_S + 59)), [], 'a slower clock may still')
  assert.deepEqual(pool.sweep(at(ENDS_S + 60)), [{ signed: late, why: 'closed' }])
  pool.add(late, 'own', at(NOW_S))
  assert.deepEqual(pool.connected([], at(NOW_S, ENDS_S)), [{ signed: late, why: 'closed' }], 'or the chain is past it')
  assert.equal(pool.size, 0)
})

test('a poll that comes into the chain takes out the ballots that it cannot count', () => {
  const state = new State()
  const pool = new Mempool(state)
  const [good, odd, strange] = [vote('ann', 'pizza', 'a'), vote('bob', 'soup', 'a'), vote('cy', 'pizza', 'c')]
  const rival = poll('lunch', {}, 'rival')
  for (const signed of [good, odd, strange, rival]) pool.add(signed, 'own', at(NOW_S))
  const block = [poll('lunch', { roll: [idOf('a')] })]
  state.apply(block, head(NOW_S))
  assert.deepEqual(
    pool.connected(block, at(NOW_S)).map(({ signed, why }) => [signed.id, why]),
    [
      [odd.id, 'choice'],
      [strange.id, 'roll'],
      [rival.id, 'taken'],
    ],
  )
  assert.deepEqual(ids(pool.template(NOW_S)), [good.id])
})

test('a job that outlasts the end of a poll goes on without its ballots', () => {
  const chain = open()
  grow(chain, chain.genesis, lunch(ENDS_S))
  const pool = new Mempool(chain.state)
  const [late, other] = [vote('ann', 'pizza'), ballot('ann', 'yes')]
  let wallS = ENDS_S - 1
  const mining: Hash[] = []
  const miner = new Miner(
    {
      now: () => 0,
      wallTime: () => wallS * 1000,
      after: () => () => {},
      random: () => 0,
      log: (_level, text) => assert.fail(text),
      workers: {
        mine: (header) => {
          mining.push(decodeHeader(header).root)
          return () => {}
        },
        hashRate: () => 0,
        verify: () => assert.fail('nothing to verify'),
      },
    },
    chain,
    pool,
    {
      params: EASY_PARAMS,
      mode: 'own',
      self: idOf('author'),
      clockOffsetMs: () => 0,
      syncing: () => false,
      members: () => [],
      solved: () => ({ kind: 'lighter' }),
      changed: () => {},
    },
  )
  for (const signed of [late, other]) pool.add(signed, 'own', at(wallS))
  miner.plan()
  wallS = ENDS_S
  miner.plan()
  assert.deepEqual(mining, [recordsRoot([late, other]), recordsRoot([other])])
  pool.remove(other.id)
  miner.plan()
  assert.deepEqual([mining.length, miner.state], [2, 'unfit'])
})

test('a refusal says why and what to do', () => {
  const { tally } = stateWith(lunch(ENDS_S))
  assert.equal(reasonOf('choice', vote('ann', 'soup'), tally), 'lunch has no choice "soup": pizza, sushi')
  assert.equal(
    reasonOf('closed', vote('ann', 'soup'), tally),
    `lunch is closed since ${dateOf(ENDS_S)}: poll show lunch`,
  )
  assert.equal(reasonOf('duplicate', vote('ann', 'soup'), tally), 'ann has a ballot in lunch already')
  assert.equal(dateOf(NOW_S), '2027-01-15 08:00:00 UTC')
})

test.run()
