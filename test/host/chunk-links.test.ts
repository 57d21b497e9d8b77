import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { Bitmap, ChunkOutcome, FileStamp, Layout, Link } from '../../src/env.js'
import { chunkCount } from '../../src/host/chunks/layout.js'
import type { HostEnv } from '../../src/host/env.js'
import { sha256 } from '../../wire/hash.js'
import { LinkCore } from '../../wire/link-core.js'
import type { Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { dialed, listening, type Seen, world } from './peers.js'
import { called, runChild, temporary, until } from './support.js'

const MIB = 1 << 20
const blob = 'cd'.repeat(32) as Hash
const test = suite('chunks over links', { home: world() })

test.after(async ({ home }) => {
  await home.close()
  assert.deepEqual(home.fatals, [])
})

/** A source that has hashed and adopted a file of random bytes and serves it, and a link to it. */
async function source(seeder: HostEnv, leecher: HostEnv, sizeBytes: number, chunkSize: number, id = blob) {
  const path = join(temporary(), 'music.bin')
  const content = randomBytes(sizeBytes)
  writeFileSync(path, content)
  type Hashed = { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }
  const hashed = await called<Hashed>('the hashes', (done) =>
    seeder.chunks.hash(
      path,
      () => chunkSize,
      () => {},
      done,
    ),
  )
  assert.ok('layout' in hashed)
  seeder.chunks.adopt(id, hashed.layout, hashed.stamp)
  const { address, accepted } = await listening(seeder, (link, message) => answer(seeder, link, message))
  const seen = await dialed(leecher, address)
  assert.ok(typeof seen === 'object', String(seen))
  return { id, path, content, layout: hashed.layout, seen, accepted }
}

function answer(env: HostEnv, link: Link, message: Message): void {
  if (message.type === 'chunkGet') env.chunks.serve(link, message.request, message.blob, message.index)
}

async function opened(env: HostEnv, layout: Layout, target: string | null, id = blob): Promise<Bitmap> {
  type Opened = { readonly have: Bitmap } | { readonly error: string }
  const result = await called<Opened>('the file to be open', (done) => env.chunks.open(id, layout, target, done))
  assert.ok('have' in result, JSON.stringify(result))
  return result.have
}

function fetched(env: HostEnv, { link }: Seen, index: number, stallMs = 20_000, id = blob): Promise<ChunkOutcome> {
  const fetch = { blob: id, index, stallMs, progress: () => {} }
  return called(`chunk ${index}`, (done) => env.chunks.fetch(link, { ...fetch, done }))
}

test('a file of 64 MiB goes from disk to disk over TLS, hashed and verified', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { content, layout, seen } = await source(seeder.env, leecher.env, 64 * MIB + 12_345, MIB)
  const target = join(temporary(), 'out.bin')
  await opened(leecher.env, layout, target)
  let bytes = 0
  const outcomes = await Promise.all(
    Array.from({ length: chunkCount(layout) }, (_, index) =>
      called<ChunkOutcome>(`chunk ${index}`, (done) =>
        leecher.env.chunks.fetch(seen.link, {
          blob,
          index,
          stallMs: 20_000,
          progress: (count) => {
            bytes += count
          },
          done,
        }),
      ),
    ),
  )
  assert.ok(outcomes.every((outcome) => outcome === 'ok'))
  assert.equal(bytes, content.length)
  const end = await called<object>('the file', (done) => leecher.env.chunks.finish(blob, done))
  assert.ok('path' in end && end.path === target, JSON.stringify(end))
  assert.equal(sha256(readFileSync(target)), sha256(content))
  assert.ok(seen.link.bytesReceived > content.length)
})

