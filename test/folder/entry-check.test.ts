import assert from 'node:assert'
import { test } from 'uvu'
import { MAX_FILE_BYTES } from '../../src/folder/content.js'
import type { Entry } from '../../src/folder/entry.js'
import { contentOf, NOON, Peer, peerOf } from './world.js'

const ANN = peerOf('ann')
const seconds = NOON / 1000
const good: Entry = {
  path: 'a',
  kind: 'file',
  size: 5,
  mtimeMs: NOON,
  executable: true,
  content: contentOf('hello').id,
  author: ANN,
  made: null,
  vector: [{ peer: ANN, counter: seconds }],
}
const takes = (entry: Partial<Entry>) => new Peer('bob').open().index.remote({ ...good, ...entry }, ANN)

test('entries that keep the rules are taken', () => {
  assert.equal(takes({}).how, 'adopted')
  assert.equal(takes({ vector: [] }).how, 'adopted')
  assert.equal(takes({ size: 0, content: contentOf('').id }).how, 'adopted')
  assert.equal(takes({ mtimeMs: NOON + 86_000_000, vector: [{ peer: ANN, counter: seconds + 86_000 }] }).how, 'adopted')
  assert.equal(takes({ kind: 'directory', size: 0, content: null, executable: false }).how, 'adopted')
})

const breaches: Readonly<Record<string, Partial<Entry>>> = {
  'a path out of the folder': { path: '../a' },
  'a reserved name': { path: '.p2pfolder.trash/a' },
  'a reserved name in other letters': { path: '.P2PFolder.TRASH/a' },
  'a reserved name with letters that nobody sees': { path: '.p2p\u200cfolder' },
  'a reserved name of a single file': { path: '.note.P2pfolder.tmp' },
  'a file without a content': { content: null },
  'a content without bytes': { size: 0 },
  'bytes without a content': { content: contentOf('').id },
  'a file that is too large': { size: MAX_FILE_BYTES + 1 },
  'a directory with a content': { kind: 'directory', executable: false },
  'a deletion with a size': { kind: 'deleted', content: null, executable: false },
  'a deletion that can be run': { kind: 'deleted', content: null, size: 0 },
  'an author twice': { vector: [...good.vector, ...good.vector] },
  'authors out of order': {
    vector: [peerOf('ann'), peerOf('bob')]
      .sort()
      .reverse()
      .map((peer) => ({ peer, counter: 1 })),
  },
  'made of more than it stands for': { made: [{ peer: peerOf('bob'), counter: 1 }] },
  'made of all it stands for, said twice': { made: good.vector },
}

for (const [what, entry] of Object.entries(breaches)) {
  test(`${what} breaks a rule`, () => {
    const taken = takes(entry)
    assert.ok(taken.how === 'refused' && taken.isBreach, JSON.stringify(taken))
  })
}

test('what may come of a wrong clock is refused without blame', () => {
  for (const entry of [{ mtimeMs: NOON + 86_400_001 }, { vector: [{ peer: ANN, counter: seconds + 86_401 }] }]) {
    const taken = takes(entry)
    assert.ok(taken.how === 'refused' && !taken.isBreach, JSON.stringify(taken))
  }
})

test('paths beyond the limit are refused without blame, and said once of our own', () => {
  const bob = new Peer('bob', undefined, { mode: 'both', maxPaths: 2 }).open()
  for (const path of ['a', 'b']) assert.equal(bob.index.remote({ ...good, path }, ANN).how, 'adopted')
  const taken = bob.index.remote({ ...good, path: 'c' }, ANN)
  assert.ok(taken.how === 'refused' && !taken.isBreach)
  assert.equal(
    bob.index.remote({ ...good, mtimeMs: NOON + 1, vector: [{ peer: ANN, counter: seconds + 1 }] }, ANN).how,
    'adopted',
  )
  bob.write('d', 'own')
  bob.write('e', 'own')
  assert.equal(bob.warnings.length, 1)
})

test.run()
