/**
 * Many real peers on this machine: how long until everyone sees everyone, how long a ring stays open around a peer that
 * was killed, as the neighbours themselves tell, and how a stored file's bytes are shared out among its holders.
 * usage: npm run bench -- cluster [--peers <n>] [--kills <n>] [--size <MiB>] [--json]
 */
import { join } from 'node:path'
import { Cluster } from '../test/e2e/cluster.js'
import { writeBigFile } from './support/big-file.js'
import { option } from './support/option.js'
import { type Figure, median, report } from './support/report.js'

const MIB = 1024 * 1024
const SHARING = 6
const SETTLE_MS = 3_000

interface RingView {
  readonly id: string
  readonly successors: readonly { readonly id: string; readonly name: string }[]
  readonly predecessors: readonly { readonly id: string; readonly name: string }[]
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const namesOf = (count: number) => Array.from({ length: count }, (_, place) => `peer${place}`)
const ringOf = (cluster: Cluster, on: string) => cluster.json<RingView>(['ring'], { on })

/** From the last `ready` until everyone sees everyone; the asking itself costs a process each. */
async function converge(cluster: Cluster, names: readonly string[]): Promise<number> {
  await cluster.startAll(names)
  const since = performance.now()
  await cluster.meshed(names)
  return performance.now() - since
}

/** From the kill until both neighbours tell of a ring without it: an upper bound, since each question takes a process. */
async function closing(cluster: Cluster, names: readonly string[]): Promise<{ name: string; ms: number }> {
  const victim = names[names.length - 1] ?? ''
  const { id, successors, predecessors } = await ringOf(cluster, victim)
  const neighbours = [successors[0]?.name, predecessors[0]?.name].filter((name) => name !== undefined)
  await cluster.peers.get(victim)?.kill()
  const since = performance.now()
  const without = (view: RingView): boolean => ![...view.successors, ...view.predecessors].some((one) => one.id === id)
  await Promise.all(
    neighbours.map((name) => cluster.until(`${name} to forget ${victim}`, () => ringOf(cluster, name), without)),
  )
  return { name: victim, ms: performance.now() - since }
}

async function manyPeers(count: number, kills: number): Promise<Figure[]> {
  const cluster = new Cluster()
  try {
    let names: readonly string[] = namesOf(count)
    const seenMs = await converge(cluster, names)
    await wait(SETTLE_MS)
    const closed: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      const { name, ms } = await closing(cluster, names)
      names = names.filter((one) => one !== name)
      closed.push(ms)
    }
    const note = `${kills} kills, asked by commands`
    return [
      { name: `${count} peers see each other`, value: seenMs / 1000, unit: 's', budget: 10, better: 'less' },
      { name: 'ring closed after a kill', value: median(closed) / 1000, unit: 's', budget: 1.5, better: 'less', note },
      { name: 'the slowest of them', value: Math.max(...closed) / 1000, unit: 's', budget: null, better: 'less' },
    ]
  } finally {
    await cluster.close()
  }
}

/** Stored at one of six, requested at one that holds nothing. */
async function sharing(sizeBytes: number): Promise<Figure[]> {
  const cluster = new Cluster()
  try {
    const names = namesOf(SHARING)
    await converge(cluster, names)
    writeBigFile(join(cluster.folder('peer0'), 'big'), sizeBytes)
    await cluster.json(['store', 'big'], { on: 'peer0' })
    const wanted = 4
    await cluster.until(
      `${wanted} copies`,
      () => cluster.json<{ holders: number }[]>(['files', 'big'], { on: 'peer0' }),
      ([file]) => (file?.holders ?? 0) >= wanted,
      60_000,
    )
    const at = await emptyPeer(cluster, names)
    const got = await cluster.json<{ seconds: number; sources: { bytes: number }[] }>(['request', 'big'], { on: at })
    const shares = got.sources.map(({ bytes }) => (bytes / sizeBytes) * 100).sort((a, b) => b - a)
    const note = `${sizeBytes / MIB} MiB from ${shares.map((share) => `${share.toFixed(0)} %`).join(', ')}`
    return [
      {
        name: 'sources with more than 10 %',
        value: shares.filter((share) => share > 10).length,
        unit: 'peers',
        budget: 3,
        better: 'more',
        note,
      },
      {
        name: 'that request',
        value: sizeBytes / MIB / got.seconds,
        unit: 'MiB/s',
        budget: null,
        better: 'more',
      },
    ]
  } finally {
    await cluster.close()
  }
}

async function emptyPeer(cluster: Cluster, names: readonly string[]): Promise<string> {
  for (const name of names) {
    const [file] = await cluster.json<{ complete: boolean }[]>(['files', 'big'], { on: name })
    if (file?.complete === false) return name
  }
  throw new Error('every peer holds the file')
}

report('cluster', [
  ...(await manyPeers(option('--peers', 12), option('--kills', 3))),
  ...(await sharing(option('--size', 200) * MIB)),
])
