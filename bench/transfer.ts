/**
 * Files between real peers in processes of their own, encrypted, verified and on disk, relative to a bare TCP pump
 * measured in turn. In each round a new file is shared at one peer, then requested at the second (one source), at the
 * third (two) and at the fourth (three). Then what the peers cost at rest.
 * usage: npm run bench -- transfer [--size <MiB>] [--rounds <n>] [--json]
 */
import { join } from 'node:path'
import { Cluster } from '../test/e2e/cluster.js'
import { writeBigFile } from './support/big-file.js'
import { option } from './support/option.js'
import { anonymousMegabytes, cpuSeconds } from './support/process-figures.js'
import { type Figure, median, report } from './support/report.js'
import { pump } from './support/tcp-pump.js'

const MIB = 1024 * 1024
const PUMP_BYTES = 1024 * MIB
const SETTLE_MS = 3_000
const REST_MS = 10_000
const SAMPLE_MS = 100
/** The peers in the order in which they get the file. */
const NAMES = ['ann', 'bob', 'cyd', 'dan'] as const

interface Requested {
  readonly seconds: number
  readonly sources: readonly { readonly id: string; readonly bytes: number }[]
}

interface Round {
  readonly pumpRate: number
  /** MiB a second with one, two and three sources. */
  readonly rates: readonly number[]
  /** The least and the most that one of three sources gave. */
  readonly shares: readonly number[]
  readonly processorSeconds: readonly number[]
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

async function round(cluster: Cluster, number: number, sizeBytes: number): Promise<Round> {
  const name = `file-${number}`
  writeBigFile(join(cluster.folder('ann'), name), sizeBytes)
  const pumps = [await pump(PUMP_BYTES)]
  await cluster.json(['share', name], { on: 'ann' })
  const rates: number[] = []
  const processorSeconds: number[] = []
  let shares: readonly number[] = []
  for (const at of NAMES.slice(1)) {
    await cluster.until(
      `${at} to know all ${rates.length + 1} holders`,
      () => cluster.json<{ holders: number }[]>(['files', name], { on: at }),
      ([file]) => file?.holders === rates.length + 1,
    )
    const before = processorOf(cluster)
    const { seconds, sources } = await cluster.json<Requested>(['request', name], { on: at })
    processorSeconds.push((processorOf(cluster) - before) / (sizeBytes / MIB / 1024))
    rates.push(sizeBytes / MIB / seconds)
    pumps.push(await pump(PUMP_BYTES))
    shares = sources.map(({ bytes }) => bytes / sizeBytes)
  }
  // the first transfer lies between the first two
  const pumpRate = median(pumps.slice(0, 2))
  return { pumpRate, rates, shares, processorSeconds }
}

function processorOf(cluster: Cluster): number {
  return [...cluster.peers.values()].reduce((sum, peer) => sum + (cpuSeconds(peer.pid) ?? 0), 0)
}

function memoryOf(cluster: Cluster): number {
  return Math.max(...[...cluster.peers.values()].map((peer) => anonymousMegabytes(peer.pid) ?? 0))
}

function transferFigures(rounds: readonly Round[], sizeBytes: number): Figure[] {
  const middle = (of: (round: Round) => number): number => median(rounds.map(of))
  const rate = (sources: number) => (round: Round) => round.rates[sources - 1] ?? Number.NaN
  const note = `${sizeBytes / MIB} MiB, ${rounds.length} rounds`
  const info = { budget: null, better: 'more' } as const
  return [
    { name: 'bare TCP pump', value: middle((one) => one.pumpRate), unit: 'MiB/s', ...info, note: '64 KiB writes' },
    ...[1, 2, 3].map((sources): Figure => {
      const name = `transfer, ${sources} source${sources === 1 ? '' : 's'}`
      return { name, value: middle(rate(sources)), unit: 'MiB/s', ...info, note }
    }),
    {
      name: 'processor time, 1 source',
      value: middle((one) => one.processorSeconds[0] ?? 0),
      unit: 's/GiB',
      budget: null,
      better: 'less',
    },
    {
      name: 'one source to the pump',
      value: middle((one) => rate(1)(one) / one.pumpRate),
      unit: 'x',
      budget: 0.18,
      better: 'more',
    },
    {
      name: 'three sources to one',
      value: middle((one) => rate(3)(one) / rate(1)(one)),
      unit: 'x',
      budget: 0.85,
      better: 'more',
    },
    {
      name: 'smallest share of three sources',
      value: middle((one) => (one.shares.length < 3 ? 0 : Math.min(...one.shares)) * 100),
      unit: '%',
      budget: 10,
      better: 'more',
    },
  ]
}

/** What peers cost that nobody uses. */
async function atRest(cluster: Cluster): Promise<Figure[]> {
  await wait(SETTLE_MS)
  const bytes = async (): Promise<number> => {
    const peers = await cluster.json<{ sent: number; received: number; state: string }[]>(['peers'], { on: 'dan' })
    return peers.reduce((sum, peer) => sum + peer.sent + peer.received, 0)
  }
  const [bytesBefore, since] = [await bytes(), performance.now()]
  const before = processorOf(cluster)
  await wait(REST_MS)
  const share = ((processorOf(cluster) - before) / NAMES.length / ((performance.now() - since) / 1000)) * 100
  const perLink = ((await bytes()) - bytesBefore) / (NAMES.length - 1) / ((performance.now() - since) / 1000)
  return [
    { name: 'idle processor', value: share, unit: '% of a core', budget: 2, better: 'less', note: 'headless, mean' },
    { name: 'idle chatter on a link', value: perLink, unit: 'B/s', budget: null, better: 'less', note: 'both ways' },
    {
      name: 'private memory at rest',
      value: memoryOf(cluster),
      unit: 'MB',
      budget: 90,
      better: 'less',
      note: 'the largest',
    },
  ]
}

const sizeBytes = option('--size', 256) * MIB
const rounds = option('--rounds', 3)
const cluster = new Cluster()
try {
  await cluster.startAll(NAMES)
  await cluster.meshed(NAMES)
  const fresh = await atRest(cluster)
  let peakMegabytes = 0
  const sampling = setInterval(() => {
    peakMegabytes = Math.max(peakMegabytes, memoryOf(cluster))
  }, SAMPLE_MS)
  const measured: Round[] = []
  for (let number = 1; number <= rounds; number++) measured.push(await round(cluster, number, sizeBytes))
  clearInterval(sampling)
  report('transfer', [
    ...transferFigures(measured, sizeBytes),
    {
      name: 'private memory, peak',
      value: peakMegabytes,
      unit: 'MB',
      budget: null,
      better: 'less',
      note: 'moving files',
    },
    ...fresh,
  ])
} finally {
  await cluster.close()
}
