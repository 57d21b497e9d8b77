/** Many lookups in one computed ring, shared out among worker threads; as a worker it does one share. */
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { mulberry } from '../../test/ring/mulberry.js'
import { type Rules, randomPlace, type SharedRing, StaticRing } from './ring-static.js'

interface Share {
  readonly ring: SharedRing
  readonly rules: Rules
  readonly lookups: number
  readonly seed: number
}

/** How many lookups asked so many peers. */
export type Histogram = readonly number[]

const MOST_ASKED = 128
const MOST_THREADS = 4

/** Random keys from random peers. */
export async function lookUp(ring: SharedRing, rules: Rules, lookups: number, seed: number): Promise<Histogram> {
  const threads = Math.min(MOST_THREADS, availableParallelism())
  const shares = Array.from({ length: threads }, (_, place) => ({
    ring,
    rules,
    lookups: Math.floor((lookups * (place + 1)) / threads) - Math.floor((lookups * place) / threads),
    seed: seed + place,
  }))
  const histograms = await Promise.all(shares.map(elsewhere))
  return Array.from({ length: MOST_ASKED }, (_, asked) => histograms.reduce((sum, one) => sum + (one[asked] ?? 0), 0))
}

export function mean(histogram: Histogram): number {
  const lookups = histogram.reduce((sum, count) => sum + count, 0)
  return histogram.reduce((sum, count, asked) => sum + count * asked, 0) / lookups
}

/** The number that a share of all lookups does not exceed. */
export function quantile(histogram: Histogram, share: number): number {
  const lookups = histogram.reduce((sum, count) => sum + count, 0)
  let sum = 0
  return histogram.findIndex((count) => (sum += count) >= lookups * share)
}

function elsewhere(share: Share): Promise<Histogram> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.once('message', resolve)
    worker.once('error', reject)
  })
}

function work({ ring, rules, lookups, seed }: Share): Histogram {
  const random = mulberry(seed)
  const peers = ring.places.length
  const table = new StaticRing(ring)
  const histogram = new Array<number>(MOST_ASKED).fill(0)
  for (let lookup = 0; lookup < lookups; lookup++) {
    const asked = table.lookup(rules, Math.floor(random() * peers), randomPlace(random))
    histogram[asked] = (histogram[asked] ?? 0) + 1
  }
  return histogram
}

if (!isMainThread && parentPort !== null) parentPort.postMessage(work(workerData as Share))
