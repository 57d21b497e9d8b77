/**
 * How many lines each area has to show, for the layout. Invariant: a need grows in few big steps and shrinks only when less
 * than half of it is left, so a list that gains and loses a line now and then never moves its neighbours.
 */
import type { FolderView, Snapshot } from '../src/api.js'
import type { Area } from './layout.js'

export type Needs = Readonly<Record<Exclude<Area, 'overlay'>, number>>

const STEPS = [4, 8, 12, 18, 26, 38, 56, 80]
const FRAME_LINES = 2
/** Vertical bars need this many; fewer choices than that are readable as lines anyway. */
const TALLY_LINES = 9

export const NO_NEEDS: Needs = {
  peers: 0,
  chain: 0,
  ring: 0,
  files: 0,
  rates: 0,
  mining: 0,
  tally: 0,
  log: 0,
}

/** The needs of this picture, close to the ones before. */
export function needsOf(snapshot: Snapshot | null, before: Needs = NO_NEEDS): Needs {
  if (snapshot === null) return NO_NEEDS
  const { peers, chain, mining, ring, transfers, files, folder, chunkMaps, tallies, lookup } = snapshot
  const moving = transfers.filter(({ state }) => state !== 'done').length
  const tallyLines = tallies.reduce((lines, { choices }) => lines + 1 + Object.keys(choices).length, 0)
  const settle = (area: keyof Needs, lines: number) => settled(before[area], lines)
  return {
    // a dedicated anchor has a line for its tasks
    peers: settle('peers', peers.length + peers.filter(({ tasks }) => tasks.length > 0).length + 1),
    chain: settle('chain', chain.blocks.length + mining.forks.length + 1),
    // a picture beside the list wants to be about as high as this
    ring: Math.max(
      12,
      settle('ring', ring.predecessors.length + ring.successors.length + 2 + (lookup === null ? 0 : 1)),
    ),
    files: settle('files', folderLines(folder) + moving * 2 + files.length + (chunkMaps.length > 0 ? TALLY_LINES : 0)),
    rates: 11,
    // hashing shows before there is a block
    mining: chain.blocks.length === 0 && !mining.active ? 0 : 14,
    tally: tallyLines === 0 ? 0 : settle('tally', Math.max(TALLY_LINES, tallyLines)),
    log: 8,
  }
}

/** Its own, and a standing one for what waits for the user. */
function folderLines({ state, conflicts, heldDeletions }: FolderView): number {
  return (state === 'off' ? 0 : 1) + (conflicts.length > 0 ? 1 : 0) + (heldDeletions > 0 ? 1 : 0)
}

function settled(before: number, lines: number): number {
  if (lines + FRAME_LINES <= before && lines * 2 > before - FRAME_LINES) return before
  return (STEPS.find((step) => step >= lines) ?? STEPS.at(-1) ?? 0) + FRAME_LINES
}
