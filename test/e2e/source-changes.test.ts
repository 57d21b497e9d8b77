/** Downloads of real peers over sockets go on while a peer joins, a source says goodbye, and a source is killed. */
import assert from 'node:assert'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import type { ManifestView, PeerView, RequestedView } from '../../src/api.js'
import { type Cluster, inCluster } from './cluster.js'

const test = suite('changing sources')
const NAMES = ['ada', 'bob', 'cy', 'dee', 'eve']
const SIZE = 160 * 1024 * 1024
const BEGUN_BYTES = SIZE / 16
const DEADLINE_MS = 60_000

interface Download {
  readonly reader: string
  /** Peers that hold the file besides its publisher. */
  readonly keepers: readonly string[]
  /** Bytes that arrived and matched; the parts that came over again would count, too. */
  end(): Promise<RequestedView>
}

/** ada stores a file with two copies; somebody who has none requests it and has got some of it. */
async function running(cluster: Cluster): Promise<Download> {
  await cluster.startAll(NAMES, '--replicas', '2')
  await cluster.meshed(NAMES)
  const bytes = randomBytes(SIZE)
  writeFileSync(join(cluster.folder('ada'), 'big.bin'), bytes)
  await cluster.json(['store', 'big.bin'], { on: 'ada' })
  const { chunks } = await cluster.json<ManifestView>(['manifest', 'big.bin'], { on: 'ada' })
  const holders = new Set(chunks[0]?.holders.map(({ name }) => name))
  const reader = NAMES.find((name) => !holders.has(name))
  assert.ok(reader !== undefined && holders.has('ada') && holders.size >= 2, [...holders].join(' '))
  const target = join(cluster.folder(reader), 'got.bin')
  let ended = false
  const answer = cluster.json<RequestedView>(['request', 'big.bin', '-o', 'got.bin'], { on: reader }).finally(() => {
    ended = true
  })
  const deadline = performance.now() + DEADLINE_MS
  const part = `${target}.part`
  while (!existsSync(part) || statSync(part).blocks * 512 < BEGUN_BYTES) {
    assert.ok(!ended && performance.now() < deadline, 'the download has begun and is not over')
    await pause(2)
  }
  const end = async () => {
    const view = await answer
    assert.ok(readFileSync(target).equals(bytes))
    const peers = await cluster.json<PeerView[]>(['peers'], { on: reader })
    const received = peers.reduce((sum, peer) => sum + peer.received, 0)
    assert.ok(received < SIZE * 1.1, `${received} bytes came for ${SIZE}`)
    assert.strictEqual(
      view.sources.reduce((sum, source) => sum + source.bytes, 0),
      SIZE,
    )
    return view
  }
  return { reader, keepers: [...holders].filter((name) => name !== 'ada'), end }
}

test(
  'a source that is killed: the rest comes from the others',
  inCluster(async (cluster) => {
    const { keepers, end } = await running(cluster)
    await cluster.peers.get(keepers[0] ?? '')?.kill('SIGKILL')
    assert.ok((await end()).sources.length >= 2)
  }),
)

test(
  'a source that says goodbye',
  inCluster(async (cluster) => {
    const { keepers, end } = await running(cluster)
    const left = cluster.peers.get(keepers[0] ?? '')?.kill('SIGTERM')
    await end()
    assert.strictEqual((await left)?.exit, 0)
  }),
)

test(
  'a peer that joins',
  inCluster(async (cluster) => {
    const { end } = await running(cluster)
    const { ready } = cluster.start('gus', '--replicas', '2')
    await end()
    await ready
  }),
)

test.run()
