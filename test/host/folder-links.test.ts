import * as assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { Link } from '../../src/env.js'
import { blockSizeOf } from '../../src/folder/content.js'
import type {
  Assembly,
  BlocksOutcome,
  Opening,
  Piece,
  WantedBlock,
  WriteJob,
  WriteOutcome,
} from '../../src/folder-disk.js'
import type { HostFolderDisk } from '../../src/host/folder/host-folder-disk.js'
import { toHex } from '../../wire/hash.js'
import { LinkCore } from '../../wire/link-core.js'
import type { Message } from '../../wire/messages.js'
import type { Hash } from '../../wire/types.js'
import { contentOf, jobOf, stateAt, temporaryFiles, trashFiles } from './folder-disk.js'
import { Index } from './folder-scanning.js'
import { dialed, listening, type Seen, type Started, world } from './peers.js'
import { called, runChild, until } from './support.js'

const MIB = 1 << 20
const BLOCK = 128 * 1024
const test = suite('blocks of the shared folder over links', { home: world() })

test.after(async ({ home }) => {
  await home.close()
  assert.deepEqual(home.fatals, [])
})

interface Sharer {
  readonly started: Started
  readonly disk: HostFolderDisk
  readonly root: string
  readonly pieces: Map<Hash, Piece>
}

async function sharer(home: ReturnType<typeof world>, files: Readonly<Record<string, Uint8Array>> = {}) {
  const started = await home.start({ folder: (stateDirectory) => join(stateDirectory, 'folder') })
  const disk = started.env.folder
  assert.ok(disk !== null)
  const root = join(started.stateDirectory, 'folder')
  mkdirSync(root)
  const pieces = new Map<Hash, Piece>()
  for (const [path, bytes] of Object.entries(files)) {
    writeFileSync(join(root, path), bytes)
    for (const piece of piecesOf(root, path, bytes)) pieces.set(piece.hash, piece)
  }
  const index = new Index()
  const opening = await called<Opening>('the folder to be open', (done) => disk.open(null, [], index, done))
  assert.ok('marker' in opening, JSON.stringify(opening))
  return { started, disk, root, pieces } satisfies Sharer
}

function piecesOf(root: string, path: string, bytes: Uint8Array): readonly Piece[] {
  const { blocks } = contentOf(bytes)
  const block = blockSizeOf(bytes.length)
  return Array.from({ length: blocks.length / 32 }, (_, index) => ({
    path,
    state: stateAt(root, path),
    offset: index * block,
    size: Math.min(block, bytes.length - index * block),
    hash: toHex(blocks.subarray(index * 32, (index + 1) * 32)) as Hash,
  }))
}

/** What the core does with a request. */
function answer({ disk, pieces }: Sharer, link: Link, message: Message): void {
  if (message.type !== 'folderBlocksGet') return
  const found = message.blocks.flatMap(({ hash }) => pieces.get(hash) ?? [])
  if (found.length === message.blocks.length) disk.serve(link, message.request, found)
  else {
    const missing = message.blocks.flatMap(({ hash }, place) => (pieces.has(hash) ? [] : [place]))
    link.send({ type: 'folderBlocksRefused', request: message.request, missing })
  }
}

async function linked(
  from: Sharer,
  to: Sharer,
  take: (link: Link, message: Message) => void = (link, message) => answer(from, link, message),
) {
  const { address, accepted } = await listening(from.started.env, take)
  const seen = await dialed(to.started.env, address)
  assert.ok(typeof seen === 'object', String(seen))
  return { seen, accepted, address }
}

function fetched(
  { disk }: Sharer,
  { link }: Seen,
  blocks: readonly WantedBlock[],
  stallMs = 20_000,
): Promise<BlocksOutcome> {
  return called('the blocks', (done) => disk.fetch(link, blocks, stallMs, () => {}, done))
}

function finished(assembly: Assembly): Promise<WriteOutcome> {
  return called('the file', (done) => assembly.finish(done))
}

function blocksOf(assembly: Assembly, job: WriteJob): readonly WantedBlock[] {
  return Array.from({ length: job.content.blocks.length / 32 }, (_, index) => ({ assembly, index }))
}

/** In requests of 1 MiB. */
function requests(blocks: readonly WantedBlock[]): readonly (readonly WantedBlock[])[] {
  const parts: WantedBlock[][] = []
  for (let at = 0; at < blocks.length; at += MIB / BLOCK) parts.push(blocks.slice(at, at + MIB / BLOCK))
  return parts
}

