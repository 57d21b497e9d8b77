/**
 * What the folder knows of one path. `best` is the version that wins among all that were heard of; `here` is what stands
 * on this disk, with the version that it is. They differ while `best` is still to be fetched.
 */
import type { EntryFields, EntryKind } from '../../wire/messages/folder.js'
import type { DiskState } from '../folder-disk.js'

export type { EntryKind }

/** Counters by author, ascending by author, at most MAX_VECTOR; empty: it stood here before anybody counted. */
export type Vector = EntryFields['vector']
export type Entry = EntryFields

export interface Here {
  /** The version that this is, or of which it is an unchanged copy; `best` itself where they are the same. */
  readonly version: Entry
  readonly state: DiskState
}

export interface Known {
  readonly best: Entry
  /** Null: nothing stands there (or nothing that is shared). */
  readonly here: Here | null
  /** Changed or deleted here in a `receive-only` folder: nobody is told, and it is left alone until `best` becomes another one. */
  readonly untold: boolean
}

/** An entry without its history. */
export type Found = Omit<Entry, 'author' | 'made' | 'vector'>

/** Whether these two are one and the same to a user: kind, bytes and x bit. Times and authors do not count. */
export function isSame(a: Found, b: Found): boolean {
  return a.kind === b.kind && a.content === b.content && a.size === b.size && a.executable === b.executable
}

/** What the author of a version had seen, the version itself included. */
export function madeOf(entry: Entry): Vector {
  return entry.made ?? entry.vector
}
