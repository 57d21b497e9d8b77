/** What is begun first on a disk. */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Need } from '../../src/folder/contract.js'
import type { Entry } from '../../src/folder/entry.js'
import { Queue } from '../../src/folder/queue.js'
import type { DiskState } from '../../src/folder-disk.js'

const FILE: DiskState = { kind: 'file', size: 1, mtimeMs: 1, inode: 1, executable: false }

function need(kind: Need['kind'], path: string, here: DiskState | null = null, size = 1): Need {
  return { path, kind, here, best: { path, size } as Entry }
}

function taken(queue: Queue, kind: Need['kind']): readonly string[] {
  const paths: string[] = []
  for (let path = queue.take(kind); path !== undefined; path = queue.take(kind)) paths.push(path)
  return paths
}

test('directories come from the top, files by size', () => {
  const queue = new Queue()
  for (const path of ['a/b/c', 'd', 'a/b']) queue.add(need('directory', path))
  for (const [path, size] of [
    ['big', 1e9],
    ['empty', 0],
    ['small', 100],
  ] as const) {
    queue.add(need('write', path, null, size))
  }
  queue.add(need('remove', 'gone', FILE))
  assert.deepEqual(taken(queue, 'directory'), ['d', 'a/b', 'a/b/c'])
  assert.deepEqual(taken(queue, 'write'), ['empty', 'small', 'big'])
  assert.equal(queue.next('remove'), 'gone')
  assert.deepEqual(taken(queue, 'remove'), ['gone'])
  assert.equal(queue.size, 0)
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