test('a file of 64 MiB goes from folder to folder, and only what changed goes again', async ({ home }) => {
  const old = randomBytes(64 * MIB + 99)
  const film = Buffer.from(old)
  for (const index of [0, 77, 511]) randomBytes(50).copy(film, index * BLOCK)
  const [from, to] = [await sharer(home, { old, film }), await sharer(home)]
  const { seen } = await linked(from, to)
  const first = jobOf('film', old)
  const whole = to.disk.assemble(first)
  const outcomes = await Promise.all(requests(blocksOf(whole, first)).map((part) => fetched(to, seen, part)))
  assert.ok(outcomes.every((outcome) => outcome === 'ok'))
  const written = await finished(whole)
  assert.ok(written.outcome === 'ok', JSON.stringify(written))
  assert.ok(readFileSync(join(to.root, 'film')).equals(old))
  const bytesBefore = seen.link.bytesReceived
  const job = jobOf('film', film, { replaces: written.state })
  const assembly = to.disk.assemble(job)
  const local = blocksOf(assembly, job).map(({ index }) => ({
    index,
    from: { path: 'film', state: written.state, offset: index * BLOCK },
  }))
  const missing = await called<readonly number[]>('the copy', (done) => assembly.copy(local, done))
  assert.deepEqual(missing, [0, 77, 511])
  assert.equal(
    await fetched(
      to,
      seen,
      missing.map((index) => ({ assembly, index })),
    ),
    'ok',
  )
  const again = await finished(assembly)
  assert.equal(again.outcome, 'ok', JSON.stringify(again))
  assert.ok(readFileSync(join(to.root, 'film')).equals(film))
  const came = seen.link.bytesReceived - bytesBefore
  assert.ok(came < 4 * BLOCK, `${came} bytes came`)
  assert.equal(trashFiles(to.root).length, 1)
})

test('small files come many in one frame, and one wrong byte spoils all of it', async ({ home }) => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`note-${n}`, randomBytes(1 + n * 20)]))
  const [from, to] = [await sharer(home, files), await sharer(home)]
  const { seen } = await linked(from, to)
  const jobs = Object.entries(files).map(([path, bytes]) => jobOf(path, bytes))
  const assemblies = jobs.map((job) => to.disk.assemble(job))
  const wanted = assemblies.map((assembly) => ({ assembly, index: 0 }))
  assert.equal(await fetched(to, seen, wanted), 'ok')
  assert.equal(seen.messages.length, 0)
  for (const outcome of await Promise.all(assemblies.map(finished))) assert.equal(outcome.outcome, 'ok')
  for (const [path, bytes] of Object.entries(files)) assert.ok(readFileSync(join(to.root, path)).equals(bytes), path)
  const liar = { ...from, pieces: new Map(from.pieces) }
  const [one, other] = jobs.slice(-2).map(({ content }) => toHex(content.blocks) as Hash)
  assert.ok(one !== undefined && other !== undefined)
  const { seen: lied } = await linked(liar, to, (link, message) => {
    if (message.type !== 'folderBlocksGet') return
    assert.ok(link instanceof LinkCore)
    const size = message.blocks.reduce((sum, block) => sum + block.size, 0)
    link.sendChunk(message.request, new Uint8Array(size), () => {})
  })
  const bad = jobs.slice(-2).map((job) => to.disk.assemble({ ...job, path: `${job.path}-b` }))
  const blocks = bad.map((assembly) => ({ assembly, index: 0 }))
  assert.equal(await fetched(to, lied, blocks), 'bad')
  for (const outcome of await Promise.all(bad.map(finished))) assert.equal(outcome.outcome, 'failed')
})

test('a wrong block of a large file is found out, and nothing of its frame is kept', async ({ home }) => {
  const film = randomBytes(MIB)
  const [from, to] = [await sharer(home, { film }), await sharer(home)]
  const wrong = Buffer.from(film)
  wrong[3 * BLOCK + 1] = (wrong[3 * BLOCK + 1] ?? 0) ^ 1
  const { seen } = await linked(from, to, (link, message) => {
    if (message.type !== 'folderBlocksGet' || !(link instanceof LinkCore)) return
    link.sendChunk(message.request, wrong, () => {})
  })
  const job = jobOf('film', film)
  const assembly = to.disk.assemble(job)
  assert.equal(await fetched(to, seen, blocksOf(assembly, job)), 'bad')
  assert.deepEqual(temporaryFiles(to.root), [])
  const { seen: right } = await linked(from, to)
  assert.equal(await fetched(to, right, blocksOf(assembly, job)), 'ok')
  assert.equal((await finished(assembly)).outcome, 'ok')
  assert.ok(readFileSync(join(to.root, 'film')).equals(film))
})

