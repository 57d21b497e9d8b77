import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blake3 } from '@napi-rs/blake-hash'
import { test } from 'uvu'
import type { Bitmap, FileStamp, Layout } from '../../src/env.js'
import { HostChunks } from '../../src/host/chunks/host-chunks.js'
import { MemoryPool, takeSlot } from '../../src/host/chunks/memory-pool.js'
import { PartFile } from '../../src/host/chunks/part-file.js'
import { HostWorkers } from '../../src/host/workers.js'
import type { Hash } from '../../wire/types.js'
import { called, finished, temporary, until } from './support.js'

const CHUNK = 256 * 1024
const blob = 'ab'.repeat(32) as Hash
const workers = new HostWorkers({
  miners: 1,
  fatal: (reason) => {
    throw new Error(reason)
  },
})

type Hashed = { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }
type Opened = { readonly have: Bitmap } | { readonly error: string }
type Finished = { readonly path: string; readonly stamp: FileStamp } | { readonly error: string }

const newChunks = (stateDirectory = temporary()): HostChunks => new HostChunks({ stateDirectory, workers })
const hashed = (chunks: HostChunks, path: string): Promise<Hashed> =>
  called('the hashes', (done) =>
    chunks.hash(
      path,
      () => CHUNK,
      () => {},
      done,
    ),
  )
const opened = (chunks: HostChunks, layout: Layout, target: string | null, replace = false): Promise<Opened> =>
  called('the file to be open', (done) => chunks.open(blob, layout, target, done, replace))
const ended = (chunks: HostChunks): Promise<Finished> => called('the file', (done) => chunks.finish(blob, done))

/** A file of random bytes, its content and what hashing it must give. */
function sample(size: number): { readonly path: string; readonly content: Buffer; readonly layout: Layout } {
  const path = join(temporary(), 'music.bin')
  const content = randomBytes(size)
  writeFileSync(path, content)
  const hashes = Array.from({ length: Math.ceil(size / CHUNK) }, (_, index) =>
    blake3(content.subarray(index * CHUNK, (index + 1) * CHUNK)),
  )
  return { path, content, layout: { size, chunkSize: CHUNK, hashes: new Uint8Array(Buffer.concat(hashes)) } }
}

test('a file is hashed chunk by chunk, with progress up to its size', async () => {
  for (const size of [0, 1, CHUNK, CHUNK * 9 + 77]) {
    const { path, layout } = sample(size)
    const seen: number[] = []
    const result = await called<Hashed>('the hashes', (done) =>
      newChunks().hash(
        path,
        () => CHUNK,
        (bytes, total) => {
          assert.equal(total, size)
          seen.push(bytes)
        },
        done,
      ),
    )
    assert.ok('layout' in result)
    assert.deepEqual(result.layout, layout)
    assert.equal(result.stamp.size, size)
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    )
    assert.equal(seen.at(-1) ?? 0, size)
  }
})

test('what cannot be hashed is said, and cancelling says nothing', async () => {
  const chunks = newChunks()
  const directory = temporary()
  const missing = await hashed(chunks, join(directory, 'none'))
  assert.match('error' in missing ? missing.error : '', /none: no such file or directory/)
  const folder = await hashed(chunks, directory)
  assert.match('error' in folder ? folder.error : '', /not a regular file/)
  const { path } = sample(CHUNK * 20)
  const cancel = chunks.hash(
    path,
    () => CHUNK,
    () => {},
    () => assert.fail('it was cancelled'),
  )
  cancel()
  assert.ok('layout' in (await hashed(chunks, path)))
})

test('a copy on this machine fills a file, which then stands whole in its place', async () => {
  const { path, content, layout } = sample(CHUNK * 5 + 3)
  const chunks = newChunks()
  const result = await hashed(chunks, path)
  assert.ok('stamp' in result)
  chunks.adopt(blob, layout, result.stamp)
  const target = join(temporary(), 'copy.bin')
  assert.deepEqual(await opened(chunks, layout, target), { have: new Uint8Array(1) })
  assert.ok(existsSync(`${target}.part`) && !existsSync(target))
  assert.equal(await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done)), null)
  assert.deepEqual(await called('the sync', (done) => chunks.sync(blob, done)), new Uint8Array([0b111111]))
  const end = await ended(chunks)
  assert.ok('path' in end && end.path === target, JSON.stringify(end))
  assert.ok(readFileSync(target).equals(content))
  assert.ok(!existsSync(`${target}.part`))
  await chunks.close()
})

