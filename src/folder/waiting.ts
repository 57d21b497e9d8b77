/**
 * Which paths wait for which: what stands at one is a source as long as another one wants its content. Where they wait in a
 * circle (two files that changed places), the first of the circle by name waits no more, and its content is fetched.
 */
import type { FolderPath } from '../folder-disk.js'

/** A larger tangle is cut wherever it is met. */
const MAX_VISITED = 256

/** `waitsFor`: paths that want the content that stands at this one, itself not among them. */
export function mustWait(path: FolderPath, waitsFor: (path: FolderPath) => Iterable<FolderPath>): boolean {
  const circle = [...reached(path, waitsFor)]
  if (circle.length === 0) return false
  if (circle.length > MAX_VISITED) return false
  if (!circle.includes(path)) return true
  // of those that lead back here, the first is let go
  return circle.some((other) => other < path && reached(other, waitsFor).has(path))
}

function reached(start: FolderPath, waitsFor: (path: FolderPath) => Iterable<FolderPath>): ReadonlySet<FolderPath> {
  const found = new Set<FolderPath>()
  const open = [start]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const next of waitsFor(path)) {
      if (found.has(next)) continue
      found.add(next)
      open.push(next)
      if (found.size > MAX_VISITED) return found
    }
  }
  return found
}
