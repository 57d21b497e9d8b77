/** What must hold in a shared folder once all faults ended: each answers what is wrong, or null. */
import { type FolderPath, isSameState } from '../../src/folder-disk.js'
import { baseOf, type History, isConflict, isTwin } from './folder-history.js'
import { contentOf, type SimTree, stateOf } from './folder-tree.js'
import type { Site } from './folder-users.js'

/** Kind, bytes and x bit of all that stands there; times may differ. */
export function pictureOf(tree: SimTree): ReadonlyMap<FolderPath, string> {
  return new Map(
    tree.paths.map((path) => {
      const file = tree.fileAt(path)
      return [path, file === undefined ? 'directory' : `${contentOf(file.bytes).id}${file.executable ? ' x' : ''}`]
    }),
  )
}

/** `except`: paths of which it does not matter. */
export function treesDiffer(sites: readonly Site[], except: ReadonlySet<FolderPath>): string | null {
  const [first, ...others] = sites
  if (first === undefined) return null
  const expected = pictureOf(first.tree)
  for (const { index, tree } of others) {
    const found = pictureOf(tree)
    for (const path of new Set([...expected.keys(), ...found.keys()])) {
      const [here, there] = [expected.get(path), found.get(path)]
      if (here === there || except.has(path)) continue
      return `${JSON.stringify(path)} is ${brief(here)} at ${first.index} and ${brief(there)} at ${index}`
    }
  }
  return null
}

/** Whatever was saved last is in place, in a conflict copy or, where it counted as old, in somebody's trash. */
export function somethingLost(sites: readonly Site[], history: History): string | null {
  const live = new Set(sites.flatMap(({ tree }) => [...pictureOf(tree).values()].map((id) => id.slice(0, 64))))
  const trash = new Set(sites.flatMap(({ tree }) => tree.trash.map(({ file }) => contentOf(file.bytes).id as string)))
  for (const [id, path] of history.saved) {
    if (history.replaced.has(id) || live.has(id)) continue
    if (!trash.has(id)) return `${brief(id)}, last saved at ${JSON.stringify(path)}, is nowhere`
    if (!history.weak.has(id)) return `${brief(id)}, last saved at ${JSON.stringify(path)}, is only in the trash`
  }
  return null
}

/** What was deleted by somebody who knew all of it is there no more. */
export function somethingBack(sites: readonly Site[], history: History): string | null {
  for (const deletion of history.deletions) {
    const site = sites.find(({ tree }) => tree.fileAt(deletion.path) !== undefined)
    if (site === undefined || !history.isLast(deletion)) continue
    return `${JSON.stringify(deletion.path)} was deleted at ${deletion.by} and stands at ${site.index}`
  }
  return null
}

/** Where all saved the same, or each had seen what was before, there is nothing to disagree about. */
export function needlessConflict(sites: readonly Site[], history: History): string | null {
  for (const copy of new Set(sites.flatMap(({ tree }) => tree.paths.filter(isConflict)))) {
    const base = baseOf(copy)
    const where = `there is ${JSON.stringify(copy)}`
    if (isTwin(base)) return `${where}, though all saved the same`
    if (history.isChain(base)) return `${where}, though each had seen what was there before`
  }
  return null
}

export type Inodes = ReadonlyMap<FolderPath, ReturnType<typeof stateOf>>

export const inodesOf = ({ tree }: Site): Inodes =>
  new Map([...tree.things].map(([path, thing]) => [path, stateOf(thing)]))

export function somethingMoved(site: Site, before: Inodes): string | null {
  const after = inodesOf(site)
  for (const path of new Set([...before.keys(), ...after.keys()])) {
    if (isSameState(before.get(path) ?? null, after.get(path) ?? null)) continue
    return `${JSON.stringify(path)} at ${site.index} was touched though nothing was to be done`
  }
  return null
}

const brief = (picture: string | undefined): string =>
  picture === undefined ? 'absent' : picture.replace(/[0-9a-f]{64}/, (id) => id.slice(0, 8))
