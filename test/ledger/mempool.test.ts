import assert from 'node:assert/strict'
import { suite } from 'uvu'
import { MAX_BLOCK_BYTES, MAX_BLOCK_RECORDS } from '../../src/ledger/block.js'
import { EXPIRY_MS, MEMPOOL_BYTES, Mempool, type Moment, SOURCE_BYTES, type Source } from '../../src/ledger/mempool.js'
import { dueMs, rankAfter } from '../../src/ledger/miner/schedule.js'
import { DEFAULT_PARAMS } from '../../src/ledger/params.js'
import type { SignedRecord } from '../../src/ledger/record.js'
import { State } from '../../src/ledger/state.js'
import { sha256 } from '../../wire/hash.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { ballot, note } from './blocks.js'
import { START_MS } from './world.js'

const test = suite('mempool')
const NOW_S = START_MS / 1000
const blockAt = (height: number, time = NOW_S) => ({ hash: sha256(Buffer.from(`${height}`)), height, header: { time } })
const peer = (n: number): PeerId => sha256(Buffer.from(`peer ${n}`)) as PeerId

/** Records with their own ids; signing thousands would be slow, and the mempool does not look. */
function copies(count: number, size: number): SignedRecord[] {
  const model = note('model')
  return Array.from({ length: count }, (_, n) => ({
    ...model,
    id: sha256(Buffer.from(`${n} ${size}`)),
    bytes: new Uint8Array(size),
  }))
}

const at = (wallTimeMs = START_MS, tipTimeS = 0): Moment => ({ nowMs: 0, wallTimeMs, tipTimeS })
const add = (pool: Mempool, signed: SignedRecord, source: Source, wall = START_MS) => pool.add(signed, source, at(wall))

/** Adds until the pool refuses; answers how many it took. */
function fill(pool: Mempool, records: readonly SignedRecord[], source: Source): number {
  const refused = records.findIndex((signed) => add(pool, signed, source) !== 'added')
  assert.ok(refused >= 0, 'enough records to fill it')
  return refused
}

const heldBytes = (pool: Mempool): number =>
  [...pool.entries()].reduce((sum, { signed }) => sum + signed.bytes.length, 0)

test('one peer fills an eighth of the pool at most', () => {
  const pool = new Mempool(new State())
  const records = copies(1200, 4096)
  const taken = fill(pool, records, peer(1))
  assert.ok(heldBytes(pool) <= SOURCE_BYTES && heldBytes(pool) > SOURCE_BYTES * 0.8, `${heldBytes(pool)}`)
  assert.equal(add(pool, records[taken]!, peer(1)), 'full')
  assert.equal(add(pool, records[taken]!, peer(2)), 'added', 'another peer has room')
  assert.equal(add(pool, records[taken + 1]!, 'own'), 'added', 'and so have we')
})

test('a full pool refuses the new, own ones too, and keeps the old', () => {
  const pool = new Mempool(new State())
  const first = note('first')
  add(pool, first, 'own')
  const taken = fill(pool, copies(6000, 4096), 'branch')
  assert.ok(heldBytes(pool) <= MEMPOOL_BYTES && heldBytes(pool) > MEMPOOL_BYTES * 0.8, `${heldBytes(pool)}`)
  fill(pool, copies(100, 100), 'own')
  assert.equal(add(pool, note('new'), peer(1)), 'full')
  assert.ok(pool.size >= taken + 1)
  assert.equal(pool.get(first.id)?.signed, first)
})

test('knows duplicates: by id, by voter, by chain', () => {
  const state = new State()
  const pool = new Mempool(state)
  const ann = ballot('ann', 'yes')
  assert.equal(add(pool, ann, peer(1)), 'added')
  assert.equal(add(pool, ann, peer(2)), 'known')
  assert.equal(add(pool, ballot('ann', 'no'), peer(2)), 'duplicate')
  const bob = ballot('bob', 'yes')
  state.apply([bob], blockAt(1))
  assert.equal(add(pool, bob, peer(1)), 'known')
  assert.equal(add(pool, ballot('bob', 'no'), peer(1)), 'duplicate')
  pool.remove(ann.id)
  assert.equal(add(pool, ballot('ann', 'no'), peer(2)), 'added')
})

test('a block takes out its records, and the ballots it makes invalid', () => {
  const state = new State()
  const pool = new Mempool(state)
  const [mine, yours, other] = [ballot('ann', 'yes'), ballot('bob', 'yes'), note('other')]
  for (const signed of [mine, yours, other]) add(pool, signed, 'own')
  const block = [ballot('ann', 'no'), yours]
  state.apply(block, blockAt(1))
  assert.deepEqual(pool.connected(block, at()), [{ signed: mine, why: 'duplicate' }])
  assert.deepEqual(
    [...pool.entries()].map(({ signed }) => signed.id),
    [other.id],
  )
})

test('records older than a day are not taken and not kept', () => {
  const pool = new Mempool(new State())
  const signed = note('x')
  assert.equal(add(pool, signed, 'own', START_MS + EXPIRY_MS + 1), 'expired')
  assert.equal(add(pool, signed, 'own', START_MS - EXPIRY_MS - 1), 'expired')
  assert.equal(add(pool, signed, 'own', START_MS + EXPIRY_MS), 'added')
  assert.equal(pool.sweep(at(START_MS + EXPIRY_MS)).length, 0)
  assert.deepEqual(pool.sweep(at(START_MS + EXPIRY_MS + 1)), [{ signed, why: 'expired' }])
  assert.equal(pool.size, 0)
})

test('a template has own records first, then the sources in turn, and fits a block', () => {
  const pool = new Mempool(new State())
  const flood = copies(2100, 100)
  for (const signed of flood) add(pool, signed, peer(1))
  const quiet = note('quiet')
  add(pool, quiet, peer(2))
  const own = note('own')
  add(pool, own, 'own')
  const picked = pool.template(NOW_S)
  assert.equal(picked.length, MAX_BLOCK_RECORDS)
  assert.equal(picked[0], own)
  assert.ok(picked.slice(1, 3).includes(quiet))
  const large = new Mempool(new State())
  for (const signed of copies(300, 4096)) add(large, signed, peer(1))
  const bytes = large.template(NOW_S).reduce((sum, signed) => sum + signed.bytes.length, 80)
  assert.ok(bytes <= MAX_BLOCK_BYTES && bytes > MAX_BLOCK_BYTES - 4096)
})

test('others mine in the order of the ring after the record', () => {
  const id = (digit: string): PeerId => digit.repeat(64) as PeerId
  const members = ['2', '5', '9', 'c'].map(id)
  const ranks = (record: Hash): readonly number[] => members.map((self) => rankAfter(record, self, members))
  assert.deepEqual(ranks(id('4')), [3, 0, 1, 2])
  assert.deepEqual(ranks(id('d')), [0, 1, 2, 3])
  assert.deepEqual(ranks(id('5')), [3, 0, 1, 2])
  const pending = { signed: note('x'), source: id('2'), sinceMs: 1000 }
  assert.deepEqual(
    [0, 1, 4].map((rank) => dueMs(pending, rank, DEFAULT_PARAMS)),
    [21_000, 23_500, 31_000],
  )
})

test.run()
