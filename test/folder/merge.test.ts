import assert from 'node:assert'
import fc from 'fast-check'
import { test } from 'uvu'
import { type Entry, madeOf } from '../../src/folder/entry.js'
import { isIdentical, isLoser, mergeEntries } from '../../src/folder/merge.js'
import { advance, compareVectors, counterOf, isAscending, joinVectors } from '../../src/folder/vector.js'
import { MAX_VECTOR } from '../../wire/messages/folder.js'
import { contentOf, NOON, peerOf } from './world.js'

const AUTHORS = ['ann', 'bob', 'cid'].map(peerOf)

const vectors = fc
  .array(fc.record({ peer: fc.constantFrom(...AUTHORS), counter: fc.integer({ min: 1, max: 3 }) }), { maxLength: 3 })
  .map((counters) =>
    counters.reduce<Entry['vector']>((vector, { peer, counter }) => advance(vector, peer, counter), []),
  )

function entryOf(what: number, mtime: number, author: number, made: Entry['vector'], others: Entry['vector']): Entry {
  const vector = joinVectors(made, others)
  const base = { path: 'a', mtimeMs: NOON + mtime, author: AUTHORS[author]!, executable: false }
  const history = { made: compareVectors(made, vector) === 'equal' ? null : made, vector }
  if (what < 2) return { ...base, ...history, kind: what === 0 ? 'deleted' : 'directory', size: 0, content: null }
  const { id, size } = contentOf(`content ${what}`)
  return { ...base, ...history, kind: 'file', size, content: id, executable: what === 5 }
}

/** Anything that peers may send, histories that cannot be included. */
const entries = fc
  .tuple(fc.nat(5), fc.nat(2), fc.nat(2), vectors, vectors)
  .map(([what, mtime, author, made, others]) => entryOf(what, mtime, author, made, others))

/** One edit of each author, none of which saw another. */
const strangers = fc
  .array(fc.tuple(fc.nat(5), fc.nat(2)), { minLength: 3, maxLength: 3 })
  .map((list) =>
    list.map(([what, mtime], at) => entryOf(what, mtime, at, [{ peer: AUTHORS[at]!, counter: at + 1 }], [])),
  )

test('merging is commutative and idempotent, and gives entries that may be sent', () => {
  fc.assert(
    fc.property(entries, entries, (a, b) => {
      const merged = mergeEntries(a, b)
      assert.ok(isIdentical(merged, mergeEntries(b, a)))
      assert.ok(isIdentical(mergeEntries(a, a), a))
      assert.ok(isIdentical(mergeEntries(merged, a), merged))
      assert.ok(isIdentical(mergeEntries(b, merged), merged))
      assert.ok(isAscending(merged.vector))
      assert.ok(merged.made === null || compareVectors(merged.made, merged.vector) === 'older')
    }),
    { numRuns: 5000 },
  )
})

test('merging edits that have not seen each other is associative, and so is which of them becomes a copy', () => {
  fc.assert(
    fc.property(strangers, fc.shuffledSubarray([0, 1, 2], { minLength: 3 }), (list, order) => {
      const [a, b, c] = order.map((at) => list[at]!) as [Entry, Entry, Entry]
      const left = mergeEntries(mergeEntries(a, b), c)
      const right = mergeEntries(a, mergeEntries(b, c))
      // of equal contents `made` is joined where they meet, which is not in every order
      assert.deepEqual({ ...left, made: null }, { ...right, made: null })
      for (const entry of list) {
        const isCopied = isLoser(entry, left)
        assert.equal(isCopied, isLoser(entry, right))
        assert.equal(isCopied, entry.kind === 'file' && entry.content !== left.content)
      }
    }),
    { numRuns: 5000 },
  )
})

test('whatever order a set of entries is merged in, merging the results again ends with one', () => {
  fc.assert(
    fc.property(fc.array(entries, { minLength: 2, maxLength: 6 }), fc.infiniteStream(fc.nat()), (list, random) => {
      const states = [...list]
      for (let quiet = 0, steps = 0; quiet < list.length ** 2 * 4; steps++) {
        assert.ok(steps < 10_000, 'merging does not end')
        const pick = () => (random.next().value as number) % states.length
        const [to, from] = steps % 2 === 0 ? [pick(), pick()] : [steps % states.length, (steps >> 3) % states.length]
        const merged = mergeEntries(states[to]!, states[from]!)
        quiet = isIdentical(merged, states[to]!) ? quiet + 1 : 0
        states[to] = merged
      }
      for (let again = 0; again < 4; again++) {
        for (const at of states.keys())
          for (const other of states.keys()) states[at] = mergeEntries(states[at]!, states[other]!)
      }
      assert.ok(states.every((state) => isIdentical(state, states[0]!)))
    }),
    { numRuns: 1000 },
  )
})

const made = (name: string, counter: number) => [{ peer: peerOf(name), counter }]

test('alive beats deleted, a directory beats a file, then the newest wins; history beats all of it', () => {
  const deleted = entryOf(0, 9, 0, made('ann', 1), [])
  const directory = entryOf(1, 0, 1, made('bob', 1), [])
  const file = entryOf(2, 1, 2, made('cid', 1), [])
  const newer = entryOf(3, 2, 1, made('bob', 1), [])
  assert.equal(mergeEntries(deleted, file).kind, 'file')
  assert.equal(mergeEntries(directory, file).kind, 'directory')
  assert.equal(mergeEntries(file, newer).content, newer.content)
  const deletedKnowingly = entryOf(0, 0, 0, joinVectors(made('ann', 1), newer.vector), [])
  assert.equal(mergeEntries(deletedKnowingly, newer).kind, 'deleted')
})

test('an edit on top of a version wins over where that version won before, and only strangers become copies', () => {
  const first = entryOf(2, 2, 0, made('ann', 1), [])
  const other = entryOf(3, 1, 1, made('bob', 1), [])
  const joined = mergeEntries(first, other)
  assert.equal(joined.content, first.content)
  const second = entryOf(4, 0, 0, made('ann', 2), [])
  const all = mergeEntries(joined, second)
  assert.equal(all.content, second.content)
  assert.equal(isLoser(first, all), false)
  assert.equal(isLoser(other, all), true)
  assert.deepEqual(madeOf(all), made('ann', 2))
})

test('of equal vectors the order alone decides, so that merging in a circle ends', () => {
  const vector = joinVectors(made('ann', 1), made('bob', 1))
  const known = entryOf(2, 0, 0, vector, [])
  const newer = entryOf(3, 1, 1, made('bob', 1), vector)
  assert.equal(mergeEntries(known, newer).content, newer.content)
})

test('a vector keeps the highest counters of 128 authors', () => {
  let vector: Entry['vector'] = []
  for (let at = 0; at < MAX_VECTOR + 20; at++) vector = advance(vector, peerOf(`peer ${at}`), at + 1)
  assert.equal(vector.length, MAX_VECTOR)
  assert.ok(isAscending(vector))
  assert.equal(counterOf(vector, peerOf('peer 19')), 0)
  assert.equal(counterOf(vector, peerOf('peer 20')), 21)
  const [a, b] = [vector.slice(0, 100), vector.slice(60)]
  assert.deepEqual(joinVectors(a, b), vector)
})

test.run()
