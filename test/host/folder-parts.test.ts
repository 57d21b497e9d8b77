import * as assert from 'node:assert'
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blake3 } from '@napi-rs/blake-hash'
import fc from 'fast-check'
import { test } from 'uvu'
import { blockSizeOf, contentId } from '../../src/folder/content.js'
import type { DiskState, Seen } from '../../src/folder-disk.js'
import { FileHash } from '../../src/host/folder/blocks.js'
import { Differences } from '../../src/host/folder/differences.js'
import { Root } from '../../src/host/folder/root.js'
import { SeenQueue } from '../../src/host/folder/seen-queue.js'
import { States } from '../../src/host/folder/states.js'
import { packStates, unpackStates } from '../../src/host/folder/thread-messages.js'
import { lockFile } from '../../src/host/lock.js'
import { temporary } from './support.js'

const directory: DiskState = { kind: 'directory', size: 0, mtimeMs: 0, inode: 1, executable: false }

function hashOf(root: Root, path: string): FileHash {
  const look = root.look(path)
  assert.ok(look.kind === 'file')
  return new FileHash(root, path, look)
}

test('no more than four lists of changes wait to be taken, in order, at most 256 in each', () => {
  const lists: (readonly Seen[])[] = []
  const queue = new SeenQueue(new States(), (changes) => lists.push(changes))
  for (let at = 0; at < 1_500; at++) queue.add({ path: `f${at}`, state: directory, content: null })
  assert.ok(queue.isFull)
  queue.flush()
  assert.deepEqual(
    lists.map(({ length }) => length),
    [256, 256, 256, 256],
  )
  for (let taken = 0; taken < 4; taken++) queue.taken()
  assert.ok(queue.isEmpty)
  assert.deepEqual(
    lists.flat().map(({ path }) => path),
    Array.from({ length: 1_500 }, (_, at) => `f${at}`),
  )
})

test('a change is not told once something else was written there on behalf of the index', () => {
  const lists: (readonly Seen[])[] = []
  const states = new States()
  const queue = new SeenQueue(states, (changes) => lists.push(changes))
  states.set('b', directory)
  for (const path of ['a', 'b', 'c']) queue.add({ path, state: path === 'b' ? null : directory, content: null })
  states.set('a', { ...directory, inode: 2 })
  states.set('b', directory)
  queue.flush()
  assert.deepEqual(
    lists.flat().map(({ path }) => path),
    ['c'],
  )
})

test('a file is hashed by its blocks, whatever its size, slice by slice', () => {
  const root = new Root(temporary())
  for (const size of [0, 1, 131_072, 131_073, 3_000_000]) {
    const bytes = Buffer.alloc(size, `of ${size} bytes`)
    writeFileSync(join(root.directory, 'file'), bytes)
    const blocks: Buffer[] = []
    for (let at = 0; at < size; at += blockSizeOf(size)) blocks.push(blake3(bytes.subarray(at, at + blockSizeOf(size))))
    const hash = hashOf(root, 'file')
    let steps = 1
    let hashed = hash.step(1 << 20)
    for (; hashed === null; steps++) hashed = hash.step(1 << 20)
    assert.ok(hashed.kind === 'content')
    assert.deepEqual(hashed.content, { id: contentId(Buffer.concat(blocks)), size, blocks: hashed.content.blocks })
    assert.deepEqual(Buffer.from(hashed.content.blocks), Buffer.concat(blocks))
    assert.equal(steps, size > 1 << 20 ? 3 : 1)
  }
})

test('a file that is written, cut, replaced, moved or linked away while it is hashed has no content', () => {
  const attacks: readonly ((at: string) => void)[] = [
    (at) => writeFileSync(at, Buffer.alloc(3_000_000, 'other')),
    (at) => truncateSync(at, 2_500_000),
    (at) => {
      writeFileSync(`${at}.new`, Buffer.alloc(3_000_000, 'other'))
      renameSync(`${at}.new`, at)
    },
    (at) => renameSync(at, `${at}.away`),
    (at) => {
      renameSync(at, `${at}.away`)
      symlinkSync(`${at}.away`, at)
    },
  ]
  for (const attack of attacks) {
    for (const stepsBefore of [0, 2]) {
      const root = new Root(temporary())
      const at = join(root.directory, 'file')
      writeFileSync(at, Buffer.alloc(3_000_000, 'first'))
      const hash = hashOf(root, 'file')
      for (let step = 0; step < stepsBefore; step++) assert.equal(hash.step(1 << 20), null)
      attack(at)
      let hashed = hash.step(1 << 20)
      while (hashed === null) hashed = hash.step(1 << 20)
      assert.equal(hashed.kind, 'changed', `${attack}`)
    }
  }
})

