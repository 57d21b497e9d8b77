/**
 * Seeded plans for the ring alone: who comes, goes, dies, freezes and is cut off when, as plain data, so that a failing
 * plan can be printed and shrunk. Every plan has all kinds of faults in it, whatever its seed.
 */
import { Random } from '../sim/random.js'
import type { DatagramFaults } from './flings.js'

export interface RingStep {
  /** Virtual milliseconds. */
  readonly at: number
  readonly kind: RingStepKind
  /** Picks a peer among those that it can happen to. */
  readonly who: number
  readonly value: number
  /** How long it lasts, where it lasts. */
  readonly forMs: number
}

export interface RingPlan {
  readonly name: 'ring'
  readonly seed: number
  readonly peers: number
  /** More come only while there are fewer than this. */
  readonly mostPeers: number
  /** False: nobody but the ring itself ever dials anybody or tells of those that came back. */
  readonly gossip: boolean
  readonly loss: number
  readonly latencyMs: readonly [low: number, high: number]
  /** False: no datagram ever arrives. */
  readonly udp: boolean
  readonly datagrams: DatagramFaults
  /** All faults end here; then everything must come right. */
  readonly calmAt: number
  readonly steps: readonly RingStep[]
}

/** How often each happens; `join` and `leave` together are what is asked of every seed. */
const TIMES = {
  join: [27, 31],
  leave: [25, 29],
  kill: [3, 8],
  /** Power off: only silence tells. */
  vanish: [1, 3],
  restart: [2, 6],
  freeze: [1, 3],
  partition: [1, 3],
  /** A while in which more is lost than else. */
  loss: [1, 2],
  /** Messages crawl, then come all at once. */
  burst: [1, 3],
  /** Messages overtake each other. */
  reorder: [3, 4],
  /** A peer cannot be dialed for a while and stays out of the ring. */
  outside: [1, 2],
} as const

export type RingStepKind = keyof typeof TIMES

export const FEWEST_PEERS = 5
const ACTIVE_MS = 40_000
const SHORTEST_FAULT_MS = 500
const SHORT_FAULT_MS = 1_500
const LONGEST_FAULT_MS = 8_000
const JOIN_EVERY_MS = 300
/** A cut this long before the calm ends with it: no newcomer brings both sides together, nobody else but the ring does. */
const LAST_CUT_MS = [6_000, 9_000] as const
/** One seed in so many has a network that lets no datagram through. */
const WITHOUT_UDP = 5
const MOST_PEERS = [10, 16, 24, 40] as const

export function makeRingPlan(seed: number): RingPlan {
  const random = new Random(seed, 4242)
  const whole = ([low, high]: readonly [number, number]): number => low + random.int(high - low + 1)
  const mostPeers = random.pick(MOST_PEERS)
  const peers = whole([FEWEST_PEERS, Math.min(20, mostPeers)])
  const begin = peers * JOIN_EVERY_MS + 1_000
  const low = random.between(0.5, 10)
  const gossip = new Random(seed, 4244).chance(0.5)
  const calmAt = begin + ACTIVE_MS
  const steps = Object.entries(TIMES).flatMap(([kind, times]) =>
    Array.from({ length: whole(times) }, () => makeStep(random, kind as RingStepKind, begin)),
  )
  if (!gossip) steps.push(lastCut(new Random(seed, 4245), calmAt))
  return {
    name: 'ring',
    seed,
    peers,
    mostPeers,
    gossip,
    loss: random.pick([0, 0, 0.02, 0.1]),
    latencyMs: [low, low + random.between(0, 80)],
    udp: seed % WITHOUT_UDP !== 0,
    datagrams: datagramFaults(new Random(seed, 4243)),
    calmAt,
    steps: steps.toSorted((a, b) => a.at - b.at),
  }
}

function datagramFaults(random: Random): DatagramFaults {
  const share = (most: number): number => random.between(0, most)
  return { late: share(0.1), doubled: share(0.1), forged: share(0.2), damaged: share(0.1) }
}

function lastCut(random: Random, calmAt: number): RingStep {
  const forMs = Math.floor(random.between(...LAST_CUT_MS))
  return { at: calmAt - forMs, kind: 'partition', who: random.int(1 << 16), value: random.int(1 << 30), forMs }
}

function makeStep(random: Random, kind: RingStepKind, begin: number): RingStep {
  return {
    at: Math.floor(begin + random.next() * ACTIVE_MS),
    kind,
    who: random.int(1 << 16),
    value: random.int(1 << 30),
    forMs: Math.floor(random.between(SHORTEST_FAULT_MS, random.chance(0.5) ? SHORT_FAULT_MS : LONGEST_FAULT_MS)),
  }
}
