import assert from 'node:assert'
import { test } from 'uvu'
import { conflictPath, isConflictPath, originalPath } from '../../src/folder/conflict-path.js'
import { pathFault } from '../../src/folder/path.js'
import type { PeerId } from '../../wire/types.js'

const AUTHOR = `0123abcdef${'0'.repeat(54)}` as PeerId
const TIME = Date.UTC(2026, 10, 21, 10, 30, 0, 123)
const of = (path: string, time = TIME) => conflictPath(path, time, AUTHOR)

test('a copy stands beside its original, with moment and author before its ending', () => {
  assert.equal(of('d/report.txt'), 'd/report.sync-conflict-20261121-103000-123-0123abc.txt')
  assert.equal(of('Makefile'), 'Makefile.sync-conflict-20261121-103000-123-0123abc')
  assert.equal(of('.bashrc'), '.bashrc.sync-conflict-20261121-103000-123-0123abc')
  assert.equal(of('a.tar.gz', 0), 'a.tar.sync-conflict-19700101-000000-000-0123abc.gz')
})

test('of a copy the old moment and author give way, so that names do not grow', () => {
  for (const path of ['d/a.txt', 'd/b', 'x.y/.hidden.c']) {
    const copy = of(path)
    assert.ok(isConflictPath(copy))
    assert.equal(isConflictPath(path), false)
    assert.equal(originalPath(copy), path)
    assert.equal(of(copy), copy)
    assert.equal(of(copy, TIME + 1), of(path, TIME + 1))
  }
})

test('a long name is cut at a character, and keeps its ending where that is short', () => {
  const long = of(`d/${'ä'.repeat(125)}.txt`)
  assert.equal(pathFault(long), null)
  assert.ok(long.endsWith('-0123abc.txt'))
  assert.ok(Buffer.byteLength(long.slice(2)) >= 253)
  const emoji = of(`${'😀'.repeat(63)}`)
  assert.equal(pathFault(emoji), null)
  assert.equal(pathFault(of(`${'a'.repeat(100)}.${'b'.repeat(154)}`)), null)
  const deep = `${`${'e'.repeat(200)}/`.repeat(4)}${'f'.repeat(219)}`
  assert.equal(pathFault(deep), null)
  assert.equal(pathFault(of(deep)), null)
})

test.run()
