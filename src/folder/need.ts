/**
 * What is to be done at one path so that the disk becomes as the best version says. Invariant: nothing is asked that cannot
 * be done yet: a directory goes when nothing stands below it, and stays while anything below it is alive; a path below a file
 * waits until that has made room.
 */
import type { FolderPath } from '../folder-disk.js'
import type { Need } from './contract.js'
import type { Known } from './entry.js'

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

function kindOf({ best, here, untold }: Known, around: Surroundings): Need['kind'] | null {
  if (untold) return null
  const { path } = best
  if (best.kind === 'deleted') {
    // whatever is alive below it keeps it: made by us, so that we know of it when that is gone
    if (here === null) return around.hasLiveBelow(path) && !around.isUnderFile(path) ? 'directory' : null
    return around.hasLiveBelow(path) || around.hasHereBelow(path) ? null : 'remove'
  }
  if (here !== null && here.version.kind === best.kind && here.version.content === best.content) {
    // the version, not the state: a disk without x bits never shows that it was set
    return here.version.executable === best.executable ? null : 'mode'
  }
  if (around.isUnderFile(path)) return null
  if (best.kind === 'directory') return 'directory'
  return around.hasLiveBelow(path) || around.hasHereBelow(path) ? null : 'write'
}
