import * as assert from 'node:assert/strict'
import { suite } from 'uvu'
import type { Json } from '../../src/index.js'
import type { Ledger } from '../../src/ledger/ledger.js'
import { ChainData } from '../../src/library/chain-data.js'
import { votingRule } from '../../src/library/data.js'
import { World } from '../ledger/world.js'

const test = suite('library chain data')

function dataOf(ledger: Ledger): ChainData {
  const core = {
    chain: (last: number, top?: number) => ledger.chain(last, top),
    receipt: (ballot: string) => ledger.receipt(ballot),
    vote: ledger.vote.bind(ledger),
    note: ledger.note.bind(ledger),
    status: () => assert.fail('asked only for data that waits'),
  }
  return new ChainData(() => core, new AbortController().signal, votingRule)
}

/** All of the chain, read anew. */
function expected(ledger: Ledger): readonly Json[] {
  const { blocks } = ledger.chain(10_000)
  return [...blocks].reverse().flatMap(({ records }) => records.map(({ data }) => data))
}

test('the data of a long chain is whole and in order, read at once or block by block', () => {
  const world = new World()
  const peer = world.add('a')
  const early = dataOf(peer.ledger)
  assert.deepEqual(early.all(), [])
  for (let voter = 0; voter < 150; voter++) {
    peer.voteNow(`voter ${voter}`, 'yes')
    if (voter % 7 === 0) assert.equal(early.all().length, voter + 1)
  }
  assert.ok(peer.height > 130, 'more than two pages')
  const data = early.all()
  assert.equal(data.length, 150)
  assert.deepEqual(data[0], { poll: 'main', voter: 'voter 0', choice: 'yes' })
  assert.deepEqual(data, expected(peer.ledger))
  assert.deepEqual(dataOf(peer.ledger).all(), data)
})

test('data of a branch that lost is gone, that of the heavier one is there', () => {
  const world = new World()
  const [a, b] = [world.add('a'), world.add('b')]
  a.voteNow('both', 'yes')
  world.until(() => a.tip === b.tip, 5000, 'one chain')
  world.cut([a], [b])
  const [atA, atB] = [dataOf(a.ledger), dataOf(b.ledger)]
  for (let voter = 0; voter < 3; voter++) a.voteNow(`a${voter}`, 'yes')
  for (let voter = 0; voter < 8; voter++) b.voteNow(`b${voter}`, 'no')
  assert.deepEqual(atA.all(), expected(a.ledger))
  assert.deepEqual(atB.all(), expected(b.ledger))
  const before = atA.all()
  world.heal()
  world.until(() => a.tip === b.tip && a.ledger.tally('main').total === 12, 120_000, 'one chain with all votes')
  assert.deepEqual(atA.all(), expected(a.ledger))
  assert.deepEqual(atB.all(), expected(b.ledger))
  assert.deepEqual(atA.all(), atB.all())
  assert.notDeepEqual(atA.all().slice(0, before.length), before)
})

test.run()
