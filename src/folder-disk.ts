/**
 * What the shared folder asks of a disk. The host (src/host/folder) answers from a thread of its own that scans, watches,
 * hashes and writes; the simulator with a disk in memory that crashes. Bytes never pass through the core.
 * Invariants: nothing outside the folder is read, written or deleted, no symbolic link is followed; changes are made in the
 * order of the calls, while copies and blocks need not wait for them; a change made by one of these calls is never
 * reported by `seen`, except directories made above its path; every `done` is called exactly once, later, unless the disk
 * was closed.
 */
import type { Hash } from '../wire/types.js'
import type { Link } from './env.js'

/** Canonical, NFC, relative, `/` between segments (src/folder/path.ts checks it). */
export type FolderPath = string

/** What the disk says of one path: two equal ones mean that nobody wrote in between. */
export interface DiskState {
  readonly kind: 'file' | 'directory'
  /** 0 of a directory. */
  readonly size: number
  /** As lstat tells it, with its fraction; 0 of a directory. */
  readonly mtimeMs: number
  readonly inode: number
  /** The owner's x bit of a file. */
  readonly executable: boolean
}

/** Whether these two are one and the same: nobody wrote in between. Null: nothing stands there. */
export function isSameState(a: DiskState | null, b: DiskState | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.kind === b.kind &&
    a.inode === b.inode &&
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.executable === b.executable
  )
}

/** A file's bytes: block i is bytes [i * blockSize, min(size, (i + 1) * blockSize)) with blockSize = blockSizeOf(size). */
export interface Content {
  /** See contentId in src/folder/content.ts. */
  readonly id: Hash
  readonly size: number
  /** BLAKE3 of each block, 32 bytes each, concatenated. */
  readonly blocks: Uint8Array
}

/** A path that is not as the index says. */
export type Seen =
  | { readonly path: FolderPath; readonly state: DiskState /** Of a file. */; readonly content: Content | null }
  | { readonly path: FolderPath; readonly state: null }

export interface Problem {
  readonly path: string
  /** 'cannot be read: permission denied', 'a symbolic link', 'its name is not Unicode NFC', … */
  readonly reason: string
}

/** What the marker file tells when the folder is opened. */
export type Opening =
  /** `same`: the one whose id we know. `new`: there was none and none was expected; it was made. `other`: there is one, but not
   * the one we know, so the folder was shared before and our index is not its own. */
  | { readonly marker: string; readonly was: 'same' | 'new' | 'other' }
  /** It cannot be shared now: the marker that was expected is missing, another process has the folder, no such disk… */
  | { readonly error: string }

export interface FolderHooks {
  /** At most 256 at once; the next come when this call has returned. All of them were quiet for a while. */
  seen(changes: readonly Seen[]): void
  /** A whole scan has ended, and all it found was seen. */
  scanned(): void
  /** All paths that are not shared and why, at most MAX_PROBLEMS, whenever they change. */
  problems(problems: readonly Problem[]): void
  /** What was 'skipped' may be possible now: the ignore rules changed. */
  rulesChanged(): void
  /** The folder went away (marker gone, disk unmounted, unreadable): nothing is seen or written until `open` is called again. */
  lost(reason: string): void
}

export const MAX_PROBLEMS = 1000
/** Why a path is 'skipped' where its user wants it so: no problem. */
export const ONE_FILE = 'only one file is shared'
export const IGNORED = 'it is ignored'

/** Bytes that are on this disk already. */
export interface LocalBlock {
  readonly path: FolderPath
  /** Of the whole file: if it differs by now, the block is taken for missing. */
  readonly state: DiskState
  readonly offset: number
}

export interface WriteJob {
  readonly path: FolderPath
  readonly content: Content
  readonly mtimeMs: number
  readonly executable: boolean
  /** What stands there now; null: nothing. It goes to the trash. */
  readonly replaces: DiskState | null
}

/** `changed`: what is there is not what was expected; it will be seen. `full`: no room on the disk. `skipped`: not possible
 * here (ignored, another name with the same letters, a symbolic link in the way, not permitted, a directory with other
 * things in it); try again only after `rulesChanged` or a later scan. `failed`: an error of the disk; try again later. */
export type WriteOutcome =
  | { readonly outcome: 'ok'; readonly state: DiskState }
  | { readonly outcome: 'changed' | 'full' | 'skipped' | 'failed'; readonly reason: string }
