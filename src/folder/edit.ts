/** What was found on this disk, as a version of its own. */

import { MAX_TIME_MS } from '../../wire/messages/folder.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { DiskState, FolderPath } from '../folder-disk.js'
import type { Entry, Known, Vector } from './entry.js'
import { CLOCK_AHEAD_MS } from './entry-check.js'
import { advance, counterOf } from './vector.js'

/** What stands at a path, still without a version. */
export type Found = Omit<Entry, 'vector' | 'author'>

/** `state` null: nothing stands there any more. */
export function foundAt(path: FolderPath, state: DiskState | null, content: Hash | null, wallTimeMs: number): Found {
  if (state?.kind === 'file') {
    const mtimeMs = fileTime(state.mtimeMs, wallTimeMs)
    return { path, kind: 'file', size: state.size, mtimeMs, executable: state.executable, content }
  }
  const kind = state === null ? 'deleted' : 'directory'
  return { path, kind, size: 0, mtimeMs: fileTime(wallTimeMs, wallTimeMs), executable: false, content: null }
}

/** An edit of what stood here, by us, now. */
export function ownEdit(found: Found, author: PeerId, known: Known | undefined, wallTimeMs: number): Entry {
  const best = known?.best.vector ?? []
  const counter = Math.max(
    counterOf(best, author) + 1,
    counterOf(known?.here?.vector ?? [], author) + 1,
    Math.floor(wallTimeMs / 1000),
  )
  return { ...found, author, vector: advance(seenHere(known), author, counter) }
}

/** The version that whoever edits here has seen: what stands here, or that it was deleted. */
function seenHere(known: Known | undefined): Vector {
  if (known === undefined) return []
  if (known.here !== null) return known.here.vector
  return known.best.kind === 'deleted' ? known.best.vector : []
}

/** Whole ms; a time that peers would refuse becomes the present one. */
function fileTime(mtimeMs: number, wallTimeMs: number): number {
  const time = mtimeMs > wallTimeMs + CLOCK_AHEAD_MS ? wallTimeMs : mtimeMs
  return Math.min(MAX_TIME_MS, Math.max(0, Math.floor(time)))
}
