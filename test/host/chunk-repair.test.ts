/** Copies in the blob folder whose files were deleted, cut or overwritten: found, and only what is wrong is wanted anew. */
import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { blake3 } from '@napi-rs/blake-hash'
import { test } from 'uvu'
import type { Bitmap, FileStamp, Layout } from '../../src/env.js'
import { HostChunks } from '../../src/host/chunks/host-chunks.js'
import { HostWorkers } from '../../src/host/workers.js'
import type { Hash } from '../../wire/types.js'
import { called, finished, temporary } from './support.js'

const CHUNK = 256 * 1024
const COUNT = 6
const blob = 'ab'.repeat(32) as Hash
const workers = new HostWorkers({
  miners: 1,
  fatal: (reason) => {
    throw new Error(reason)
  },
})

type Opened = { readonly have: Bitmap } | { readonly error: string }

/** A whole copy in the blob folder, made from a user's file that is gone afterwards. */
async function kept() {
  const stateDirectory = temporary()
  const chunks = new HostChunks({ stateDirectory, workers })
  const content = randomBytes(CHUNK * COUNT - 100)
  const path = join(temporary(), 'music.bin')
  writeFileSync(path, content)
  const hashes = Array.from({ length: COUNT }, (_, at) => blake3(content.subarray(at * CHUNK, (at + 1) * CHUNK)))
  const layout = { size: content.length, chunkSize: CHUNK, hashes: new Uint8Array(Buffer.concat(hashes)) }
  const { size, mtimeMs, ino: inode } = statSync(path)
  const stamp: FileStamp = { path, size, mtimeMs: Math.floor(mtimeMs), inode }
  const copy = async () => {
    chunks.adopt(blob, layout, stamp)
    assert.equal(await called('the copy', (done) => chunks.copyLocal(blob, () => {}, done)), null)
    const end = await called<object>('the file', (done) => chunks.finish(blob, done))
    assert.ok('path' in end, JSON.stringify(end))
  }
  assert.deepEqual(await opened(chunks, layout), { have: new Uint8Array(1) })
  await copy()
  return { chunks, content, layout, own: join(stateDirectory, 'blobs', blob), copy }
}

const opened = (chunks: HostChunks, layout: Layout): Promise<Opened> =>
  called('the copy to be open', (done) => chunks.open(blob, layout, null, done))
const changed = (chunks: HostChunks): Promise<readonly Hash[]> =>
  called('the look', (done) => chunks.check([blob], done))
const verified = (chunks: HostChunks, layout: Layout): Promise<boolean> =>
  called('the reading', (done) => chunks.verify(blob, layout, done))

/** Overwrites one byte, as a failing disk does: neither size nor time tell. */
function rot(path: string, at: number): void {
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  writeFileSync(path, bytes)
  utimesSync(path, atime, mtime)
}

test('a copy that is as it was is left alone', async () => {
  const { chunks, layout, own } = await kept()
  assert.deepEqual(await changed(chunks), [])
  assert.equal(await verified(chunks, layout), true)
  assert.ok(existsSync(own))
  await chunks.close()
})

test('a copy that was only touched is read, found right, and is the same again', async () => {
  const { chunks, layout, own } = await kept()
  utimesSync(own, new Date(1), new Date(1))
  assert.deepEqual(await changed(chunks), [blob])
  assert.equal(await verified(chunks, layout), true)
  assert.deepEqual(await changed(chunks), [])
  await chunks.close()
})

test('of a copy with wrong chunks only these are missing afterwards', async () => {
  const { chunks, content, layout, own, copy } = await kept()
  rot(own, CHUNK * 2 + 7)
  rot(own, content.length - 1)
  assert.equal(await verified(chunks, layout), false)
  assert.ok(!existsSync(own))
  assert.deepEqual(await opened(chunks, layout), { have: Uint8Array.of(0b011011) })
  await copy()
  assert.ok(readFileSync(own).equals(content))
  assert.deepEqual(await changed(chunks), [])
  await chunks.close()
})

test('a copy that was cut keeps what is left of it', async () => {
  const { chunks, content, layout, own, copy } = await kept()
  truncateSync(own, CHUNK * 4 + 1)
  assert.deepEqual(await changed(chunks), [blob])
  assert.equal(await verified(chunks, layout), false)
  assert.deepEqual(await opened(chunks, layout), { have: Uint8Array.of(0b001111) })
  await copy()
  assert.ok(readFileSync(own).equals(content))
  await chunks.close()
})

test('a copy that was deleted is wanted anew', async () => {
  const { chunks, layout, own } = await kept()
  rmSync(own)
  assert.deepEqual(await changed(chunks), [blob])
  assert.equal(await verified(chunks, layout), false)
  assert.deepEqual(await opened(chunks, layout), { have: new Uint8Array(1) })
  await finished('the end', (done) => chunks.drop(blob, done))
  await chunks.close()
})

test.after(() => workers.close())

test.run()
