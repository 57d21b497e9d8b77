/** Twelve real processes: one ring, files at their keepers, two neighbours killed and one frozen at once; all seen from outside. */
import assert from 'node:assert'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { LookupView, ManifestView, RingView, StoredView } from '../../src/api.js'
import { oneCircle, type Placed } from './circle.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('ring of processes')
const NAMES = ['ada', 'bob', 'cid', 'dot', 'eve', 'fay', 'gus', 'hal', 'ivy', 'jon', 'kim', 'leo']
const FILES: readonly (readonly [name: string, by: string, bytes: number])[] = [
  ['atlas.bin', 'ada', 5_000_000],
  ['bread.txt', 'cid', 900],
  ['cedar.txt', 'eve', 40_000],
  ['dunes.txt', 'gus', 1],
  ['ember.txt', 'ivy', 300_000],
  ['fjord.txt', 'leo', 70_000],
]
const REPLICAS = 4
/** Promised: found dead after 1.5 s; asking twelve processes takes a while besides. */
const HEAL_MS = 5 * 1_500 + 15_000
const START_MS = 60_000
const COPIES_MS = 60_000
const BACK_MS = 60_000

const sha = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

async function startedPeers(cluster: Cluster): Promise<readonly Placed[]> {
  await cluster.startAll(NAMES)
  return Promise.all(
    [...cluster.peers].map(async ([name, peer]) => {
      const { id } = await peer.ready
      return { id, name, ring: () => cluster.json<RingView>(['ring'], { on: name }) }
    }),
  )
}

/** Stores the files and takes the originals away, once the keepers have them; answers their sums. */
async function storedFiles(cluster: Cluster): Promise<ReadonlyMap<string, string>> {
  const sums = new Map<string, string>()
  for (const [name, by, bytes] of FILES) {
    const path = join(cluster.folder(by), name)
    writeFileSync(path, randomBytes(bytes))
    sums.set(name, sha(path))
    await cluster.json<StoredView>(['store', name], { on: by })
    const keepers = await keepersOf(cluster, name, by)
    assert.strictEqual(keepers.length, REPLICAS)
    await cluster.until(
      `${name} at its ${REPLICAS} keepers`,
      () => holdersOf(cluster, name, by),
      (holders) => keepers.every((keeper) => holders.includes(keeper)),
      COPIES_MS,
    )
    rmSync(path)
  }
  return sums
}

async function keepersOf(cluster: Cluster, name: string, on: string): Promise<readonly string[]> {
  const { owner, replicas } = await cluster.json<LookupView>(['lookup', name], { on })
  return [owner, ...replicas]
}

async function holdersOf(cluster: Cluster, name: string, on: string): Promise<readonly string[]> {
  const { chunks } = await cluster.json<ManifestView>(['manifest', name], { on })
  return [...new Set(chunks.flatMap(({ holders }) => holders.map(({ id }) => id)))]
}

/** Each file comes whole to somebody who holds nothing of it. */
async function fetchAll(cluster: Cluster, sums: ReadonlyMap<string, string>, living: readonly Placed[]): Promise<void> {
  for (const [name, by] of FILES) {
    const [anybody] = living
    const holders = await holdersOf(cluster, name, anybody?.name ?? '')
    const fetcher = living.find((peer) => peer.name !== by && !holders.includes(peer.id))
    assert.ok(fetcher !== undefined, `somebody without ${name}`)
    const target = join(cluster.folder(fetcher.name), `${name}-${living.length}`)
    await cluster.json(['request', name, '-o', target], { on: fetcher.name })
    assert.strictEqual(sha(target), sums.get(name), `${name} at ${fetcher.name}`)
  }
}

test(
  'two neighbours killed and a third frozen at once: one ring of the others, every file there; thawed, it is back',
  inCluster(async (cluster) => {
    const peers = await startedPeers(cluster)
    await oneCircle(peers, START_MS)
    const sums = await storedFiles(cluster)

    // three in a row, and three of the four keepers of a file
    const keepers = await keepersOf(cluster, 'atlas.bin', 'bob')
    const [first, second, third] = keepers.map((id) => peers.find((peer) => peer.id === id))
    assert.ok(first && second && third)
    for (const { name } of [first, second]) void cluster.peers.get(name)?.kill('SIGKILL')
    void cluster.peers.get(third.name)?.kill('SIGSTOP')
    const living = peers.filter((peer) => ![first, second, third].includes(peer))
    await oneCircle(living, HEAL_MS)
    await fetchAll(cluster, sums, living)

    void cluster.peers.get(third.name)?.kill('SIGCONT')
    const rest = [...living, third]
    await oneCircle(rest, BACK_MS)
    await fetchAll(cluster, sums, rest)
  }),
)

test.run()
