/**
 * Real headless peers around a real dedicated anchor: how long after the last one is ready until each sees all others,
 * and, when one more comes, how long until it sees them all and until they all see it. Asked over their control sockets,
 * so a question costs no process; the answers of busy peers still take their time, so the figures are upper bounds. What
 * is counted is what `status` shows: peers that were met, not all that are members already.
 */
import { freemem } from 'node:os'
import type { RunningEntry } from '../../../src/host/running.js'
import type { Cluster } from '../../../test/e2e/cluster.js'
import { asked, runningIn, untilAnswer } from './anchor-status.js'
import type { Started } from './started.js'

/** Node processes that start at the same time: more only wait for the processors. */
const AT_ONCE = 4
const MEGABYTES_EACH = 75
const SEEN_MS = 120_000
/** All are asked; more often would keep them from what they are asked about. */
const LOOK_MS = 250
/** One alone is asked. */
const SOON_MS = 20
const REST_MS = 5_000

export interface Fifty {
  readonly peers: number
  readonly startedS: number
  /** From the last `ready` until each sees all. */
  readonly convergedS: number
  /** From the `ready` of one more, which alone is asked. */
  readonly newcomerKnowsMs: number
  /** From the `ready` of the next one, while all others are asked. */
  readonly allKnowNewcomerMs: number
}

export async function fifty({ cluster }: Started, peers: number): Promise<Fifty> {
  const neededMb = peers * MEGABYTES_EACH
  if (freemem() / 1e6 < neededMb) throw new Error(`${peers} peers need about ${neededMb} MB of free memory`)
  const names = Array.from({ length: peers }, (_, place) => `peer${place}`)
  const since = performance.now()
  for (let at = 0; at < peers; at += AT_ONCE) await cluster.startAll(names.slice(at, at + AT_ONCE))
  const ready = performance.now()
  const entries = runningIn(cluster).filter(({ isAnchor }) => !isAnchor)
  // the anchor is one of those whom each sees
  const converged = await allSee(entries, peers)
  await rest()
  const first = await latecomer(cluster, 'late')
  const knows = await sees(first.entry, peers + 1, SOON_MS)
  await allSee(entries, peers + 1)
  await rest()
  const second = await latecomer(cluster, 'later')
  const known = await allSee(entries, peers + 2)
  return {
    peers,
    startedS: (ready - since) / 1000,
    convergedS: (converged - ready) / 1000,
    newcomerKnowsMs: knows - first.readyAt,
    allKnowNewcomerMs: known - second.readyAt,
  }
}

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, REST_MS))

async function latecomer(cluster: Cluster, name: string): Promise<{ entry: RunningEntry; readyAt: number }> {
  await cluster.start(name).ready
  const readyAt = performance.now()
  const entry = runningIn(cluster).find((one) => one.name === name)
  if (entry === undefined) throw new Error(`${name} is not in the runtime directory`)
  return { entry, readyAt }
}

/** When the last one did. */
async function allSee(entries: readonly RunningEntry[], others: number): Promise<number> {
  return Math.max(...(await Promise.all(entries.map((entry) => sees(entry, others)))))
}

function sees(entry: RunningEntry, others: number, everyMs = LOOK_MS): Promise<number> {
  const status = () => asked<{ readonly peers: number }>(entry, ['status'])
  return untilAnswer(`${entry.name} to see ${others}`, status, ({ peers }) => peers === others, SEEN_MS, everyMs)
}
