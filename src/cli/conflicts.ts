/** The conflicts of the shared folder as people count them: from 1, by path, the newest version of a path first. */
import type { FolderConflict } from '../api.js'

/** In the order of their numbers, the same in every console and shell of a peer. */
export function numbered(conflicts: readonly FolderConflict[]): readonly FolderConflict[] {
  const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return [...conflicts].sort((a, b) => before(a.path, b.path) || b.time - a.time || before(a.copy, b.copy))
}

/** The one that a user means: by number, by its copy, or by the file where that has one copy only. */
export function conflictCalled(
  word: string,
  conflicts: readonly FolderConflict[],
): FolderConflict | { readonly fault: string } {
  const all = numbered(conflicts)
  // a file may be named by a number, too
  const named = all.filter(({ path, copy }) => copy === word || path === word)
  const found = named.find(({ copy }) => copy === word) ?? (named.length === 1 ? named[0] : undefined)
  if (found !== undefined) return found
  if (named.length > 1) return { fault: `${word} has ${named.length} other versions: name one by its number` }
  const one = /^\d{1,9}$/.test(word) ? all[Number(word) - 1] : undefined
  if (one !== undefined) return one
  if (all.length === 0) return { fault: 'there is no conflict' }
  return { fault: `no conflict is called ${JSON.stringify(word)}: there are 1 to ${all.length} (folder conflicts)` }
}
