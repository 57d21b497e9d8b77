/** Shared folders seen from outside: what stands in them, and when two or more of them are the same. */
import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** At the top of a folder, not shared. */
const OURS = '.p2pfolder'

export interface Node {
  readonly kind: 'file' | 'directory' | 'other'
  /** SHA-256 of a file. */
  readonly hash: string
  readonly executable: boolean
  readonly inode: number
  readonly mtimeMs: number
}

/** Everything that is shared, by path. A file that goes away meanwhile is left out. */
export function treeOf(root: string): ReadonlyMap<string, Node> {
  const nodes = new Map<string, Node>()
  const visit = (below: string): void => {
    for (const name of namesIn(join(root, below))) {
      const path = below === '' ? name : `${below}/${name}`
      if (path.startsWith(OURS)) continue
      const node = nodeAt(join(root, path))
      if (node === null) continue
      nodes.set(path, node)
      if (node.kind === 'directory') visit(path)
    }
  }
  visit('')
  return nodes
}

/** None where it went away meanwhile. */
function namesIn(path: string): readonly string[] {
  return present(() => readdirSync(path).sort()) ?? []
}

function present<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
}

function nodeAt(path: string): Node | null {
  return present(() => {
    const stat = lstatSync(path)
    const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : 'other'
    const hash = kind === 'file' ? createHash('sha256').update(readFileSync(path)).digest('hex') : ''
    const executable = kind === 'file' && (stat.mode & 0o100) !== 0
    return { kind, hash, executable, inode: stat.ino, mtimeMs: stat.mtimeMs }
  })
}

/** What two trees must agree on, a line a path. */
export function listing(root: string): string {
  return [...treeOf(root)]
    .map(([path, { kind, hash, executable }]) => `${path} ${kind} ${hash.slice(0, 16)}${executable ? ' x' : ''}`)
    .join('\n')
}

/** The text of a file, null where there is none. */
export function textAt(root: string, path: string): string | null {
  return nodeAt(join(root, path)) === null ? null : readFileSync(join(root, path), 'utf8')
}

/** Waits until `fits`, looking often; says what it waited for. */
export async function eventually<T>(
  what: string,
  look: () => T,
  fits: (value: T) => boolean,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs
  for (;;) {
    const value = look()
    if (fits(value)) return value
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}; last: ${shorten(value)}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const shorten = (value: unknown): string => String(JSON.stringify(value)).slice(0, 4000)

/** All folders have the same tree, which `fits`. */
export async function sameTrees(
  roots: readonly string[],
  fits: (tree: string) => boolean = () => true,
  deadlineMs = 60_000,
): Promise<string> {
  const trees = await eventually(
    `${roots.length} equal trees`,
    () => roots.map(listing),
    (all) => all.every((tree) => tree === all[0]) && fits(all[0] ?? ''),
    deadlineMs,
  )
  return trees[0] ?? ''
}
