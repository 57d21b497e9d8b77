/** Seeded plans for a shared folder: what users do to it and what fate does to peers, as plain data that can be shrunk. */
import { Random } from './random.js'

/** How often each happens in every plan. */
const TIMES = {
  write: [14, 30],
  append: [2, 8],
  rename: [4, 8],
  delete: [4, 8],
  'move directory': [2, 4],
  'delete directory': [1, 2],
  'make directory': [1, 3],
  touch: [1, 4],
  chmod: [1, 3],
  /** The same bytes at the same path, by several users. */
  twin: [2, 5],
  /** Several users write other bytes to one path at once. */
  clash: [2, 4],
  crash: [2, 5],
  /** At the moment that something was written, before the index knows. */
  'crash at a write': [1, 3],
  /** A user saves at the very moment that something is written there. */
  'edit at a write': [1, 3],
  'lose the index': [0, 1],
  'lose the marker': [0, 1],
  partition: [2, 4],
  'cut links': [1, 3],
  skew: [1, 2],
  pause: [1, 2],
  'disk full': [0, 2],
} as const

export type FolderStepKind = keyof typeof TIMES
const FOLDER_STEP_KINDS = Object.keys(TIMES) as readonly FolderStepKind[]

export interface FolderStep {
  /** Virtual milliseconds. */
  readonly at: number
  readonly kind: FolderStepKind
  /** Picks a peer among those that it can happen to. */
  readonly who: number
  /** Seeds whatever else is left to chance in the step. */
  readonly value: number
  /** How long it lasts, where it lasts. */
  readonly forMs: number
}

export interface FolderPlan {
  readonly name: 'folder'
  readonly seed: number
  readonly peers: number
  readonly loss: number
  readonly latencyMs: readonly [low: number, high: number]
  readonly bytesPerMs: number
  readonly syncMs: number
  readonly missedEvents: number
  /** What stands in the folders before the peers first meet. */
  readonly begin: 'empty' | 'identical' | 'different'
  /** What users say when asked about many deletions. */
  readonly answer: 'delete' | 'restore'
  /** Faults end here; then everything must come right. */
  readonly calmAt: number
  readonly steps: readonly FolderStep[]
}

const ACTIVE_MS = 60_000
const FIRST_MS = 1_000
const SHORT_FAULT_MS = 1_500
const LONGEST_FAULT_MS = 12_000

export function makeFolderPlan(seed: number): FolderPlan {
  const random = new Random(seed, 8080)
  const low = random.between(0.5, 10)
  const steps = FOLDER_STEP_KINDS.flatMap((kind) => {
    const [least, most] = TIMES[kind]
    return Array.from({ length: least + random.int(most - least + 1) }, () => makeStep(random, kind))
  })
  return {
    name: 'folder',
    seed,
    peers: 2 + random.int(random.chance(0.7) ? 3 : 7),
    loss: random.pick([0, 0, 0.02, 0.1]),
    latencyMs: [low, low + random.between(0, 60)],
    bytesPerMs: random.pick([1_000, 20_000]),
    syncMs: random.pick([1, 4, 20]),
    missedEvents: random.pick([0, 0, 0.05]),
    begin: random.pick(['empty', 'identical', 'different']),
    answer: random.pick(['delete', 'delete', 'restore']),
    calmAt: FIRST_MS + ACTIVE_MS + LONGEST_FAULT_MS,
    steps: steps.toSorted((a, b) => a.at - b.at),
  }
}

function makeStep(random: Random, kind: FolderStepKind): FolderStep {
  return {
    at: Math.floor(FIRST_MS + random.next() * ACTIVE_MS),
    kind,
    who: random.int(1 << 16),
    value: random.int(1 << 30),
    forMs: Math.floor(random.between(50, random.chance(0.5) ? SHORT_FAULT_MS : LONGEST_FAULT_MS)),
  }
}
