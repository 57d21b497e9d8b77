/**
 * Which of two versions of a path is best: the one that has dealt with the other. Of concurrent ones the one that was made in
 * knowledge of the other, else a total order decides, and the joined vector says that both are dealt with. Invariants: the
 * order of merging two does not matter; whoever merges again what it merged before gets the same; and whatever is merged, it
 * ends: a merge that changes the vector makes it larger, and of equal vectors the total order alone decides.
 *
 * What a version was made from (`made`) is kept apart from what it stands for by now (`vector`): only so does whoever has the
 * bytes of a version that lost know that nobody replaced it knowingly. That peer makes the conflict copy.
 */
import { MAX_VECTOR } from '../../wire/messages/folder.js'
import { type Entry, isSame, madeOf, type Vector } from './entry.js'
import { compareVectors, counterOf, joinVectors } from './vector.js'

export function mergeEntries(a: Entry, b: Entry): Entry {
  const order = compareVectors(a.vector, b.vector)
  if (order === 'newer') return a
  if (order === 'older') return b
  const vector = joinVectors(a.vector, b.vector)
  if (isSame(a, b)) {
    const winner = compareRanks(a, b) >= 0 ? a : b
    return withVectors(winner, joinVectors(madeOf(a), madeOf(b)), vector)
  }
  const knowledge = order === 'equal' ? 'equal' : compareVectors(madeOf(a), madeOf(b))
  const isFirst = knowledge === 'newer' || (knowledge !== 'older' && compareRanks(a, b) >= 0)
  const winner = isFirst ? a : b
  return withVectors(winner, madeOf(winner), vector)
}

/** Whether a version that stood as `was` lost against `best` and nobody replaced it knowingly: then it becomes a conflict copy. */
export function isLoser(was: Entry, best: Entry): boolean {
  if (was.kind !== 'file' || was.content === best.content) return false
  return compareVectors(madeOf(was), madeOf(best)) !== 'older'
}

/** Alive before deleted, directory before file, then the newest; the rest only makes the order total. */
function compareRanks(a: Entry, b: Entry): number {
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
    a === b ||
    (a.path === b.path &&
      isSame(a, b) &&
      a.mtimeMs === b.mtimeMs &&
      a.author === b.author &&
      compareVectors(a.vector, b.vector) === 'equal' &&
      compareVectors(madeOf(a), madeOf(b)) === 'equal')
  )
}

function withVectors(entry: Entry, made: Vector, vector: Vector): Entry {
  // a vector that was cut short stands for no more than it says
  const kept =
    vector.length < MAX_VECTOR ? made : made.filter(({ peer, counter }) => counterOf(vector, peer) >= counter)
  return { ...entry, made: compareVectors(kept, vector) === 'equal' ? null : kept, vector }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