test('chunks come over a link that the source dialed, and go both ways over it at once', async ({ home }) => {
  const [one, other] = [await home.start(), await home.start()]
  const size = 24 * MIB + 777
  const first = await source(one.env, other.env, size, MIB, 'ab'.repeat(32) as Hash)
  const second = await source(other.env, one.env, size, MIB, 'ef'.repeat(32) as Hash)
  const { address, accepted } = await listening(other.env, (link, message) => answer(other.env, link, message))
  const near = await dialed(one.env, address, other.env.identity.id, (link, message) => answer(one.env, link, message))
  assert.ok(typeof near === 'object', String(near))
  const far = await until('the link to come in', () => accepted[0])
  assert.ok(near.link.dialed && !far.link.dialed)
  const runs = [
    { from: first, to: other.env, link: far },
    { from: second, to: one.env, link: near },
  ].map(async ({ from, to, link }) => {
    const target = join(temporary(), 'out.bin')
    await opened(to, from.layout, target, from.id)
    const indexes = Array.from({ length: chunkCount(from.layout) }, (_, index) => index)
    const outcomes = await Promise.all(indexes.map((index) => fetched(to, link, index, 20_000, from.id)))
    assert.ok(outcomes.every((outcome) => outcome === 'ok'))
    await called<object>('the file', (done) => to.chunks.finish(from.id, done))
    assert.equal(sha256(readFileSync(target)), sha256(from.content))
  })
  await Promise.all(runs)
  assert.ok(near.link.bytesSent > size && near.link.bytesReceived > size)
})

test('a downloader serves what it has, and refuses what it has not', async ({ home }) => {
  const [seeder, middle, leecher] = [await home.start(), await home.start(), await home.start()]
  const { layout, seen } = await source(seeder.env, middle.env, 3 * MIB, MIB)
  await opened(middle.env, layout, null)
  assert.equal(await fetched(middle.env, seen, 1), 'ok')
  const { address } = await listening(middle.env, (link, message) => answer(middle.env, link, message))
  const second = await dialed(leecher.env, address)
  assert.ok(typeof second === 'object')
  await opened(leecher.env, layout, null)
  assert.equal(await fetched(leecher.env, second, 1), 'ok')
  assert.equal(await fetched(leecher.env, second, 0), 'refused')
  assert.equal(await fetched(leecher.env, second, 3), 'refused', 'beyond the end')
  assert.deepEqual(second.messages, [], 'the core sees no chunk messages')
})

test('wrong bytes are found out and not written', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { layout, seen } = await source(seeder.env, leecher.env, 2 * MIB, MIB)
  const expected = Uint8Array.from(layout.hashes)
  expected.fill(0, 0, 32)
  await opened(leecher.env, { ...layout, hashes: expected }, null)
  assert.equal(await fetched(leecher.env, seen, 0), 'bad')
  assert.equal(await fetched(leecher.env, seen, 1), 'ok')
  assert.deepEqual(await called('the sync', (done) => leecher.env.chunks.sync(blob, done)), new Uint8Array([0b10]))
})

test('a resumed download fetches only what was not durable', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { content, layout, seen } = await source(seeder.env, leecher.env, 5 * MIB, MIB)
  const target = join(temporary(), 'film.bin')
  await opened(leecher.env, layout, target)
  for (const index of [0, 3]) assert.equal(await fetched(leecher.env, seen, index), 'ok')
  await leecher.close()
  const again = await home.start({ data: leecher.stateDirectory })
  assert.equal(again.env.identity.id, leecher.env.identity.id)
  assert.deepEqual(await opened(again.env, layout, target), new Uint8Array([0b01001]))
  const { address } = await listening(seeder.env, (link, message) => answer(seeder.env, link, message))
  const link = await dialed(again.env, address)
  assert.ok(typeof link === 'object')
  const outcomes = await Promise.all([1, 2, 4].map((index) => fetched(again.env, link, index)))
  assert.deepEqual(outcomes, ['ok', 'ok', 'ok'])
  const end = await called<object>('the file', (done) => again.env.chunks.finish(blob, done))
  assert.ok('path' in end, JSON.stringify(end))
  assert.ok(readFileSync(target).equals(content))
})

