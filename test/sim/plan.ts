/**
 * Seeded plans: what users and fate do to a world, as plain data, so that a failing plan can be printed and shrunk.
 * Kills are aimed at the moments where they hurt (right after a promise), for uniform ones find next to nothing.
 */
import { type DatagramFaults, NO_FAULTS } from './datagrams.js'
import { Random } from './random.js'

export const STEP_KINDS = [
  'join',
  'come-or-go',
  'vote',
  'store',
  'request',
  'kill',
  'blackout',
  'restart',
  'quit',
  'destroy',
  'freeze',
  'partition',
  'one-way',
  'skew',
  'slow-disk',
  'bad-chunks',
  'poll',
] as const
export type StepKind = (typeof STEP_KINDS)[number]

export interface Step {
  /** Virtual milliseconds. */
  readonly at: number
  readonly kind: StepKind
  /** Picks a peer among those that it can happen to. */
  readonly who: number
  /** Whatever else the step needs: a size, a side, a voter. */
  readonly value: number
  /** How long it lasts, where it lasts. */
  readonly forMs: number
  /** What happens to the peer when its user is told that it is done. */
  readonly onDone: 'nothing' | 'kill' | 'blackout'
}

export interface Plan {
  readonly name: string
  readonly seed: number
  readonly peers: number
  readonly loss: number
  readonly latencyMs: readonly [low: number, high: number]
  readonly syncMs: number
  /** Faults end here; then everything must come right. */
  readonly calmAt: number
  /** Whether a leaver may have been cut off, so that it could hand nothing over: such leavers come back in the end. */
  readonly excused: boolean
  /** Peers see only those before and after them, until it is calm: whatever reaches all was passed on. */
  readonly line: boolean
  /** Nothing is lost on the way. */
  readonly sound: boolean
  readonly datagrams: DatagramFaults
  readonly steps: readonly Step[]
}

type Weights = Partial<Record<StepKind, number>>

interface Shape {
  readonly peers: readonly [low: number, high: number]
  readonly steps: readonly [low: number, high: number]
  readonly weights: Weights
  /** In every plan besides, so often. */
  readonly always?: Weights
  /** Share of votes and stores after which their peer, or everybody, dies. */
  readonly deadly: number
  readonly line?: boolean
  /** Nothing is lost on the way, so nobody may be taken for dead who is not. */
  readonly sound?: boolean
}

const STORM: Weights = {
  join: 2,
  vote: 6,
  store: 3,
  request: 3,
  kill: 3,
  blackout: 0.5,
  restart: 3,
  quit: 1,
  freeze: 1.5,
  partition: 2,
  'one-way': 1,
  skew: 0.5,
  'slow-disk': 0.5,
  'bad-chunks': 0.5,
}

/** What `npm run sim -- <name>` can play. */
export const SHAPES = {
  /** Everything at once. */
  storm: { peers: [2, 6], steps: [12, 28], weights: STORM, deadly: 0.4 },
  /** Peers come and go politely or not; the network itself is sound, so nothing may be lost. */
  churn: {
    peers: [3, 7],
    steps: [10, 24],
    weights: { join: 4, quit: 4, kill: 2, destroy: 0.5, restart: 2, vote: 2, store: 3, request: 2 },
    deadly: 0.2,
    sound: true,
  },
  /** Keys move all the time: members come and go without a pause, and some die, freeze or are cut off. */
  ring: {
    peers: [5, 8],
    steps: [0, 8],
    weights: { store: 2, request: 3, kill: 1, restart: 1, 'one-way': 1, freeze: 1, 'slow-disk': 0.5 },
    always: { 'come-or-go': 56, store: 6, request: 6, kill: 2, destroy: 1, freeze: 1, partition: 1 },
    deadly: 0.2,
  },
  /** Votes while the light goes out. */
  power: {
    peers: [1, 3],
    steps: [6, 14],
    weights: { vote: 6, store: 2, kill: 1, blackout: 1, restart: 3, 'slow-disk': 1 },
    deadly: 0.7,
  },
  /** Peers in a line: news must be passed on. */
  line: { peers: [3, 5], steps: [3, 8], weights: { vote: 1 }, deadly: 0, line: true },
  /** Polls that end while peers die, part and disagree on the time. */
  polls: {
    peers: [2, 5],
    steps: [10, 24],
    weights: { poll: 10, kill: 2, blackout: 0.5, restart: 3, partition: 2, skew: 1.5, quit: 0.5 },
    deadly: 0,
  },
} as const satisfies Record<string, Shape>

