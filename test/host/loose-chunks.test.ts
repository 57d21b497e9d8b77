import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { Bitmap, ChunkOutcome, Chunks, FileStamp, Layout, Link } from '../../src/env.js'
import { HostChunks } from '../../src/host/chunks/host-chunks.js'
import type { HostEnv } from '../../src/host/env.js'
import { HostWorkers } from '../../src/host/workers.js'
import { emptyBitmap, setBit } from '../../src/swarm/bitmap.js'
import type { Hash } from '../../wire/types.js'
import { dialed, listening, type World, world } from './peers.js'
import { called, finished, temporary, until } from './support.js'

const CHUNK = 256 * 1024
const CHUNKS = 9
const SIZE = CHUNKS * CHUNK - 1000
const blob = 'ce'.repeat(32) as Hash
const test = suite('loose chunks', { home: world() })

const workers = new HostWorkers({
  miners: 1,
  fatal: (reason) => {
    throw new Error(reason)
  },
})

test.after(async ({ home }) => {
  await home.close()
  await workers.close()
  assert.deepEqual(home.fatals, [])
})

type Hashed = { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }
type Opened = { readonly have: Bitmap } | { readonly error: string }

async function adopted(chunks: Chunks): Promise<{ readonly content: Buffer; readonly layout: Layout }> {
  const path = join(temporary(), 'film.bin')
  const content = randomBytes(SIZE)
  writeFileSync(path, content)
  const hashed = await called<Hashed>('the hashes', (done) =>
    chunks.hash(
      path,
      () => CHUNK,
      () => {},
      done,
    ),
  )
  assert.ok('layout' in hashed)
  chunks.adopt(blob, hashed.layout, hashed.stamp)
  return { content, layout: hashed.layout }
}

async function opened(chunks: Chunks, layout: Layout): Promise<readonly number[]> {
  const result = await called<Opened>('the loose chunks', (done) => chunks.loose.open(blob, layout, done))
  assert.ok('have' in result, JSON.stringify(result))
  return indices(result.have)
}

const synced = (chunks: Chunks): Promise<Bitmap> => called('the sync', (done) => chunks.loose.sync(blob, done))
const all = Array.from({ length: CHUNKS }, (_, index) => index)
const indices = (bits: Bitmap): readonly number[] =>
  all.filter((index) => ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0)

function some(...chosen: readonly number[]): Bitmap {
  const bits = emptyBitmap(CHUNKS)
  for (const index of chosen) setBit(bits, index)
  return bits
}

/** A keeper with nothing but the chunks that it fetched from somebody who has the file. */
async function keeper(home: World, ...chosen: readonly number[]) {
  const [seeder, { env, stateDirectory }] = [await home.start(), await home.start()]
  const { content, layout } = await adopted(seeder.env.chunks)
  const link = await linked(seeder.env, env)
  assert.deepEqual(await opened(env.chunks, layout), [])
  for (const index of chosen) assert.equal(await fetched(env, link, index), 'ok')
  assert.deepEqual(indices(await synced(env.chunks)), chosen)
  return { env, stateDirectory, content, layout, link }
}

/** A data link to a peer that serves what it has. */
async function linked(server: HostEnv, client: HostEnv): Promise<Link> {
  const { address } = await listening(server, (link, message) => {
    if (message.type === 'chunkGet') server.chunks.serve(link, message.request, message.blob, message.index)
  })
  const seen = await dialed(client, address)
  assert.ok(typeof seen === 'object', String(seen))
  return seen.link
}

const fetched = ({ chunks }: HostEnv, link: Link, index: number, loose = true): Promise<ChunkOutcome> =>
  called(`chunk ${index}`, (done) => {
    chunks.fetch(link, { blob, index, loose, stallMs: 20_000, progress: () => {}, done })
  })

const inFolder = (state: string): readonly string[] => readdirSync(join(state, 'chunks', blob)).sort()

/** Chunks of an adopted file in a state directory of their own. */
async function copied(...chosen: readonly number[]) {
  const state = temporary()
  const chunks = new HostChunks({ stateDirectory: state, workers })
  const { content, layout } = await adopted(chunks)
  await opened(chunks, layout)
  assert.equal(await called('the copy', (done) => chunks.loose.copy(blob, some(...chosen), done)), null)
  assert.deepEqual(indices(await synced(chunks)), chosen)
  return { state, chunks, content, layout }
}

