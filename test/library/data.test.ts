import * as assert from 'node:assert/strict'
import fc from 'fast-check'
import { suite } from 'uvu'
import { Block, Blockchain, type Json, oneVotePerVoter, votingRule } from '../../src/index.js'
import { dataOf, recordOf } from '../../src/library/data.js'

const test = suite('library data')

/** JSON values whose texts the ledger leaves as they are. */
const json = fc
  .jsonValue({ maxDepth: 4 })
  .filter((value) => JSON.stringify(value).length < 500)
  .map((value): Json => JSON.parse(JSON.stringify(value).normalize('NFC')))

test('any JSON value comes back from its record as it was', () => {
  const texts = fc.oneof(
    json,
    fc.constantFrom('json:{}', 'json:', 'hello', 'json: no').map((text) => ({ text })),
  )
  fc.assert(
    fc.property(texts, (data) => {
      const draft = recordOf(data)
      assert.ok(draft !== null)
      const { kind, ...fields } = draft
      assert.deepEqual(dataOf({ kind, data: fields }), data)
    }),
  )
})

test('a ballot is exactly voter, choice and poll', () => {
  const ballot = { kind: 'ballot', poll: 'main', voter: 'ann', choice: 'yes' }
  assert.deepEqual(recordOf({ voter: ' ann ', choice: 'yes' }), ballot)
  assert.deepEqual(recordOf({ voter: 'ann', choice: 'yes', poll: 'main' }), ballot)
  assert.equal(recordOf({ voter: '', choice: 'yes' }), null)
  assert.equal(recordOf({ voter: 'ann', choice: 'yes', age: 3 })?.kind, 'note')
  assert.equal(recordOf({ voter: 1, choice: 'yes' })?.kind, 'note')
  assert.equal(recordOf('x'.repeat(5000)), null)
  assert.equal(recordOf(undefined as unknown as Json), null)
})

test('a note that only looks like ours is a note', () => {
  assert.deepEqual(dataOf({ kind: 'note', data: { text: 'json:{' } }), { text: 'json:{' })
})

test('the voting rule takes a voter once per poll, and nothing but ballots', () => {
  const existing: Json[] = [{ poll: 'main', voter: 'ann', choice: 'yes' }, { text: 'hello' }]
  assert.ok(votingRule({ voter: 'bob', choice: 'yes' }, existing))
  assert.ok(votingRule({ voter: 'ann', choice: 'tea', poll: 'drinks' }, existing))
  assert.ok(!votingRule({ voter: ' ann', choice: 'no' }, existing))
  assert.ok(!votingRule({ text: 'hello' }, existing))
})

test('the older chain survives JSON through the public names', () => {
  const chain = new Blockchain(4, oneVotePerVoter)
  assert.equal(chain.addData({ voter: 'ann', choice: 'yes' }), 'added')
  assert.equal(chain.addData({ voter: 'ann', choice: 'no' }), 'invalid')
  assert.ok(chain.chain[0] instanceof Block)
  const loaded = Blockchain.loadJSON(JSON.stringify(chain), oneVotePerVoter)
  assert.deepEqual(loaded.getData(), chain.getData())
  assert.equal(loaded.getLastHash(), chain.getLastHash())
  assert.ok(loaded.verifyChain())
})

test.run()