test('a file that was changed is refused, and its owner learns why', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { path, layout, seen } = await source(seeder.env, leecher.env, 2 * MIB, MIB)
  const lost: string[] = []
  seeder.env.chunks.onLost = (id, reason) => lost.push(`${id === blob} ${reason}`)
  await opened(leecher.env, layout, null)
  assert.equal(await fetched(leecher.env, seen, 0), 'ok')
  appendFileSync(path, 'x')
  assert.equal(await fetched(leecher.env, seen, 1), 'refused')
  assert.deepEqual(lost, [`true ${path} was changed after it was stored: store it again`])
  assert.equal(await fetched(leecher.env, seen, 1), 'refused', 'and stays refused')
  assert.equal(lost.length, 1)
})

test('silence ends in a timeout, a late answer does no harm, and a closed link loses the rest', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const held: (() => void)[] = []
  const { layout } = await source(seeder.env, leecher.env, 2 * MIB, MIB)
  const { address } = await listening(seeder.env, (link, message) => held.push(() => answer(seeder.env, link, message)))
  const seen = await dialed(leecher.env, address)
  assert.ok(typeof seen === 'object')
  await opened(leecher.env, layout, null)
  assert.equal(await fetched(leecher.env, seen, 0, 50), 'timeout')
  const cancel = leecher.env.chunks.fetch(seen.link, {
    blob,
    index: 1,
    stallMs: 20_000,
    progress: () => {},
    done: () => assert.fail('it was cancelled'),
  })
  await until('both requests', () => held.length === 2)
  cancel()
  for (const give of held.splice(0)) give()
  const next = fetched(leecher.env, seen, 1)
  await until('the next request', () => held.length === 1)
  held[0]?.()
  assert.equal(await next, 'ok')
  const lost = fetched(leecher.env, seen, 0)
  await until('the last request', () => held.length === 2)
  seen.link.close('normal', 'enough')
  assert.equal(await lost, 'lost')
  assert.equal(await fetched(leecher.env, seen, 0), 'lost')
})

test('a reader that does not read costs two chunks of memory, and nobody else anything', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { layout, seen } = await source(seeder.env, leecher.env, 48 * MIB, MIB)
  const { address, accepted } = await listening(seeder.env, (link, message) => answer(seeder.env, link, message))
  const stuck = runChild('stuck-reader', [address, blob, String(chunkCount(layout))], home.environment)
  await until('the reader to have asked for all and stopped', () => stuck.lines.includes('asked'))
  const link = accepted[0]?.link
  assert.ok(link instanceof LinkCore)
  await until('its link to be full', () => link.queuedBytes >= MIB)
  const before = process.memoryUsage().arrayBuffers
  await opened(leecher.env, layout, null)
  const all = Array.from({ length: chunkCount(layout) }, (_, index) => fetched(leecher.env, seen, index))
  assert.ok((await Promise.all(all)).every((outcome) => outcome === 'ok'))
  assert.ok(link.queuedBytes <= 2 * MIB + 4_096, `${link.queuedBytes} bytes wait for it`)
  const more = process.memoryUsage().arrayBuffers - before
  assert.ok(more < 72 * MIB, `${more} bytes more than before`)
  stuck.process.kill('SIGKILL')
  await stuck.ended
  await until('its link to be gone', () => accepted[0]?.closed)
})

test('more than 64 waiting requests are refused', async ({ home }) => {
  const [seeder, leecher] = [await home.start(), await home.start()]
  const { seen } = await source(seeder.env, leecher.env, MIB, 256 * 1024)
  let chunks = 0
  let refused = 0
  assert.ok(seen.link instanceof LinkCore)
  const sink = new Uint8Array(MIB)
  seen.link.receiver = { begin: () => sink, progress: () => {}, end: () => chunks++, closed: () => {} }
  leecher.env.chunks.refused = () => refused++
  for (let request = 0; request < 200; request++) {
    seen.link.send({ type: 'chunkGet', request, blob, index: request % 4 })
  }
  await until('all to be answered', () => chunks + refused === 200)
  assert.ok(refused > 0 && chunks >= 64, `${chunks} chunks, ${refused} refused`)
})

test.run()
