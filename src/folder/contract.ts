/**
 * The seam between the two halves of the folder: the index knows and decides (versions, conflicts, what is needed), the
 * exchange talks to peers and to the disk. Neither reaches behind this.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Content, DiskState, FolderPath, LocalBlock, Seen } from '../folder-disk.js'
import type { FolderMode } from '../folder-views.js'
import type { Entry, Known } from './entry.js'

/** How an entry from a peer was taken. `adopted`: it changed what is best here. `known`: nothing new. `older`: what we know
 * is newer, so the sender should hear it. `refused`: `fault` says why; the sender broke a rule if `isBreach`. */
export type Taken =
  | { readonly how: 'adopted' | 'known' | 'older' }
  | { readonly how: 'refused'; readonly fault: string; readonly isBreach: boolean }

export interface IndexHooks {
  /**
   * `best` of this path is another one (before: `was`): everybody but `from` (null: it came about here) shall hear of it.
   * Called in the middle of a change: note it, and ask or change the index later. A conflict copy is made by whoever has the
   * loser's bytes, and comes before the path whose loser it is.
   */
  changed(path: FolderPath, was: Entry | null, from: PeerId | null): void
  /** What this path needs, or whether it must wait as a source for another one, may have changed: see `need`. */
  needChanged(path: FolderPath): void
  warn(text: string): void
}

export interface IndexOptions {
  readonly mode: FolderMode
  /** More paths (tombstones included) are not taken; 250,000 where absent. */
  readonly maxPaths?: number
}

/** What is to be done on this disk so that `here` becomes `best`. */
export interface Need {
  readonly path: FolderPath
  readonly best: Entry
  /** What stands there now. */
  readonly here: DiskState | null
  /** `write`: bytes are missing. `mode`: only the x bit differs. */
  readonly kind: 'write' | 'directory' | 'remove' | 'mode'
}

export interface Totals {
  /** On this disk. */
  readonly files: number
  readonly directories: number
  readonly bytes: number
  readonly needItems: number
  /** Sizes of what is to be written. */
  readonly needBytes: number
}

export interface Index {
  /** Everything from the store. What cannot be read is dropped with a warning; the scan finds it again. */
  load(): void
  /** The marker id of the folder that `here` speaks of; null where there never was one. */
  readonly marker: string | null
  /**
   * The folder is open under this marker. `isOther`: it is not the one that we knew: all `here` are forgotten, and until
   * `scanned` what is found counts as older than anything that others know, and nothing is needed. An index that was away for
   * too long (180 days) is forgotten by `load`, and its folder opens like another one whatever `isOther` says.
   */
  opened(marker: string, isOther: boolean): void
  /** For the disk: all paths with something here. */
  known(): Iterable<readonly [FolderPath, DiskState]>
  get(path: FolderPath): Known | undefined
  /** What the disk found. */
  local(changes: readonly Seen[]): void
  /** The first whole scan after `opened` has ended. */
  scanned(): void
  /** These are gone from our disk, but that is not meant: they are needed again. */
  missing(paths: Iterable<FolderPath>): void
  /** An entry from a peer; checked in full (path, clocks, bounds) here. */
  remote(entry: Entry, from: PeerId): Taken
  /** The disk did what `need` said for this entry, which was best when it was asked. Null: removed. */
  applied(entry: Entry, state: DiskState | null): void
  /** Null: nothing to do, or not in this mode. */
  need(path: FolderPath): Need | null
  /**
   * Nobody who is there has the bytes that this path needs. Where the version is our own, told and then replaced or deleted
   * here before anybody had fetched it, what stands here is best from now on; a conflict copy of it is given up. Whoever comes
   * later and has the bytes keeps them as a copy.
   */
  forsaken(path: FolderPath): void
  /** A user wants no conflict copy there, also where its bytes never came: it is deleted for all. */
  giveUp(copy: FolderPath): void
  /** Paths with a need, in no order. */
  needs(): Iterable<FolderPath>
  /**
   * Whether another path still needs a content that stands at this one (and nowhere else for good): then it is not overwritten
   * or removed yet. Of paths that wait for each other in a circle one is let go. `counts`: which paths are worth waiting for; one
   * that was skipped is not, else `a` renamed to `A` would wait for ever where both are one name.
   */
  isSourceForOther(path: FolderPath, counts?: (other: FolderPath) => boolean): boolean
  /**
   * Block hashes of a content that we know whole (from our disk, or learned), null where not. `sizeBytes`: what an entry says
   * of it, which may be a lie that the blocks will show; where absent the size of what stands or is needed here.
   */
  contentOf(id: Hash, sizeBytes?: number): Content | null
  /** Block hashes that a peer sent for a content that is needed; false where they are not right for it. */
  learn(id: Hash, sizeBytes: number, blocks: Uint8Array): boolean
  /** Where on this disk a block lies; null where nowhere. */
  locate(block: Hash): LocalBlock | null
  /** FOLDER_BUCKETS digests of all best entries, FOLDER_DIGEST_BYTES each. */
  digests(): Uint8Array
  /** Paths of one bucket. */
  bucket(index: number): Iterable<FolderPath>
  /** Whether our disk holds the bytes of `best`; true of a directory or a deletion. */
  isHeld(path: FolderPath): boolean
  totals(): Totals
  /** Live conflict copies, and beside what they stand. */
  conflicts(): Iterable<{ readonly path: FolderPath; readonly copy: FolderPath }>
  /**
   * Forgets deletions that are older than 180 days, notes that we are still there, and makes a directory of a file that has had
   * live paths below it since the last call (the file becomes a conflict copy). Once a minute is enough.
   */
  tend(): void
  /** Hands to the store what still waits for an earlier write to end: before the peer stops. */
  flush(): void
}
