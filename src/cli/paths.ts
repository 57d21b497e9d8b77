/**
 * Local paths that a half-typed one may become. Invariant: at most MAX_ENTRIES of one directory are looked at, and a
 * directory that cannot be read has no candidates: one types on, whatever the disk says.
 */
import { type Dirent, opendirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

const MAX_ENTRIES = 4096
/** Nobody can type such a name, and a console could not show it. */
const UNTYPABLE = /[\p{Cc}\ufffd]/u

/** `~` and `~/…` as a shell has it. */
export function expandHome(path: string, home = homedir()): string {
  return path === '~' || path.startsWith('~/') ? join(home, path.slice(1)) : path
}

/** Paths as they would be typed, directories with a slash at the end; hidden ones only where a dot was typed. */
export function pathsFrom(typed: string, cwd: string): readonly string[] {
  if (typed === '~') return ['~/']
  const cut = typed.lastIndexOf('/') + 1
  const folder = typed.slice(0, cut)
  const base = typed.slice(cut)
  const directory = resolve(cwd, expandHome(folder) || '.')
  const wanted = base.toLowerCase()
  const found = entriesOf(directory)
    .filter(({ name }) => name.toLowerCase().startsWith(wanted) && name.startsWith('.') === base.startsWith('.'))
    .filter(({ name }) => !UNTYPABLE.test(name))
    .map((entry) => folder + entry.name + (isDirectory(directory, entry) ? '/' : ''))
    .map((path) => (/^[-~]/.test(path) && folder === '' ? `./${path}` : path))
    .sort()
  return base === '..' ? [`${folder}../`, ...found] : found
}

function entriesOf(directory: string): readonly Dirent[] {
  const entries: Dirent[] = []
  try {
    const opened = opendirSync(directory)
    try {
      for (let entry = opened.readSync(); entry !== null && entries.length < MAX_ENTRIES; entry = opened.readSync())
        entries.push(entry)
    } finally {
      opened.closeSync()
    }
  } catch (error) {
    // gone, forbidden, no directory: whoever goes on typing is told when the command runs
    if (!(error instanceof Error && 'code' in error)) throw error
  }
  return entries
}

function isDirectory(directory: string, entry: Dirent): boolean {
  if (!entry.isSymbolicLink()) return entry.isDirectory()
  try {
    return statSync(join(directory, entry.name)).isDirectory()
  } catch (error) {
    // a link to nowhere
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}
