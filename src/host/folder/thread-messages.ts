/**
 * What the main thread and the folder's worker say to each other: lists of these, one postMessage for all of a turn, in
 * order. `session` counts calls of `open`: what belongs to an earlier one is dropped.
 */
import type { DiskState, FolderPath, Opening, Problem, Seen } from '../../folder-disk.js'
import type { WriteReport, WriteRequest } from './write-messages.js'

/** What a worker is started with. */
export interface ThreadData {
  /** Absolute: the folder, or the one file that is shared. */
  readonly root: string
  /** Of the lock: a worker that takes the place of one that died has it already. */
  readonly nonce: string
}

/** Paths and their states, one beside the other; cheaper to post than an object each. */
export interface PackedStates {
  /** Separated by NUL. */
  readonly paths: string
  /** Four numbers each: 0 file, 1 directory, 2 executable file; size; mtimeMs; inode. */
  readonly numbers: Float64Array
}

export type ScanRequest =
  /** A part of what is known, before `open`. */
  | { readonly kind: 'known'; readonly session: number; readonly states: PackedStates }
  | { readonly kind: 'open'; readonly session: number; readonly marker: string | null; readonly adopt: boolean }
  /** Answered by `closed`. */
  | { readonly kind: 'close'; readonly session: number }
  | { readonly kind: 'rescan' }
  /** A list of `seen` was taken: the next may come. */
  | { readonly kind: 'taken'; readonly session: number }

export type ScanReport =
  | { readonly kind: 'opened'; readonly session: number; readonly opening: Opening }
  | { readonly kind: 'closed'; readonly session: number }
  | { readonly kind: 'seen'; readonly session: number; readonly changes: readonly Seen[] }
  | { readonly kind: 'scanned'; readonly session: number }
  | { readonly kind: 'problems'; readonly session: number; readonly problems: readonly Problem[] }
  | { readonly kind: 'rulesChanged'; readonly session: number }
  | { readonly kind: 'lost'; readonly session: number; readonly reason: string }

/** To the worker. */
export type ToThread = ScanRequest | WriteRequest
/** From the worker. */
export type FromThread = ScanReport | WriteReport

const NUMBERS = 4
const FILE = 0
const DIRECTORY = 1
const EXECUTABLE = 2

export function packStates(states: readonly (readonly [FolderPath, DiskState])[]): PackedStates {
  const numbers = new Float64Array(states.length * NUMBERS)
  for (const [index, [, state]] of states.entries()) {
    const kind = state.kind === 'directory' ? DIRECTORY : state.executable ? EXECUTABLE : FILE
    numbers.set([kind, state.size, state.mtimeMs, state.inode], index * NUMBERS)
  }
  return { paths: states.map(([path]) => path).join('\0'), numbers }
}

export function* unpackStates({ paths, numbers }: PackedStates): Generator<readonly [FolderPath, DiskState]> {
  if (numbers.length === 0) return
  for (const [index, path] of paths.split('\0').entries()) {
    const [kind = FILE, size = 0, mtimeMs = 0, inode = 0] = numbers.subarray(index * NUMBERS, (index + 1) * NUMBERS)
    const executable = kind === EXECUTABLE
    yield [path, { kind: kind === DIRECTORY ? 'directory' : 'file', size, mtimeMs, inode, executable }]
  }
}
