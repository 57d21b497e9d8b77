/** What was found on this disk, as a version of its own. */

import { MAX_TIME_MS } from '../../wire/messages/folder.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { DiskState, FolderPath } from '../folder-disk.js'
import { type Entry, type Found, type Known, madeOf } from './entry.js'
import { CLOCK_AHEAD_MS } from './entry-check.js'
import { advance, compareVectors, counterOf } from './vector.js'

/** `state` null: nothing stands there any more. */
export function foundAt(path: FolderPath, state: DiskState | null, content: Hash | null, wallTimeMs: number): Found {
  if (state?.kind === 'file') {
    const mtimeMs = fileTime(state.mtimeMs, wallTimeMs)
    return { path, kind: 'file', size: state.size, mtimeMs, executable: state.executable, content }
  }
  const kind = state === null ? 'deleted' : 'directory'
  return { path, kind, size: 0, mtimeMs: fileTime(wallTimeMs, wallTimeMs), executable: false, content: null }
}

/** An edit by us, now, of the version that whoever edits has seen; null: of none. `best` as it is known. */
export function ownEdit(
  found: Found,
  author: PeerId,
  seen: Entry | null,
  best: Entry | null,
  wallTimeMs: number,
): Entry {
  const counter = nextCounter(author, [best, seen], wallTimeMs)
  const vector = advance(seen?.vector ?? [], author, counter)
  const made = seen === null ? vector : advance(madeOf(seen), author, counter)
  return { ...found, author, made: compareVectors(made, vector) === 'equal' ? null : made, vector }
}

/** A version that replaces `best` although nobody edited it: whoever has its bytes keeps them as a copy. */
export function ownDecision(found: Found, author: PeerId, best: Entry, wallTimeMs: number): Entry {
  const counter = nextCounter(author, [best], wallTimeMs)
  const vector = advance(best.vector, author, counter)
  return { ...found, author, made: vector.length === 1 ? null : [{ peer: author, counter }], vector }
}

/** Above all that we ever gave to this path, as far as we know. */
function nextCounter(author: PeerId, versions: readonly (Entry | null)[], wallTimeMs: number): number {
  const used = versions.map((version) => counterOf(version?.vector ?? [], author))
  return Math.max(Math.floor(wallTimeMs / 1000), ...used.map((counter) => counter + 1))
}

/** The version that whoever edits here has seen: what stands here, or that it was deleted. */
export function seenHere(known: Known | undefined): Entry | null {
  if (known === undefined) return null
  if (known.here !== null) return known.here.version
  return known.best.kind === 'deleted' ? known.best : null
}

/** Whole ms; a time that peers would refuse becomes the present one. */
function fileTime(mtimeMs: number, wallTimeMs: number): number {
  const time = mtimeMs > wallTimeMs + CLOCK_AHEAD_MS ? wallTimeMs : mtimeMs
  return Math.min(MAX_TIME_MS, Math.max(0, Math.floor(time)))
}
