/**
 * What `npm run sim -- <name>` plays for one seed. Most names are one plan over whole peers; `ring` is two: the ring
 * alone under faults that links never show, then whole peers whose keys move. `folder` is the shared folder alone.
 */

import { NO_DATAGRAM_FAULTS } from '../ring/flings.js'
import { makeRingPlan, type RingPlan } from '../ring/fuzz-plan.js'
import { playRing, EXPECTED as RING_EXPECTED, requiredOf } from '../ring/fuzz-play.js'
import { type FolderPlan, makeFolderPlan } from './folder-plan.js'
import { EXPECTED as EXPECTED_OF_FOLDER, playFolder, REQUIRED as REQUIRED_OF_FOLDER } from './folder-play.js'
import { makePlan, type PlanName, SHAPES } from './plan.js'
import { play } from './scenario.js'
import type { Trace } from './schedule.js'
import { shrink, shrinkPlan } from './shrink.js'

export interface Part {
  readonly label: string
  play(seed: number, trace?: Trace): { readonly events: number; readonly counts: Readonly<Record<string, number>> }
  /** The shortest plan found that fails as that of the seed does. */
  shrink(seed: number): unknown
  /** What has to happen in this seed, and how often. */
  required(seed: number): Readonly<Record<string, number>>
  /** What has to happen in a run of many seeds. */
  readonly expected: readonly string[]
}

export type FamilyName = PlanName | 'folder'
export const FAMILIES: readonly string[] = [...Object.keys(SHAPES), 'folder']

const RING_BUDGET = 200
const FOLDER_BUDGET = 300
const KEYS_REQUIRED = { peers: 5, 'joins or leaves': 50, kills: 1, freezes: 1, partitions: 1, lookups: 1 }
const KEYS_EXPECTED = [
  ...['joins', 'quits', 'restarts', 'holders lost', 'stores acknowledged', 'fetched'],
  ...['datagrams lost', 'datagrams doubled', 'datagrams held back'],
  ...['datagrams forged', 'datagrams replayed', 'datagrams unknown'],
]

export function partsOf(name: FamilyName): readonly Part[] {
  if (name === 'folder') return [folders]
  return name === 'ring' ? [ringAlone, wholePeers(name, KEYS_REQUIRED, KEYS_EXPECTED)] : [wholePeers(name, {}, [])]
}

/** What a seed lacks of what it had to bring, null where nothing. */
export function missing(part: Part, seed: number, counts: Readonly<Record<string, number>>): string | null {
  const lacking = Object.entries(part.required(seed)).filter(([what, least]) => (counts[what] ?? 0) < least)
  return lacking.length === 0 ? null : lacking.map(([what, least]) => `${what} < ${least}`).join(', ')
}

function wholePeers(name: PlanName, required: ReturnType<Part['required']>, expected: readonly string[]): Part {
  return {
    label: name === 'ring' ? 'whole peers' : name,
    play: (seed, trace) => play(makePlan(name, seed), trace === undefined ? {} : { trace }),
    shrink: (seed) => shrink(makePlan(name, seed)),
    required: () => required,
    expected,
  }
}

const ringAlone: Part = {
  label: 'ring alone',
  play: (seed, trace) => playRing(makeRingPlan(seed), trace),
  shrink: (seed) => shrinkPlan(makeRingPlan(seed), failureBy(playRing), softerRing, RING_BUDGET),
  required: (seed) => requiredOf(makeRingPlan(seed)),
  expected: RING_EXPECTED,
}

const folders: Part = {
  label: 'folder',
  play: (seed, trace) => playFolder(makeFolderPlan(seed), trace === undefined ? {} : { trace }),
  shrink: (seed) => shrinkPlan(makeFolderPlan(seed), failureBy(playFolder), softerFolder, FOLDER_BUDGET),
  required: () => REQUIRED_OF_FOLDER,
  expected: EXPECTED_OF_FOLDER,
}

function* softerFolder(current: () => FolderPlan): Iterable<FolderPlan> {
  yield { ...current(), loss: 0 }
  yield { ...current(), missedEvents: 0 }
  yield { ...current(), latencyMs: [1, 1] }
  yield { ...current(), bytesPerMs: 20_000 }
  yield { ...current(), syncMs: 1 }
  yield { ...current(), begin: 'empty' }
  for (let peers = 2; peers < current().peers; peers++) yield { ...current(), peers }
}

/** What went wrong in a play, or null. */
const failureBy =
  <P>(play: (plan: P) => unknown) =>
  (plan: P): string | null => {
    try {
      play(plan)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

function* softerRing(current: () => RingPlan): Iterable<RingPlan> {
  yield { ...current(), loss: 0 }
  yield { ...current(), udp: false }
  yield { ...current(), datagrams: NO_DATAGRAM_FAULTS }
  yield { ...current(), latencyMs: [1, 1] }
  yield { ...current(), gossip: true }
}
