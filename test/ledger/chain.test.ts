import assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { Chain, FORK_DEPTH } from '../../src/ledger/chain.js'
import { genesisNode, type Node } from '../../src/ledger/node.js'
import { EASY_PARAMS } from '../../src/ledger/params.js'
import { ballot, COMMIT, GENESIS, grow, mined, minedNode, note } from './blocks.js'
import { MemoryStore, START_MS } from './world.js'

const test = suite('chain')
const open = (store = new MemoryStore()): Chain => new Chain(store, GENESIS, EASY_PARAMS)
const votes = (chain: Chain): Readonly<Record<string, number>> => chain.state.tally.view('main', 0, 0).choices

test('a heavier branch replaces ours: undo, redo, one write', () => {
  const store = new MemoryStore()
  const chain = open(store)
  const first = grow(chain, chain.genesis, ballot('ann', 'yes')).node
  grow(chain, first, ballot('bob', 'old'), ballot('cy', 'old'))
  const x = minedNode(first, [ballot('bob', 'new')])
  const records = [ballot('dan', 'new')]
  const y = minedNode(x, records)
  const writes = store.writes
  chain.stage(x, [ballot('bob', 'new')])
  assert.equal(store.writes, writes + 1)
  assert.deepEqual(votes(chain), { old: 2, yes: 1 })
  const bob = [ballot('bob', 'new')]
  const x2 = minedNode(first, bob)
  chain.stage(x2, bob)
  const y2 = minedNode(x2, records)
  const before = store.writes
  const adoption = chain.adopt(y2, new Map([[y2.hash, records]]), COMMIT)
  assert.equal(store.writes, before + 1)
  assert.equal(adoption.kind === 'adopted' && adoption.change.depth, 1)
  assert.deepEqual(votes(chain), { new: 2, yes: 1 })
  assert.equal(chain.tip, y2)
  assert.equal(chain.forkTips().length, 1)
  assert.notEqual(y.hash, y2.hash)
})

test('equal work keeps what was seen first', () => {
  const chain = open()
  const { node } = grow(chain, chain.genesis, ballot('ann', 'yes'))
  assert.equal(grow(chain, chain.genesis, ballot('bob', 'no')).adoption.kind, 'lighter')
  assert.equal(chain.tip, node)
})

test('a branch with a duplicate anywhere is refused and changes nothing', () => {
  const chain = open()
  const first = grow(chain, chain.genesis, ballot('ann', 'yes')).node
  const second = grow(chain, first, ballot('bob', 'yes')).node
  const before = votes(chain)
  const twice = [ballot('cy', 'yes'), ballot('cy', 'no')]
  assert.equal(grow(chain, second, ...twice).adoption.kind, 'invalid')
  assert.equal(grow(chain, second, ballot('ann', 'no')).adoption.kind, 'invalid')
  const { record } = chain.records(first)[0]!
  assert.equal(record.kind, 'ballot')
  assert.equal(grow(chain, second, chain.records(first)[0]!).adoption.kind, 'invalid', 'the same record again')
  const fork = [ballot('ann', 'x')]
  const x = minedNode(chain.genesis, fork)
  const bad = [ballot('dan', 'x'), ballot('ann', 'x')]
  const y = minedNode(x, bad)
  const z = minedNode(y, [note('z')])
  chain.stage(x, fork)
  chain.stage(y, bad)
  const adoption = chain.adopt(z, new Map([[z.hash, [note('z')]]]), COMMIT)
  assert.equal(adoption.kind === 'invalid' && adoption.node, y)
  assert.deepEqual(votes(chain), before)
  assert.equal(chain.tip, second)
  assert.equal(chain.check(mined(y, [note('more')]), y, START_MS).kind, 'bad')
})

test('what is loaded is what was stored, forks and tie included', () => {
  const store = new MemoryStore()
  const chain = open(store)
  let tip: Node = chain.genesis
  for (let n = 0; n < 5; n++) tip = grow(chain, tip, ballot(`voter ${n}`, 'yes')).node
  const fork = chain.at(3)!
  const other = [ballot('x', 'no')]
  const x = minedNode(fork, other)
  const more = [ballot('y', 'no')]
  const y = minedNode(x, more)
  const last = [ballot('z', 'no')]
  const z = minedNode(y, last)
  chain.stage(x, other)
  chain.stage(y, more)
  chain.adopt(z, new Map([[z.hash, last]]), COMMIT)
  const again = open(store)
  assert.equal(again.tip.hash, z.hash)
  assert.equal(again.tip.work, chain.tip.work)
  assert.deepEqual(votes(again), { no: 3, yes: 3 })
  assert.deepEqual(
    again.forkTips().map(({ hash }) => hash),
    [tip.hash],
  )
  assert.equal(again.damage, '')
})

