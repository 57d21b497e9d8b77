import assert from 'node:assert/strict'
import { suite } from 'uvu'
import { Block, Blockchain, oneVotePerVoter } from '../../src/ledger/classic.js'
import { OperationalError } from '../../wire/errors.js'

const test = suite('classic')
const DIFFICULTY = 6

test('mines, verifies and adds blocks that are linked by their hashes', () => {
  const chain = new Blockchain(DIFFICULTY)
  const first = chain.mineBlock('one', chain.getLastHash())
  assert.ok(chain.verifyBlock(first))
  assert.equal(chain.addBlock(first), 1)
  const second = chain.mineBlock({ two: 2 }, chain.getLastHash())
  assert.equal(second.previous, chain.hashOf(first))
  assert.equal(second.prev_hash, second.previous)
  chain.addBlock(second)
  assert.ok(chain.verifyChain())
  assert.equal(chain.length, 2)
  assert.equal(chain.getLength(), 2)
  assert.deepEqual(chain.getData(), ['one', { two: 2 }])
  assert.deepEqual(
    chain.chain.map(({ index }) => index),
    [0, 1],
  )
})

test('addBlock does not check, verifyChain does', () => {
  const chain = new Blockchain(DIFFICULTY)
  chain.addData('one')
  chain.addBlock(new Block(1, 'two', 'f'.repeat(64), 0))
  assert.equal(chain.length, 2)
  assert.ok(!chain.verifyChain())
})

test('a chain survives JSON, as text and as a value, and its first byte changed does not', () => {
  const chain = new Blockchain(DIFFICULTY)
  for (const data of ['one', { b: [1, null], a: true }, 3]) assert.equal(chain.addData(data), 'added')
  const text = JSON.stringify(chain)
  const loaded = Blockchain.loadJSON(text)
  assert.equal(loaded.getLastHash(), chain.getLastHash())
  assert.equal(JSON.stringify(loaded), text)
  assert.deepEqual(Blockchain.loadJSON(chain.toJSON()).getData(), chain.getData())
  assert.deepEqual(Object.keys(JSON.parse(text).chain[0]), ['index', 'data', 'prev_hash', 'nonce'])
  assert.throws(() => Blockchain.loadJSON(text.replace('"one"', '"two"')), OperationalError)
  assert.throws(() => Blockchain.loadJSON({ difficulty: 6 }), OperationalError)
  assert.throws(() => Blockchain.loadJSON({ difficulty: 6, chain: [{ index: 0 }] }), OperationalError)
})

test('equal data has one hash, whatever the order of its keys', () => {
  const chain = new Blockchain(DIFFICULTY)
  const one = new Block(0, { a: 1, b: 2 }, chain.getLastHash(), 5)
  const other = new Block(0, { b: 2, a: 1 }, chain.getLastHash(), 5)
  assert.equal(chain.hashOf(one), chain.hashOf(other))
})

test('the voting rule is one criterion: a voter counts once', () => {
  const chain = new Blockchain(DIFFICULTY, oneVotePerVoter)
  assert.equal(chain.addData({ voter: 'ann', choice: 'yes' }), 'added')
  assert.equal(chain.addData({ voter: ' ann ', choice: 'no' }), 'invalid')
  assert.equal(chain.addData('no vote'), 'invalid')
  assert.equal(chain.addData({ voter: 'bob', choice: 'no' }), 'added')
  assert.equal(chain.length, 2)
})

test('a block mined on an old tip must be tried again', () => {
  const chain = new Blockchain(DIFFICULTY)
  const early = chain.mineBlock('late', chain.getLastHash())
  chain.addData('first')
  assert.equal(chain.addData('late', early), 'retry')
  assert.equal(chain.addData('late', chain.mineBlock('late', chain.getLastHash())), 'added')
  assert.equal(chain.addData('x', chain.mineBlock('y', chain.getLastHash())), 'invalid')
})

test.run()
