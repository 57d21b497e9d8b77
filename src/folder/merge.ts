/**
 * Which of two versions of a path is best: the one that has seen the other. Of concurrent ones a total order decides, and the
 * joined vector says that both are dealt with. Invariants: the order of merging two does not matter; whoever merges again
 * what it merged before gets the same; a file that nobody replaced knowingly is best or becomes a conflict copy.
 *
 * A version's own place in history is its author's counter in its vector (a dot, see Preguiça et al., Dotted Version Vectors,
 * 2010). It tells a version that lost or was replaced before the two met from one that the other side never saw: without it
 * each edit of somebody who has not heard of a conflict yet would make one more copy.
 */
import type { Entry } from './entry.js'
import { isSame } from './entry.js'
import { compareVectors, counterOf, joinVectors } from './vector.js'

export interface Merged {
  readonly best: Entry
  /** A file that lost against a version that had not seen it, nor it that one: it becomes a conflict copy. */
  readonly loser: Entry | null
}

export function mergeEntries(a: Entry, b: Entry): Merged {
  const order = compareVectors(a.vector, b.vector)
  if (order === 'newer') return { best: a, loser: null }
  if (order === 'older') return { best: b, loser: null }
  const [winner, loser] = wins(a, b) ? [a, b] : [b, a]
  const best = order === 'equal' ? winner : { ...winner, vector: joinVectors(a.vector, b.vector) }
  return { best, loser: loser.kind === 'file' && isConflict(a, b) ? loser : null }
}

/** Alive before deleted, directory before file, then the newest; the rest only makes the order total. */
export function compareRanks(a: Entry, b: Entry): number {
  return (
    Number(a.kind !== 'deleted') - Number(b.kind !== 'deleted') ||
    Number(a.kind === 'directory') - Number(b.kind === 'directory') ||
    a.mtimeMs - b.mtimeMs ||
    compareTexts(a.content ?? '', b.content ?? '') ||
    compareTexts(a.author, b.author) ||
    a.size - b.size ||
    Number(a.executable) - Number(b.executable)
  )
}

/** Whether nothing at all tells them apart. */
export function isIdentical(a: Entry, b: Entry): boolean {
  return (
    a.path === b.path &&
    isSame(a, b) &&
    a.mtimeMs === b.mtimeMs &&
    a.author === b.author &&
    compareVectors(a.vector, b.vector) === 'equal'
  )
}

function wins(a: Entry, b: Entry): boolean {
  const aSeen = hasSeen(b, a)
  const bSeen = hasSeen(a, b)
  if (aSeen !== bSeen) return bSeen
  // its author has gone on since
  const aStale = counterOf(b.vector, a.author) > counterOf(a.vector, a.author)
  const bStale = counterOf(a.vector, b.author) > counterOf(b.vector, b.author)
  return aStale === bStale ? compareRanks(a, b) >= 0 : bStale
}

/** Of two that are concurrent or equal. */
function isConflict(a: Entry, b: Entry): boolean {
  if (isSame(a, b)) return false
  if (!hasSeen(a, b) && !hasSeen(b, a)) return true
  // one dot of two versions: an author that lost its index and whose clock went back
  return a.author === b.author && counterOf(a.vector, a.author) === counterOf(b.vector, b.author)
}

/** Whether version `other` was dealt with when `entry` became what it is. */
function hasSeen(entry: Entry, other: Entry): boolean {
  const counter = counterOf(other.vector, other.author)
  return counter > 0 && counterOf(entry.vector, other.author) >= counter
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
