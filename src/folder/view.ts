/** The folder as users see it, put together from its parts. */
import type { PeerId } from '../../wire/types.js'
import type { FolderDisk, Problem } from '../folder-disk.js'
import type { FolderConflict, FolderMode, FolderProblem, FolderState, FolderView } from '../folder-views.js'
import type { Changes } from './changes.js'
import type { Index } from './contract.js'
import type { Guard } from './guard.js'
import type { Opening } from './opening.js'
import type { Work } from './work.js'

const MAX_PROBLEMS = 100
const MAX_CONFLICTS = 1000

export interface ViewParts {
  readonly disk: FolderDisk
  readonly mode: FolderMode
  readonly index: Index
  readonly opening: Opening
  readonly guard: Guard
  readonly work: Work
  readonly changes: Changes
  /** What the disk does not share. */
  readonly problems: readonly Problem[]
  readonly nameOf: (peer: PeerId) => string
}

export function folderView(parts: ViewParts): FolderView {
  const { disk, mode, index, work, changes, guard, nameOf } = parts
  const { files, directories, bytes, needItems, needBytes } = index.totals()
  const { state, reason } = stateOf(parts, needItems)
  return {
    path: disk.root,
    mode,
    state,
    reason,
    files,
    directories,
    bytes,
    inSync: state === 'in sync',
    need: needOf(work, needItems, needBytes),
    heldDeletions: guard.asked,
    conflicts: conflictsOf(index, nameOf),
    problems: problemsOf(parts),
    changes: changes.views(nameOf),
  }
}

function needOf(work: Work, items: number, leftBytes: number): FolderView['need'] {
  if (items <= work.skipped) return { items, bytes: leftBytes, done: 0 }
  const bytes = leftBytes + work.writtenBytes
  return { items, bytes, done: Math.min(work.doneBytes, bytes) }
}

function stateOf(
  { opening, guard, work }: ViewParts,
  needItems: number,
): { readonly state: FolderState; readonly reason: string } {
  if (opening.state === 'shut') return { state: 'paused', reason: '`folder resume` goes on' }
  if (opening.state === 'lost') return { state: 'paused', reason: opening.reason }
  // an attempt to get it back is no reason to look well for a moment
  if (opening.state === 'opening' && opening.reason !== '') return { state: 'paused', reason: opening.reason }
  if (guard.asked > 0) return { state: 'paused', reason: deletedHere(guard.asked) }
  if (opening.state !== 'open') return { state: 'scanning', reason: '' }
  if (work.full !== null) return { state: 'paused', reason: `${work.full}: tried again every 10 s` }
  return { state: needItems > work.skipped + work.lost ? 'syncing' : 'in sync', reason: '' }
}

/** The question of a mass delete, without its answers: see `heldDeletions`. */
export const deletedHere = (count: number): string => `${count} files and directories were deleted here at once`

function conflictsOf(index: Index, nameOf: (peer: PeerId) => string): readonly FolderConflict[] {
  const conflicts: FolderConflict[] = []
  for (const { path, copy } of index.conflicts()) {
    if (conflicts.length >= MAX_CONFLICTS) break
    const entry = index.get(copy)?.best
    const place = index.get(path)?.best
    if (entry === undefined || place === undefined) continue
    conflicts.push({ path, copy, placeBy: nameOf(place.author), by: nameOf(entry.author), time: entry.mtimeMs })
  }
  return conflicts
}

function problemsOf({ work, problems }: ViewParts): readonly FolderProblem[] {
  const shown: FolderProblem[] = []
  for (const source of [work.problems(), problems]) {
    for (const { path, reason } of source) {
      if (shown.length >= MAX_PROBLEMS) return shown
      shown.push({ path, reason })
    }
  }
  return shown
}
