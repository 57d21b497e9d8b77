/** What the shared folder shows and what may be asked of it; part of the api. */
import type { Done, Result } from './api.js'

/** `both`: edits go both ways. `read-only`: what others change is not written here. `receive-only`: what is changed here is not told. */
export const FOLDER_MODES = ['both', 'read-only', 'receive-only'] as const
export type FolderMode = (typeof FOLDER_MODES)[number]

export type FolderState = 'off' | 'scanning' | 'syncing' | 'in sync' | 'paused'

export interface FolderChange {
  readonly path: string
  readonly what: 'added' | 'changed' | 'deleted' | 'conflict' | 'restored'
  /** Name of the peer who made it, or the start of its id. */
  readonly by: string
  /** When it came about here, ms since the epoch. */
  readonly time: number
}

export interface FolderConflict {
  /** What is in place. */
  readonly path: string
  /** The other version, a file beside it. */
  readonly copy: string
  /** Who made what is in place, and who the other version: name, or the start of the id. */
  readonly placeBy: string
  readonly by: string
  /** When the other version was written, ms since the epoch. */
  readonly time: number
}

export interface FolderProblem {
  readonly path: string
  readonly reason: string
}

export interface FolderView {
  /** Absolute; empty where this peer takes no part. */
  readonly path: string
  readonly mode: FolderMode
  readonly state: FolderState
  /** Why it is paused, and what to do about it (of a mass delete see `heldDeletions`); empty else. */
  readonly reason: string
  /** On this disk. */
  readonly files: number
  readonly directories: number
  readonly bytes: number
  readonly inSync: boolean
  /** Still to be fetched, made or deleted here. */
  readonly need: {
    readonly items: number
    /** Of all that is to be written, what was written since the folder was in sync among it. */
    readonly bytes: number
    /** That are here of those. */
    readonly done: number
  }
  /** Deletions that wait for an answer (`resume --delete` or `resume --restore`). */
  readonly heldDeletions: number
  readonly conflicts: readonly FolderConflict[]
  /** Not shared, or not to be had now, and why; at most 100 of them. */
  readonly problems: readonly FolderProblem[]
  /** Newest first, at most 50. */
  readonly changes: readonly FolderChange[]
}

export interface TrashView {
  readonly id: string
  readonly path: string
  readonly size: number
  readonly time: number
}

/** `this`: what is in place stays, the copy goes to the trash. `that`: the copy takes its place. `both`: the copy gets a name of its own. */
export type KeepChoice = 'this' | 'that' | 'both'
/** How to go on after a mass delete: tell it to all, or bring everything back. */
export type ResumeAnswer = 'delete' | 'restore' | null

export interface FolderApi {
  folder(): FolderView
  folderPause(): Result<FolderView>
  /** Refused while a mass delete waits for an answer and there is none. */
  folderResume(answer: ResumeAnswer, done: Done<FolderView>): void
  /** `copy`: path of the conflict copy, or of the file if it has only one. */
  folderKeep(copy: string, choice: KeepChoice, done: Done<FolderView>): void
  folderTrash(done: Done<readonly TrashView[]>): void
  /** `what`: an id of the trash, or a path (its newest). */
  folderRestore(what: string, done: Done<TrashView>): void
}
