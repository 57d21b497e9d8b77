/** A file that is spread over real processes: its publisher leaves, nobody has all of it, and whoever asks gets it whole. */
import assert from 'node:assert'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { FileView, ManifestView, StoredView } from '../../src/api.js'
import { chunkKey } from '../../src/swarm/spread.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('spread')
const PEERS = ['ada', 'bob', 'cid', 'dan', 'eve', 'fay'] as const
const CHUNK = 256 * 1024
const COPIES = 2
const CHUNKS = 40
const BYTES = CHUNKS * CHUNK - 12_345

/** The owners of a key, as anybody computes them. */
function ownersOf(key: string, ids: readonly string[]): readonly string[] {
  const ring = ids.toSorted()
  const start = Math.max(
    0,
    ring.findIndex((id) => id >= key),
  )
  return [...ring.slice(start), ...ring.slice(0, start)].slice(0, COPIES)
}

/** Ids are random: a name whose chunks are not all due at one peer, neither among all peers nor without the first. */
async function nameFor(cluster: Cluster): Promise<string> {
  const ready = await Promise.all(PEERS.map((name) => cluster.peers.get(name)?.ready))
  const ids = ready.map((peer) => peer?.id ?? assert.fail('not ready'))
  const fits = (name: string): boolean =>
    [ids, ids.slice(1)].every((ring) =>
      ring.every((id) =>
        Array.from({ length: CHUNKS }, (_, i) => ownersOf(chunkKey(name, i), ring)).some(
          (owners) => !owners.includes(id),
        ),
      ),
    )
  return Array.from({ length: 1000 }, (_, n) => `film-${n}.bin`).find(fits) ?? assert.fail('no such name')
}

/** What of a file lies in a peer's state: whole copies and single chunks, in bytes. */
async function bytesAt(cluster: Cluster, name: string, id: string): Promise<number> {
  const { data } = (await cluster.peers.get(name)?.ready) ?? assert.fail(`${name} never ran`)
  const whole = join(data, 'blobs', id)
  const chunks = join(data, 'chunks', id)
  const names = existsSync(chunks) ? readdirSync(chunks).map((chunk) => join(chunks, chunk)) : []
  // one that was just written takes its place, or goes, between the two looks
  return [...names, whole].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0)
}

async function allBytes(cluster: Cluster, names: readonly string[], id: string): Promise<readonly number[]> {
  return Promise.all(names.map((name) => bytesAt(cluster, name, id)))
}

test(
  'a spread file stays whole when its publisher has left, though nobody has all of it',
  inCluster(async (cluster) => {
    await cluster.startAll(PEERS, '--replicas', String(COPIES))
    await cluster.meshed(PEERS)
    const name = await nameFor(cluster)
    const content = randomBytes(BYTES)
    const path = join(cluster.folder('ada'), 'film.bin')
    writeFileSync(path, content)
    const stored = await cluster.json<StoredView>(['store', 'film.bin', '--as', name, '--spread'], { on: 'ada' })
    assert.strictEqual(stored.chunks, CHUNKS)
    const listed = await cluster.until(
      'both copies of each chunk',
      () => allBytes(cluster, PEERS, stored.id),
      (sizes) => sizes.reduce((sum, size) => sum + size, 0) === COPIES * BYTES,
    )
    assert.ok(
      listed.every((bytes) => bytes < BYTES),
      `nobody keeps all of it: ${listed}`,
    )

    const left = cluster.peers.get('ada')?.ended
    await cluster.run(['quit'], { on: 'ada' })
    assert.strictEqual((await left)?.exit, 0)
    rmSync(path)
    const rest = PEERS.slice(1)
    const sizes = await allBytes(cluster, rest, stored.id)
    assert.ok(
      sizes.every((bytes) => bytes < BYTES),
      `nobody of the others has all of it: ${sizes}`,
    )
    await cluster.until(
      'both copies of each chunk at those that are left',
      () => allBytes(cluster, rest, stored.id),
      (now) => now.reduce((sum, size) => sum + size, 0) === COPIES * BYTES,
      90_000,
    )

    await cluster.start('gil', '--replicas', String(COPIES)).ready
    await cluster.meshed([...rest, 'gil'])
    await cluster.json(['request', name], { on: 'gil' })
    const got = readFileSync(join(cluster.folder('gil'), name))
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    assert.strictEqual(digest(got), digest(content))
    const manifest = await cluster.json<ManifestView>(['manifest', name], { on: 'bob' })
    assert.ok(manifest.chunks.every(({ holders }) => holders.length >= COPIES))
    await cluster.until(
      'a list that counts copies of the rarest chunk',
      () => cluster.json<FileView[]>(['files'], { on: 'bob' }),
      ([file]) => file !== undefined && file.holders >= COPIES && !file.complete,
    )
  }),
)

test(
  'a removed spread file leaves nothing on any disk',
  inCluster(async (cluster) => {
    const names = PEERS.slice(0, 5)
    await cluster.startAll(names)
    await cluster.meshed(names)
    writeFileSync(join(cluster.folder('ada'), 'film.bin'), randomBytes(BYTES))
    const { id } = await cluster.json<StoredView>(['store', 'film.bin', '--spread'], { on: 'ada' })
    assert.ok((await allBytes(cluster, names, id)).some((bytes) => bytes > 0))
    await cluster.json(['remove', 'film.bin'], { on: 'ada' })
    await cluster.until(
      'no chunk on any disk',
      () => allBytes(cluster, names, id),
      (sizes) => sizes.every((bytes) => bytes === 0),
    )
  }),
)

test.run()