export type RemoveOutcome = { readonly outcome: 'ok' } | Extract<WriteOutcome, { readonly reason: string }>

/** A file that is being put together beside its place. */
export interface Assembly {
  /** Copies these blocks from this disk, verified; answers which blocks are still missing. */
  copy(
    blocks: readonly { readonly index: number; readonly from: LocalBlock }[],
    done: (missing: readonly number[]) => void,
  ): void
  /** All blocks are there: fsync, look again at what stands there, trash it, rename, fsync of the directory. Ends the assembly. */
  finish(done: (outcome: WriteOutcome) => void): void
  /** Ends the assembly, and what was written of it is deleted. */
  drop(): void
}

export interface WantedBlock {
  readonly assembly: Assembly
  readonly index: number
}

/** `ok`: all of them are verified and in their assemblies. `bad`: some block was wrong (none of its frame is kept).
 * `refused`: the source does not have `missing` (places in the request). `full`: no room on the disk. */
export type BlocksOutcome = 'ok' | 'bad' | 'lost' | 'timeout' | 'full' | { readonly refused: readonly number[] }

/** Where a block to be sent lies. */
export interface Piece {
  readonly path: FolderPath
  readonly state: DiskState
  readonly offset: number
  readonly size: number
  readonly hash: Hash
}

export interface TrashItem {
  /** Names it for `restore`. */
  readonly id: string
  readonly path: FolderPath
  readonly size: number
  /** When it was put there, ms since the epoch. */
  readonly time: number
}

export interface FolderDisk {
  /** Absolute: the folder, or the one file that is shared. */
  readonly root: string
  /**
   * Looks for the marker, then scans, then watches; also after `lost` or `close`. `marker`: its id as we know it, null
   * where we never had a folder. `known`: what the index says is on the disk; only differences are seen. Not used, like
   * all older knowledge, where the marker `was` not the `same`. `adopt`: take the folder without the marker that is expected;
   * where nothing is `known` to stand there it may be taken in any case.
   */
  open(
    marker: string | null,
    known: Iterable<readonly [path: FolderPath, state: DiskState]>,
    hooks: FolderHooks,
    done: (opening: Opening) => void,
    adopt?: boolean,
  ): void
  /** Stops scanning and watching; assemblies are dropped. What was asked before is still carried out. */
  close(done: () => void): void
  /** Scans soon. */
  rescan(): void
  /** A file, with the directories above it, to be filled by `copy` and `fetch`. At most MAX_ASSEMBLIES are open at once. */
  assemble(job: WriteJob): Assembly
  /**
   * Asks for these blocks (at most 256; 1 MiB together where they are more than one) in one `folderBlocksGet` on a data link
   * that this peer opened for the folder alone, and writes them. `stallMs`: no bytes for this long is a 'timeout'.
   */
  fetch(
    link: Link,
    blocks: readonly WantedBlock[],
    stallMs: number,
    progress: (bytes: number) => void,
    done: (outcome: BlocksOutcome) => void,
  ): void
  /** Sends these in one chunk frame on a data link, or refuses those that are not as they should be. Queues at most 64 a link. */
  serve(link: Link, request: number, pieces: readonly Piece[]): void
  /** Makes a directory, with those above it. `replaces` as in WriteJob. */
  makeDirectory(path: FolderPath, replaces: DiskState | null, done: (outcome: WriteOutcome) => void): void
  /** Puts a file into the trash; deletes a directory that is empty. Nothing there is 'ok'. */
  remove(path: FolderPath, expected: DiskState, done: (outcome: RemoveOutcome) => void): void
  /** Sets the x bit of a file that is otherwise right. */
  setExecutable(path: FolderPath, expected: DiskState, executable: boolean, done: (outcome: WriteOutcome) => void): void
  /** Newest first, at most MAX_TRASH_LISTED. */
  trash(done: (items: readonly TrashItem[]) => void): void
  /**
   * What a user asks for; all of it is seen like an edit. `restore`: back to its place, where what stands there goes to the
   * trash. `rename`: refused where something stands at `to`, unless `replace` (that goes to the trash). `discard`: to the trash.
   */
  restore(id: string, done: (error: string | null) => void): void
  rename(from: FolderPath, to: FolderPath, replace: boolean, done: (error: string | null) => void): void
  discard(path: FolderPath, done: (error: string | null) => void): void
}

export const MAX_ASSEMBLIES = 512
export const MAX_TRASH_LISTED = 1000
