/** Members that make up entries of the shared folder to fill the memory of the others: what is remembered is bounded. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import { contentId } from '../../src/folder/content.js'
import type { Entry } from '../../src/folder/entry.js'
import { MAX_SEGMENTS } from '../../src/folder/path.js'
import { MAX_VECTOR } from '../../wire/messages/folder.js'
import type { Hash } from '../../wire/types.js'
import { contentOf, NOON, Peer, peerOf } from '../folder/world.js'

const EVIL = peerOf('evil')
const COUNTER = Math.floor(NOON / 1000)

function directory(path: string, fields: Partial<Entry> = {}): Entry {
  const plain = { path, kind: 'directory', size: 0, mtimeMs: NOON, executable: false, content: null } as const
  return { ...plain, author: EVIL, made: null, vector: [{ peer: EVIL, counter: COUNTER }], ...fields }
}

/** As many authors as a vector takes, others for each `from`. */
function vector(from: number): Entry['vector'] {
  return Array.from({ length: MAX_VECTOR }, (_, at) => ({ peer: peerOf(`${from + at}`), counter: COUNTER })).sort(
    (a, b) => (a.peer < b.peer ? -1 : 1),
  )
}

test('a path of more directories than any disk has is cut off', () => {
  const victim = new Peer('victim').open()
  const deep = (parts: number): string => Array.from({ length: parts }, () => 'd').join('/')
  assert.equal(victim.index.remote(directory(deep(MAX_SEGMENTS)), EVIL).how, 'adopted')
  const taken = victim.index.remote(directory(deep(MAX_SEGMENTS + 1)), EVIL)
  assert.ok(taken.how === 'refused' && taken.isBreach)
})

test('directories that nobody told of count as paths, when they come and when they come back', () => {
  const maxPaths = 500
  const victim = new Peer('victim', undefined, { mode: 'both', maxPaths }).open()
  const path = (n: number): string => `${n}/${Array.from({ length: MAX_SEGMENTS - 1 }, () => 'd').join('/')}`
  const adopted = (kind: Entry['kind'], counter: number): number => {
    const paths = Array.from({ length: 100 }, (_, n) => path(n))
    const told = paths.map((path) => directory(path, { kind, vector: [{ peer: EVIL, counter }] }))
    return told.filter((entry) => victim.index.remote(entry, EVIL).how === 'adopted').length
  }
  assert.equal(adopted('directory', COUNTER), 6)
  assert.equal(adopted('deleted', COUNTER + 1), 100)
  assert.equal(adopted('directory', COUNTER + 2), 6)
  const ann = new Peer('ann').open()
  ann.mkdir('beside')
  assert.equal(victim.hear(ann, 'beside').how, 'adopted')
  victim.mkdir('own')
  victim.write('own/note', 'text')
  assert.equal(victim.best('own/note')?.kind, 'file')
})

test('authors without end are forgotten sooner than memory, and others are still heard', () => {
  const maxPaths = 100
  const victim = new Peer('victim', undefined, { mode: 'both', maxPaths }).open()
  const ann = new Peer('ann').open()
  ann.mkdir('of ann')
  let counters = 0
  const most = maxPaths * 8
  for (let n = 0; n < 50; n++) {
    const made = vector(n * 1000)
    const taken = victim.index.remote(
      directory(`${n}`, { vector: made.map((item) => ({ ...item, counter: COUNTER + 1 })), made }),
      EVIL,
    )
    if (taken.how === 'adopted') counters += 2 * MAX_VECTOR
    else assert.ok(taken.how === 'refused' && !taken.isBreach)
  }
  // nor by versions of one path that know nothing of each other
  for (let n = 0; n < MAX_VECTOR; n++) {
    const one = { peer: peerOf(`one ${n}`), counter: COUNTER }
    if (victim.index.remote(directory('0', { vector: [one] }), EVIL).how === 'adopted') counters++
  }
  assert.ok(counters > most / 2 && counters <= most, `${counters} counters`)
  assert.equal(victim.hear(ann, 'of ann').how, 'adopted')
})

test('of block hashes of files that are promised and never given the last stay, and those of files that are here all', () => {
  const victim = new Peer('victim').open()
  const own = contentOf(['one', 'two'])
  victim.write('own', ['one', 'two'])
  const size = 16_384 * (16 << 20)
  const ids: Hash[] = []
  for (let n = 0; n < 100; n++) {
    const blocks = new Uint8Array(16_384 * 32).fill(n)
    const content = contentId(blocks)
    const file = directory(`promised ${n}`, { kind: 'file', size, content })
    assert.equal(victim.index.remote(file, EVIL).how, 'adopted')
    assert.ok(victim.index.learn(content, size, blocks))
    ids.push(content)
  }
  const kept = ids.filter((id) => victim.index.contentOf(id, size) !== null)
  assert.ok(kept.length * 16_384 * 32 <= 32 << 20, `${kept.length} lists`)
  assert.deepEqual(kept, ids.slice(-kept.length))
  assert.ok(victim.index.contentOf(own.id) !== null)
})

test('a file whose block hashes were forgotten while it was fetched can be given on', () => {
  const victim = new Peer('victim').open()
  const film = contentOf(['one', 'two'])
  victim.index.remote(directory('film', { kind: 'file', size: film.size, content: film.id }), EVIL)
  assert.ok(victim.index.learn(film.id, film.size, film.blocks))
  victim.workAll()
  // as the exchange does after every file
  assert.ok(victim.index.learn(film.id, film.size, film.blocks))
  const block = film.blocks.subarray(32, 64)
  const place = victim.index.locate(Buffer.from(block).toString('hex') as Hash)
  assert.equal(place?.path, 'film')
  assert.equal(place.offset, 128 * 1024)
})

test.run()