test('blocks of a file that was edited are refused by their places, the others can be had', async ({ home }) => {
  const [one, two, three] = [randomBytes(3000), randomBytes(BLOCK), randomBytes(70_000)]
  const [from, to] = [await sharer(home, { one, two, three }), await sharer(home)]
  const { seen } = await linked(from, to)
  appendFileSync(join(from.root, 'two'), 'x')
  const jobs = [jobOf('one', one), jobOf('two', two), jobOf('three', three)]
  const assemblies = jobs.map((job) => to.disk.assemble(job))
  const wanted = assemblies.map((assembly) => ({ assembly, index: 0 }))
  assert.deepEqual(await fetched(to, seen, wanted), { refused: [1] })
  assert.equal(
    await fetched(
      to,
      seen,
      [0, 2].flatMap((place) => wanted[place] ?? []),
    ),
    'ok',
  )
  assert.deepEqual(seen.messages, [], 'the core sees no refusals')
  assemblies[1]?.drop()
  for (const place of [0, 2]) assert.equal((await finished(assemblies[place]!)).outcome, 'ok')
  assert.deepEqual(
    readdirSync(to.root).filter((name) => !name.startsWith('.')),
    ['one', 'three'],
  )
})

test('silence ends in a timeout, a late answer does no harm, a cut link loses the rest', async ({ home }) => {
  const film = randomBytes(MIB)
  const [from, to] = [await sharer(home, { film }), await sharer(home)]
  const held: (() => void)[] = []
  const { seen, accepted } = await linked(from, to, (link, message) => held.push(() => answer(from, link, message)))
  const job = jobOf('film', film)
  const assembly = to.disk.assemble(job)
  const all = blocksOf(assembly, job)
  assert.equal(await fetched(to, seen, all, 50), 'timeout')
  const next = fetched(to, seen, all)
  await until('both requests', () => held.length === 2)
  for (const give of held.splice(0)) give()
  assert.equal(await next, 'ok')
  const lost = fetched(to, seen, all)
  await until('the last request', () => held.length === 1)
  accepted[0]?.link.close('normal', 'enough')
  assert.equal(await lost, 'lost')
  assert.equal(await fetched(to, seen, all), 'lost')
  assert.equal((await finished(assembly)).outcome, 'ok')
})

test('a reader that does not read costs little memory, and nobody else anything', async ({ home }) => {
  const film = randomBytes(48 * MIB)
  const [from, to] = [await sharer(home, { film }), await sharer(home)]
  const { seen, accepted, address } = await linked(from, to)
  const hashes = piecesOf(from.root, 'film', film).map(({ hash }) => hash)
  const stuck = runChild('stuck-blocks', [address, String(BLOCK)], home.environment)
  stuck.process.stdin?.end(hashes.join('\n'))
  await until('the reader to have asked for all and stopped', () => stuck.lines.includes('asked'))
  const link = await until('its link', () => accepted[1]?.link)
  assert.ok(link instanceof LinkCore)
  await until('its link to be full', () => link.queuedBytes >= MIB)
  const before = process.memoryUsage().arrayBuffers
  const job = jobOf('film', film)
  const assembly = to.disk.assemble(job)
  const outcomes = await Promise.all(requests(blocksOf(assembly, job)).map((part) => fetched(to, seen, part)))
  assert.ok(outcomes.every((outcome) => outcome === 'ok'))
  assert.ok(link.queuedBytes <= 2 * MIB + 4_096, `${link.queuedBytes} bytes wait for it`)
  const more = process.memoryUsage().arrayBuffers - before
  assert.ok(more < 72 * MIB, `${more} bytes more than before`)
  assert.equal((await finished(assembly)).outcome, 'ok')
  stuck.process.kill('SIGKILL')
  await stuck.ended
})

test('more than 64 waiting requests of one link are refused', async ({ home }) => {
  const film = randomBytes(8 * MIB)
  const [from, to] = [await sharer(home, { film }), await sharer(home)]
  const { seen } = await linked(from, to)
  assert.ok(seen.link instanceof LinkCore)
  const sink = new Uint8Array(MIB)
  let chunks = 0
  seen.link.receiver = { begin: () => sink, progress: () => {}, end: () => chunks++, closed: () => {} }
  const blocks = piecesOf(from.root, 'film', film)
    .slice(0, 8)
    .map(({ hash, size }) => ({ hash, size }))
  for (let request = 0; request < 200; request++) seen.link.send({ type: 'folderBlocksGet', request, blocks })
  await until('all to be answered', () => chunks + seen.messages.length === 200)
  assert.ok(seen.messages.length > 0 && chunks >= 64, `${chunks} chunks, ${seen.messages.length} refused`)
  for (const message of seen.messages) assert.equal(message.type, 'folderBlocksRefused')
})

test.run()