test('a large file neither keeps small ones waiting nor is begun anew when it is found again', () => {
  const root = new Root(temporary())
  writeFileSync(join(root.directory, 'large'), Buffer.alloc(40_000_000, 'large'))
  const told: string[] = []
  const states = new States()
  const seen = new SeenQueue(states, (changes) => told.push(...changes.map(({ path }) => path)))
  const opening = { marker: 'id', was: 'same' } as const
  const differences = new Differences({
    hold: { root, opening, fault: () => null, release: () => {} },
    states,
    seen,
    again: (path) => assert.fail(`${path} changed`),
    problem: (path, reason) => assert.fail(`${path}: ${reason}`),
    ignores: () => false,
    gone: () => {},
    lost: (reason) => assert.fail(reason),
  })
  const found = (path: string): void => {
    const look = root.look(path)
    assert.ok(look.kind === 'file')
    differences.file(path, look)
  }
  for (let step = 0; step < 5; step++) {
    found('large')
    writeFileSync(join(root.directory, `small${step}`), 'small')
    found(`small${step}`)
    assert.ok(!differences.isEmpty)
    differences.step(false)
  }
  seen.flush()
  assert.deepEqual(told, ['small0', 'small1', 'small2', 'small3', 'small4', 'large'])
  assert.ok(differences.isEmpty)
})

test('states survive the way to the worker', () => {
  const state = fc.oneof(
    fc.constant(directory),
    fc.record({
      kind: fc.constant('file' as const),
      size: fc.nat(),
      mtimeMs: fc.double({ noNaN: true }),
      inode: fc.maxSafeNat(),
      executable: fc.boolean(),
    }),
  )
  const path = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\0'))
  fc.assert(
    fc.property(fc.array(fc.tuple(path, state)), (states) => {
      assert.deepEqual([...unpackStates(packStates(states))], states)
    }),
  )
})

test('what is below a directory comes before it, and is counted', () => {
  const states = new States()
  for (const path of ['a', 'a/b', 'a/b/c', 'a/d', 'ab']) states.set(path, directory)
  states.set('a/d', directory)
  assert.equal(states.size, 5)
  assert.deepEqual([...states.below('a')], ['a/b/c', 'a/b', 'a/d'])
  states.delete('a/b')
  states.delete('a/b')
  assert.equal(states.size, 4)
  assert.deepEqual([...states.in('a').keys()], ['d'])
})

test('nothing is looked at through a link or a file, and what is missing is told from what is in the way', () => {
  const root = new Root(temporary())
  const at = root.directory
  mkdirSync(join(at, 'real'))
  writeFileSync(join(at, 'real', 'file'), '')
  symlinkSync(join(at, 'real'), join(at, 'link'))
  const kinds = (...paths: readonly string[]): readonly string[] => paths.map((path) => root.look(path).kind)
  assert.deepEqual(kinds('real', 'real/file', 'link', 'link/file', 'real/file/x', 'none', 'none/x'), [
    ...['directory', 'file', 'blocked', 'blocked', 'blocked', 'nothing', 'nothing'],
  ])
  assert.deepEqual(
    ['real/file', 'link/file', 'link/none', 'real/file/x', 'real/none', 'none/x'].map((path) => root.isGone(path)),
    [false, false, false, true, true, true],
  )
  assert.deepEqual(new Root(join(at, 'real', 'file')).look('other'), {
    kind: 'blocked',
    reason: 'only one file is shared',
  })
  assert.ok(root.isThere())
  renameSync(at, `${at}.away`)
  mkdirSync(at)
  assert.ok(!root.isThere(), 'another directory of the same name')
  rmSync(`${at}.away`, { recursive: true })
})

test('a lock goes to its nonce again, and to no other', () => {
  const path = join(temporary(), 'lock')
  const first = lockFile(path, 'one')
  assert.ok(first.ok && lockFile(path, 'one').ok)
  assert.ok(!lockFile(path, 'two').ok)
  first.lock.release()
  assert.ok(lockFile(path, 'two').ok)
})

test.run()
