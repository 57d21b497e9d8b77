/**
 * What the main thread asks the worker to write, and to read for others. Each request but `assemble` and `drop` is answered
 * once, with its `serial`.
 */
import { assertNever } from '../../../wire/errors.js'
import type { BlocksOutcome, DiskState, FolderPath, LocalBlock, Piece, TrashItem, WriteJob } from '../../folder-disk.js'
import type { Applied } from './changes.js'
import type { Refusal } from './disk-faults.js'

/** A file without its hashes. */
export interface FilePlan extends Omit<WriteJob, 'content'> {
  readonly size: number
}

/** Where a part of a frame belongs. */
export interface PlacedBlock {
  readonly assembly: number
  readonly index: number
  readonly size: number
}

export interface CopiedBlock {
  readonly index: number
  readonly from: LocalBlock
}

/** `frame` is ours until the answer: the other thread does not touch it. */
export type WriteRequest = { readonly serial: number } & (
  | { readonly kind: 'put'; readonly plan: FilePlan /** All of the file, right. */; readonly bytes: Uint8Array }
  | { readonly kind: 'assemble'; readonly assembly: number; readonly plan: FilePlan; readonly blocks: Uint8Array }
  | { readonly kind: 'copy'; readonly assembly: number; readonly blocks: readonly CopiedBlock[] }
  | { readonly kind: 'frame'; readonly frame: SharedArrayBuffer; readonly blocks: readonly PlacedBlock[] }
  | { readonly kind: 'finish'; readonly assembly: number }
  | { readonly kind: 'drop'; readonly assembly: number }
  | { readonly kind: 'read'; readonly frame: SharedArrayBuffer; readonly pieces: readonly Piece[] }
  | { readonly kind: 'makeDirectory'; readonly path: FolderPath; readonly replaces: DiskState | null }
  | { readonly kind: 'remove'; readonly path: FolderPath; readonly expected: DiskState }
  | {
      readonly kind: 'setExecutable'
      readonly path: FolderPath
      readonly expected: DiskState
      readonly executable: boolean
    }
  | { readonly kind: 'trash' }
  | { readonly kind: 'restore'; readonly id: string }
  | { readonly kind: 'rename'; readonly from: FolderPath; readonly to: FolderPath; readonly replace: boolean }
  | { readonly kind: 'discard'; readonly path: FolderPath }
)

export type RequestOf<K extends WriteRequest['kind']> = Extract<WriteRequest, { readonly kind: K }>
/** Those that are answered. */
export type Asked = RequestOf<keyof Answers>

/** What each kind of request is answered with. */
export interface Answers {
  put: Applied | Refusal
  copy: readonly number[]
  frame: Extract<BlocksOutcome, 'ok' | 'bad' | 'lost' | 'full'>
  finish: Applied | Refusal
  /** Places of the pieces that are not as they should be. */
  read: readonly number[]
  makeDirectory: Applied | Refusal
  remove: Applied | Refusal
  setExecutable: Applied | Refusal
  trash: readonly TrashItem[]
  restore: string | null
  rename: string | null
  discard: string | null
}

export type WriteReport =
  | { readonly kind: 'answer'; readonly serial: number; readonly answer: Answers[keyof Answers] }
  /** Something beside the folder's files could not be done; for the log. */
  | { readonly kind: 'warning'; readonly text: string }

/** The answer where nothing is done. */
export function declined(request: Asked, reason: string): Answers[keyof Answers] {
  switch (request.kind) {
    case 'put':
    case 'finish':
    case 'makeDirectory':
    case 'remove':
    case 'setExecutable':
      return { outcome: 'failed', reason }
    case 'copy':
      return request.blocks.map(({ index }) => index)
    case 'frame':
      return 'lost'
    case 'read':
      return request.pieces.map((_, place) => place)
    case 'trash':
      return []
    case 'restore':
    case 'rename':
    case 'discard':
      return reason
    default:
      return assertNever(request)
  }
}