test('damage of any stored value costs blocks, never a wrong chain', () => {
  const store = new MemoryStore()
  const chain = open(store)
  let tip: Node = chain.genesis
  for (let n = 0; n < 6; n++) tip = grow(chain, tip, ballot(`voter ${n}`, 'yes'), note(`${n}`)).node
  const honest = new Set(Array.from({ length: 7 }, (_, height) => chain.at(height)!.hash))
  const cells = (['headers', 'blocks', 'meta'] as const).flatMap((table) =>
    [...store.entries(table)].filter(([key]) => key !== 'ledger.chain').map(([key, value]) => ({ table, key, value })),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...cells),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      ({ table, key, value }, at, flip) => {
        const copy = new MemoryStore()
        for (const name of ['headers', 'blocks', 'meta'] as const) {
          for (const [key, value] of store.entries(name)) copy.write([{ put: name, key, value }])
        }
        const broken = new Uint8Array(value)
        broken[at % broken.length]! ^= flip
        copy.write([{ put: table, key, value: broken }])
        const loaded = open(copy)
        assert.ok(honest.has(loaded.tip.hash))
        const again = open(copy)
        assert.equal(again.tip.hash, loaded.tip.hash)
        assert.equal(again.damage, '', 'repaired in the store')
        assert.equal(loaded.state.tally.view('main', 0, 0).total, loaded.tip.height)
      },
    ),
  )
})

test('another network’s store is not touched', () => {
  const store = new MemoryStore()
  const chain = open(store)
  grow(chain, chain.genesis, note('x'))
  const writes = store.writes
  const foreign = new Chain(store, { ...GENESIS, time: GENESIS.time + 1 }, EASY_PARAMS)
  assert.ok(foreign.foreign)
  assert.equal(store.writes, writes)
})

test('a staged body that no branch used is given up, at the next start too', () => {
  const store = new MemoryStore()
  const chain = open(store)
  const records = [note('x')]
  const node = minedNode(chain.genesis, records)
  chain.stage(node, records)
  assert.equal([...store.entries('blocks')].length, 1)
  chain.unstage()
  assert.equal([...store.entries('blocks')].length, 0)
  chain.stage(node, records)
  open(store)
  assert.equal([...store.entries('blocks')].length, 0)
})

test('forks are forgotten 144 blocks below the tip, in memory and in the store', () => {
  const store = new MemoryStore()
  const chain = open(store)
  const old = grow(chain, chain.genesis, note('old')).node
  const records = [note('a')]
  const x = minedNode(chain.genesis, records)
  chain.stage(x, records)
  let tip = grow(chain, x, note('b')).node
  assert.deepEqual(chain.forkTips(), [old])
  while (tip.height <= FORK_DEPTH) tip = grow(chain, tip, note(`${tip.height}`)).node
  assert.equal(chain.forkTips().length, 1)
  tip = grow(chain, tip, note('last')).node
  assert.equal(chain.forkTips().length, 0)
  assert.equal(chain.node(old.hash), undefined)
  assert.equal([...store.entries('blocks')].length, tip.height)
  assert.equal([...store.entries('headers')].length, tip.height)
})

test('the locator names ten blocks one by one, then in doubling steps, genesis last', () => {
  const chain = open()
  let tip: Node = chain.genesis
  while (tip.height < 40) tip = grow(chain, tip, note(`${tip.height}`)).node
  const heights = chain.locator().map((hash) => chain.node(hash)!.height)
  assert.deepEqual(heights, [40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 29, 25, 17, 1, 0])
  assert.equal(chain.headersAfter(chain.locator(), 2000).length, 0)
  assert.equal(chain.headersAfter([chain.at(30)!.hash], 2000).length, 10)
  assert.equal(chain.headersAfter(['f'.repeat(64) as never], 7).length, 7)
})

test('each header rule is checked', () => {
  const chain = open()
  const first = grow(chain, chain.genesis, note('1')).node
  const { time } = first.header
  const judge = (bytes: Uint8Array, parent: Node = first, wallTimeMs = START_MS): string => {
    const check = chain.check(bytes, parent, wallTimeMs)
    return check.kind === 'bad' ? check.reason : check.kind
  }
  const records = [note('2')]
  assert.equal(judge(mined(first, records)), 'ok')
  assert.equal(judge(mined(first, records), chain.genesis), 'does not follow its parent')
  assert.equal(judge(mined(first, records, { time: time - 1 })), 'earlier than its parent')
  assert.equal(judge(mined(first, records, { time })), 'ok', 'the parent’s own time is early enough')
  assert.equal(judge(mined(first, records, { version: 1 })), 'unknown version')
  assert.equal(judge(mined(first, records, { version: 0x3fffe000 })), 'ok', 'rolled version bits')
  assert.equal(judge(mined(first, records, { bits: 0x207fffff })), 'wrong difficulty', 'below the floor')
  const unsolved = Buffer.from(mined(first, records))
  let nonce = 0
  while (judge(unsolved) === 'ok') unsolved.writeUInt32LE(nonce++, 76)
  assert.equal(judge(unsolved), 'not enough work')
  assert.equal(judge(mined(first, records, { time: START_MS / 1000 + 60 })), 'ok')
  assert.equal(judge(mined(first, records, { time: START_MS / 1000 + 61 })), 'early')
})

test('genesis depends on the seed alone and needs no work', () => {
  assert.deepEqual(genesisNode(GENESIS), genesisNode(GENESIS))
  assert.equal(genesisNode(GENESIS).work, 0n)
})

test.run()
