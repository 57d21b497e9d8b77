/** Two dedicated anchors of the built program: peers register with both, either is enough, and who was dead catches up. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import type { AnchorView } from '../../src/anchor/process/supervisor.js'
import { isAlive } from '../is-alive.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('anchors')
const NAMES = ['harbour', 'haven'] as const
const PEERS = ['ann', 'bob', 'cal', 'dee']
const FILE_BYTES = 1_500_000
/** Found dead within 2 s, a link is back within 3 s, a copy is asked for within 10 s: five times over. */
const SOON_MS = 15_000
const LATER_MS = 50_000

interface PeerRow {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly state: string
  readonly tasks: readonly { readonly service: string; readonly address: string; readonly up: boolean }[]
}
interface Manifest {
  readonly chunks: readonly { readonly holders: readonly { readonly id: string }[] }[]
}

const statusOf = (cluster: Cluster, on: string): Promise<AnchorView> => cluster.json(['anchor', 'status'], { on })

/** Dedicated anchors that a peer is linked with whole: admission and both other tasks. */
const linkedAnchors = (rows: readonly PeerRow[]): readonly string[] =>
  rows
    .filter(({ role, state, tasks }) => role === 'anchor' && state === 'up' && tasks.length > 0)
    .filter(({ tasks }) => tasks.every(({ up }) => up))
    .map(({ name }) => name)
    .sort()

async function allLinked(cluster: Cluster, peers: readonly string[], anchors: readonly string[]): Promise<void> {
  for (const on of peers) {
    await cluster.until(
      `${on} to be linked with all tasks of ${anchors.join(' and ')}`,
      () => cluster.json<readonly PeerRow[]>(['peers'], { on }),
      (rows) => linkedAnchors(rows).join() === anchors.join(),
      SOON_MS,
    )
  }
}

async function store(cluster: Cluster, on: string, name: string): Promise<Buffer> {
  const bytes = randomBytes(FILE_BYTES)
  writeFileSync(join(cluster.folder(on), name), bytes)
  await cluster.json(['store', name], { on })
  return bytes
}

async function request(cluster: Cluster, on: string, name: string, bytes: Buffer): Promise<void> {
  const target = join(cluster.folder(on), `${name}.copy`)
  await cluster.json(['request', name, '-o', target, '--timeout', '60'], { on })
  assert.ok(readFileSync(target).equals(bytes), `${name} as it was published`)
}

/** The anchor's own manifests task lists that peer as holder of every chunk. */
async function acknowledged(cluster: Cluster, anchor: string, name: string, holder: string): Promise<void> {
  await cluster.until(
    `${anchor} to list ${holder.slice(0, 8)} as a holder of all of ${name}`,
    () => cluster.json<Manifest>(['manifest', name], { on: anchor }),
    ({ chunks }) => chunks.length > 1 && chunks.every(({ holders }) => holders.some(({ id }) => id === holder)),
    LATER_MS,
  )
}

async function names(cluster: Cluster, on: string): Promise<readonly string[]> {
  const files = await cluster.json<readonly { readonly name: string }[]>(['files'], { on })
  return files.map(({ name }) => name)
}

test(
  'all register with both; one is killed -9 whole, and the other goes on alone; back again, it catches up',
  inCluster(async (cluster) => {
    const [harbour, haven] = NAMES.map((name) => cluster.start(name, 'anchor'))
    assert(harbour !== undefined && haven !== undefined)
    const [{ id, data }, other] = await Promise.all([harbour.ready, haven.ready])
    await cluster.startAll(PEERS)
    await cluster.meshed([...NAMES, ...PEERS])
    await allLinked(cluster, PEERS, NAMES)
    for (const anchor of NAMES) {
      // the others' entries may have come before their SYN
      await cluster.until(
        `${anchor} to have registered all`,
        () => statusOf(cluster, anchor),
        ({ peers, processes }) =>
          peers === PEERS.length + 1 &&
          processes.some(({ task, served }) => task === 'admission' && served >= PEERS.length),
        SOON_MS,
      )
    }
    const song = await store(cluster, 'ann', 'song')
    for (const [anchor, self] of [
      ['harbour', id],
      ['haven', other.id],
    ] as const)
      await acknowledged(cluster, anchor, 'song', self)

    const { processes } = await statusOf(cluster, 'harbour')
    const pids = [harbour.pid, ...processes.map(({ pid }) => pid)]
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await harbour.ended
    await cluster.until(
      'its processes to end',
      async () => pids.filter(isAlive),
      (left) => left.length === 0,
      SOON_MS,
    )
    await allLinked(cluster, PEERS, ['haven'])

    const zoe = await cluster.start('zoe', '--join', other.address).ready
    await cluster.meshed(['haven', ...PEERS, 'zoe'])
    await allLinked(cluster, ['zoe'], ['haven'])
    await request(cluster, 'zoe', 'song', song)
    await acknowledged(cluster, 'haven', 'song', zoe.id)
    const later = await store(cluster, 'bob', 'later')
    await acknowledged(cluster, 'haven', 'later', other.id)

    const again = await cluster.start('harbour', 'anchor').ready
    assert.deepStrictEqual([again.id, again.data], [id, data], 'no newcomer took its place')
    await cluster.meshed([...NAMES, ...PEERS, 'zoe'])
    await allLinked(cluster, [...PEERS, 'zoe'], NAMES)
    await cluster.until(
      'the anchor that is back to know what was stored meanwhile',
      () => names(cluster, 'harbour'),
      (known) => known.join() === 'later,song',
      LATER_MS,
    )
    assert.strictEqual((await statusOf(cluster, 'harbour')).manifests, 2)
    // it is told who holds what, too, and makes the copy that it missed
    await acknowledged(cluster, 'harbour', 'song', zoe.id)
    await acknowledged(cluster, 'harbour', 'later', id)

    await Promise.all(['haven', ...PEERS].map((name) => cluster.peers.get(name)?.kill()))
    await request(cluster, 'zoe', 'later', later)
  }),
)

test.run()