test('a file that takes an existing place does so only by force', async () => {
  const { path, content, layout } = sample(1_000)
  const chunks = newChunks()
  const result = await hashed(chunks, path)
  assert.ok('stamp' in result)
  chunks.adopt(blob, layout, result.stamp)
  const target = join(temporary(), 'taken')
  writeFileSync(target, 'precious')
  const refused = await opened(chunks, layout, target)
  assert.match('error' in refused ? refused.error : '', /already there/)
  const late = `${target}2`
  await opened(chunks, layout, late)
  writeFileSync(late, 'precious')
  await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done))
  const end = await ended(chunks)
  assert.match('error' in end ? end.error : '', /already there/)
  assert.equal(readFileSync(late, 'utf8'), 'precious')
  await finished('the blob to be dropped', (done) => chunks.drop(blob, done))
  chunks.adopt(blob, layout, result.stamp)
  await opened(chunks, layout, target, true)
  await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done))
  assert.ok('path' in (await ended(chunks)))
  assert.ok(readFileSync(target).equals(content))
  assert.equal(readdirSync(join(target, '..')).length, 2, 'no parts are left')
})

test('a chunk of a changed source is not copied', async () => {
  const { path, layout } = sample(CHUNK * 3)
  const chunks = newChunks()
  const result = await hashed(chunks, path)
  assert.ok('stamp' in result)
  writeFileSync(path, randomBytes(CHUNK * 3))
  chunks.adopt(blob, layout, { ...result.stamp, ...stampNow(path) })
  await opened(chunks, layout, null)
  const error = await called<string | null>('the copy', (done) => chunks.copyLocal(blob, () => {}, done))
  assert.match(error ?? '', /was changed after it was stored/)
  assert.deepEqual(await called('the sync', (done) => chunks.sync(blob, done)), new Uint8Array(1))
})

test('the own copy survives a restart and is dropped with its bytes, a user file never', async () => {
  const { path, layout } = sample(CHUNK * 2)
  const state = temporary()
  const chunks = newChunks(state)
  const result = await hashed(chunks, path)
  assert.ok('stamp' in result)
  chunks.adopt(blob, layout, result.stamp)
  await opened(chunks, layout, null)
  await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done))
  assert.ok('path' in (await ended(chunks)))
  await chunks.close()
  const again = newChunks(state)
  assert.deepEqual(await opened(again, layout, null), { have: new Uint8Array([0b11]) })
  const end = await ended(again)
  assert.ok('path' in end && end.path === join(state, 'blobs', blob))
  await finished('the blob to be dropped', (done) => again.drop(blob, done))
  assert.deepEqual(readdirSync(join(state, 'blobs')), [])
  assert.ok(existsSync(path))
})

test('after a crash exactly the synced chunks are there, and a part of somebody else is left alone', async () => {
  const { content, layout } = sample(CHUNK * 4)
  const target = join(temporary(), 'film.bin')
  const resumeFolder = join(temporary(), 'resume')
  const options = {
    blob,
    layout,
    target,
    replace: false,
    resumeFolder,
    failed: (error: unknown) => {
      throw error
    },
  }
  writeFileSync(`${target}.part`, 'not ours')
  const part = await PartFile.open(options)
  await part.write(0, content.subarray(0, CHUNK))
  await part.write(2, content.subarray(CHUNK * 2, CHUNK * 3))
  assert.deepEqual(await part.sync(), new Uint8Array([0b0101]))
  await part.write(1, content.subarray(CHUNK, CHUNK * 2))
  // no close: as if the process were gone
  const resumed = await PartFile.open(options)
  assert.deepEqual(resumed.synced, new Uint8Array([0b0101]))
  await resumed.write(1, content.subarray(CHUNK, CHUNK * 2))
  await resumed.write(3, content.subarray(CHUNK * 3))
  await resumed.finish()
  assert.ok(readFileSync(target).equals(content))
  assert.equal(readFileSync(`${target}.part`, 'utf8'), 'not ours')
  assert.deepEqual(readdirSync(resumeFolder), [])
  await part.close()
})

