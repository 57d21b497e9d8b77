/** What is begun first on a disk. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Need } from '../../src/folder/contract.js'
import type { Entry } from '../../src/folder/entry.js'
import { type Kind, Queue } from '../../src/folder/queue.js'
import type { DiskState } from '../../src/folder-disk.js'

const FILE: DiskState = { kind: 'file', size: 1, mtimeMs: 1, inode: 1, executable: false }
const DIRECTORY: DiskState = { ...FILE, kind: 'directory', size: 0 }

function need(kind: Need['kind'], path: string, here: DiskState | null = null, size = 1): Need {
  return { path, kind, here, best: { path, size } as Entry }
}

function taken(queue: Queue, kind: Kind): readonly string[] {
  const paths: string[] = []
  for (let path = queue.take(kind); path !== undefined; path = queue.take(kind)) paths.push(path)
  return paths
}

test('directories come from the top, files by size, removed directories from the bottom', () => {
  const queue = new Queue()
  for (const path of ['a/b/c', 'd', 'a/b']) queue.add(need('directory', path))
  for (const [path, size] of [
    ['big', 1e9],
    ['empty', 0],
    ['small', 100],
  ] as const) {
    queue.add(need('write', path, null, size))
  }
  for (const path of ['x', 'x/y/z', 'x/y']) queue.add(need('remove', path, DIRECTORY))
  queue.add(need('remove', 'x/y/file', FILE))
  assert.deepEqual(taken(queue, 'directory'), ['d', 'a/b', 'a/b/c'])
  assert.deepEqual(taken(queue, 'write'), ['empty', 'small', 'big'])
  assert.deepEqual(taken(queue, 'remove'), ['x/y/file'])
  assert.deepEqual(taken(queue, 'last'), ['x/y/z', 'x/y', 'x'])
  assert.equal(queue.size, 0)
})

test('a file that takes the place of a directory waits until what is in it went', () => {
  const queue = new Queue()
  queue.add(need('write', 'a', DIRECTORY))
  queue.add(need('remove', 'a/b', DIRECTORY))
  assert.equal(queue.take('write'), undefined)
  assert.deepEqual(taken(queue, 'last'), ['a/b', 'a'])
})

test('a path has one place, the last that it was given', () => {
  const queue = new Queue()
  queue.add(need('write', 'a'))
  queue.add(need('remove', 'a', FILE))
  assert.equal(queue.size, 1)
  assert.equal(queue.take('write'), undefined)
  queue.delete('a')
  assert.equal(queue.sizeOf('remove'), 0)
  assert.equal(queue.size, 0)
})

test.run()