test('chunks come over a link, and go on to others', async ({ home }) => {
  const { env, layout } = await keeper(home, 1, 4, 8)
  const reader = await home.start()
  const link = await linked(env, reader.env)
  await opened(reader.env.chunks, layout)
  assert.equal(await fetched(reader.env, link, 4), 'ok')
  assert.equal(await fetched(reader.env, link, 5), 'refused')
})

test('chunks are copied from a whole file, each a file of its own, and dropped one by one', async () => {
  const { state, chunks, content } = await copied(0, 2, 3, 8)
  for (const index of [0, 2, 3, 8]) {
    const bytes = readFileSync(join(state, 'chunks', blob, String(index)))
    assert.ok(bytes.equals(content.subarray(index * CHUNK, (index + 1) * CHUNK)))
  }
  await finished('the drop', (done) => chunks.loose.drop(blob, some(2, 5), done))
  assert.deepEqual(inFolder(state), ['0', '3', '8'])
  assert.deepEqual(indices(await synced(chunks)), [0, 3, 8])
  await finished('the drop of all', (done) => chunks.loose.drop(blob, null, done))
  assert.ok(!existsSync(join(state, 'chunks', blob)))
  await chunks.close()
})

test('they are found again; what a crash left half written is none, nor a file of the wrong length', async () => {
  const { state, chunks, layout } = await copied(0, 1, 2)
  await chunks.close()
  const folder = join(state, 'chunks', blob)
  writeFileSync(join(folder, '6.new'), 'half')
  writeFileSync(join(folder, '99'), 'no such chunk')
  truncateSync(join(folder, '1'), 1000)
  const again = new HostChunks({ stateDirectory: state, workers })
  assert.deepEqual(await opened(again, layout), [0, 2])
  assert.deepEqual(inFolder(state), ['0', '2'])
  await again.close()
})

test('a chunk that was written and not synced is none after a crash', async () => {
  const { state, chunks, layout } = await copied(0)
  assert.equal(await called('the copy', (done) => chunks.loose.copy(blob, some(3), done)), null)
  const crashed = new HostChunks({ stateDirectory: state, workers })
  assert.deepEqual(await opened(crashed, layout), [0])
  await crashed.close()
  chunks.loose.onLost = () => {}
  await chunks.close()
})

test('a chunk that cannot be read is refused, reported and gone; the others stay', async ({ home }) => {
  const { env, stateDirectory, layout } = await keeper(home, 0, 1)
  const folder = join(stateDirectory, 'chunks', blob)
  truncateSync(join(folder, '0'), 10)
  const lost: (number | null)[] = []
  env.chunks.loose.onLost = (_, index) => void lost.push(index)
  const reader = await home.start()
  const link = await linked(env, reader.env)
  await opened(reader.env.chunks, layout)
  assert.equal(await fetched(reader.env, link, 0), 'refused')
  assert.equal(await fetched(reader.env, link, 1), 'ok')
  assert.deepEqual(lost, [0])
  await until('the broken chunk to be deleted', () => !existsSync(join(folder, '0')))
  assert.deepEqual(indices(await synced(env.chunks)), [1])
})

test('a whole download takes the chunks that are here from this disk', async ({ home }) => {
  const { env, content, layout, link } = await keeper(home, 3, 8)
  const target = join(temporary(), 'whole.bin')
  await called<Opened>('the file to be open', (done) => env.chunks.open(blob, layout, target, done))
  assert.equal(await called('the copy', (done) => env.chunks.copyLocal(blob, () => {}, done)), null)
  const have = await called<Bitmap>('the sync', (done) => env.chunks.sync(blob, done))
  assert.deepEqual(indices(have), [3, 8])
  for (const index of all) if (![3, 8].includes(index)) assert.equal(await fetched(env, link, index, false), 'ok')
  await called('the file', (done) => env.chunks.finish(blob, done))
  assert.ok(readFileSync(target).equals(content))
})

test.run()