export type PlanName = keyof typeof SHAPES

const JOIN_EVERY_MS = 700
const ACTIVE_MS = 45_000
const LONGEST_FAULT_MS = 9_000

export function makePlan(name: PlanName, seed: number): Plan {
  const shape: Shape = SHAPES[name]
  const random = new Random(seed, 77)
  const whole = ([low, high]: readonly [number, number]): number => low + random.int(high - low + 1)
  const peers = whole(shape.peers)
  const begin = peers * JOIN_EVERY_MS + 2000
  const low = random.between(0.5, 10)
  const always = STEP_KINDS.flatMap((kind) => Array.from({ length: shape.always?.[kind] ?? 0 }, () => kind))
  const steps = [
    ...Array.from({ length: whole(shape.steps) }, () => makeStep(random, shape, begin)),
    ...always.map((kind) => makeStep(random, shape, begin, kind)),
  ]
  const harsh = steps.some(({ kind }) => kind === 'partition' || kind === 'one-way' || kind === 'freeze')
  return {
    name,
    seed,
    peers,
    loss: shape.sound || random.chance(0.5) ? 0 : random.between(0, 0.1),
    latencyMs: [low, low + random.between(0, 60)],
    syncMs: random.pick([1, 4, 4, 20]),
    calmAt: begin + ACTIVE_MS + LONGEST_FAULT_MS,
    excused: harsh || name === 'storm' || name === 'ring',
    line: shape.line ?? false,
    sound: shape.sound ?? false,
    datagrams: datagramFaults(new Random(seed, 78), shape.sound ?? false),
    steps: steps.toSorted((a, b) => a.at - b.at),
  }
}

/** Some networks are good to datagrams, some let none through, most do all that UDP may do and a thief besides. */
function datagramFaults(random: Random, sound: boolean): DatagramFaults {
  const kind = random.next()
  if (kind < 0.2) return NO_FAULTS
  if (kind < 0.35) return { ...NO_FAULTS, loss: 1 }
  const upTo = (most: number): number => random.between(0, most)
  const faults = { loss: upTo(0.1), bursts: upTo(0.05), late: upTo(0.1), doubled: upTo(0.1), forged: upTo(0.2) }
  return sound ? { ...faults, loss: 0, bursts: 0 } : faults
}

function makeStep(random: Random, shape: Shape, begin: number, kind = weighted(random, shape.weights)): Step {
  const deadly = (kind === 'vote' || kind === 'store') && random.chance(shape.deadly)
  return {
    at: Math.floor(begin + random.next() * ACTIVE_MS),
    kind,
    who: random.int(1 << 16),
    value: random.int(1 << 30),
    forMs: Math.floor(random.between(50, random.chance(0.5) ? 1500 : LONGEST_FAULT_MS)),
    onDone: deadly ? random.pick(['kill', 'blackout']) : 'nothing',
  }
}

function weighted(random: Random, weights: Weights): StepKind {
  const kinds = STEP_KINDS.filter((kind) => weights[kind] !== undefined)
  const total = kinds.reduce((sum, kind) => sum + (weights[kind] ?? 0), 0)
  let left = random.next() * total
  for (const kind of kinds) {
    left -= weights[kind] ?? 0
    if (left < 0) return kind
  }
  return 'vote'
}
