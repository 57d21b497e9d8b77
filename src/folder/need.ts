/**
 * What is to be done at one path so that the disk becomes as the best version says. Invariant: nothing is asked that cannot
 * be done yet: a directory goes when nothing stands below it, and stays while anything below it is alive; a path below a file
 * waits until that has made room.
 */
import type { FolderPath } from '../folder-disk.js'
import type { Need } from './contract.js'
import type { Entry, Here, Known } from './entry.js'
import { compareVectors } from './vector.js'

export interface Surroundings {
  /** Something below it is alive in its best version, or is left alone here. */
  hasLiveBelow(path: FolderPath): boolean
  /** Something below it stands on this disk. */
  hasHereBelow(path: FolderPath): boolean
  /** A file stands where a directory above it should be. */
  isUnderFile(path: FolderPath): boolean
}

export function needOf(known: Known, around: Surroundings): Need | null {
  const kind = kindOf(known, around)
  return kind === null ? null : { path: known.best.path, best: known.best, here: known.here?.state ?? null, kind }
}

/** Whether kind and bytes of what stands here are those of the best version. */
export function isContentOf(best: Entry, here: Here): boolean {
  return here.state.kind === best.kind && here.content === best.content
}

function kindOf({ best, here, untold }: Known, around: Surroundings): Need['kind'] | null {
  if (untold) return null
  const { path } = best
  if (best.kind === 'deleted') {
    if (here === null) return null
    return around.hasLiveBelow(path) || around.hasHereBelow(path) ? null : 'remove'
  }
  if (here !== null && isContentOf(best, here)) {
    // a disk without x bits never shows it: this version was applied, and that is all that can be done
    const isApplied = compareVectors(here.vector, best.vector) === 'equal'
    return here.state.executable === best.executable || isApplied ? null : 'mode'
  }
  if (around.isUnderFile(path)) return null
  if (best.kind === 'directory') return 'directory'
  return around.hasLiveBelow(path) || around.hasHereBelow(path) ? null : 'write'
}