test('a download that is wanted elsewhere leaves no part at the old place', async () => {
  const { layout } = sample(CHUNK * 2)
  const state = temporary()
  const folder = temporary()
  const chunks = newChunks(state)
  await opened(chunks, layout, join(folder, 'old'))
  await chunks.close()
  const again = newChunks(state)
  await opened(again, layout, join(folder, 'new'))
  assert.deepEqual(readdirSync(folder), ['new.part'])
  await again.close()
})

test('what was given up half way, here a copy of our own, keeps nobody from writing the file elsewhere', async () => {
  const { path, content, layout } = sample(CHUNK * 3)
  const chunks = newChunks()
  const result = await hashed(chunks, path)
  assert.ok('stamp' in result)
  chunks.adopt(blob, layout, result.stamp)
  assert.deepEqual(await opened(chunks, layout, null), { have: new Uint8Array(1) })
  const target = join(temporary(), 'asked.bin')
  assert.deepEqual(await opened(chunks, layout, target), { have: new Uint8Array(1) })
  assert.equal(await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done)), null)
  const end = await ended(chunks)
  assert.ok('path' in end && end.path === target, JSON.stringify(end))
  assert.ok(readFileSync(target).equals(content))
  await chunks.close()
})

test('a part that was deleted or replaced is fetched again from the start', async () => {
  const { content, layout } = sample(CHUNK * 2)
  const state = temporary()
  const target = join(temporary(), 'x')
  const chunks = newChunks(state)
  await opened(chunks, layout, target)
  await chunks.close()
  unlinkSync(`${target}.part`)
  writeFileSync(`${target}.part`, content)
  const again = newChunks(state)
  assert.deepEqual(await opened(again, layout, target), { have: new Uint8Array(1) })
  await finished('the blob to be dropped', (done) => again.drop(blob, done))
  assert.ok(readFileSync(`${target}.part`).equals(content))
})

test('an impossible place is an error that names it', async () => {
  const { layout } = sample(10)
  const chunks = newChunks()
  const nowhere = await opened(chunks, layout, '/nowhere/at/all')
  assert.match('error' in nowhere ? nowhere.error : '', /\/nowhere\/at\/all: no such file or directory/)
  const huge = { size: CHUNK * 16_384, chunkSize: 1 << 24, hashes: new Uint8Array(256 * 32) }
  const size = { ...huge, size: 256 * 2 ** 30, hashes: new Uint8Array(16_384 * 32) }
  const full = await opened(chunks, size, join(temporary(), 'huge'))
  assert.match('error' in full ? full.error : '', /is full: 262144 MiB are needed, \d+ MiB are free/)
  const wrong = await opened(chunks, { ...layout, hashes: new Uint8Array(0) }, null)
  assert.match('error' in wrong ? wrong.error : '', /one hash a chunk/)
})

test('memory for chunks is lent up to the budget, in order', async () => {
  const pool = new MemoryPool(1 << 20, (size) => new ArrayBuffer(size))
  const slots = await Promise.all([1, 2, 3, 4].map(() => takeSlot(pool, CHUNK)))
  const order: string[] = []
  pool.take(1 << 20, (slot) => {
    order.push('large')
    slot.release()
  })
  pool.take(1_000, () => order.push('small'))
  for (const slot of slots) {
    assert.deepEqual(order, [])
    slot.release()
    slot.release()
  }
  await until('both to be served', () => order.length === 2)
  assert.deepEqual(order, ['large', 'small'])
  assert.ok(pool.lentBytes <= 16 * 1024)
})

test('the threads end', () => workers.close())

function stampNow(path: string): Partial<FileStamp> {
  const now = new Date()
  utimesSync(path, now, now)
  const { size, mtimeMs, ino } = statSync(path)
  return { size, mtimeMs: Math.floor(mtimeMs), inode: ino }
}

test.run()
