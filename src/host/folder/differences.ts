/**
 * What scans and events found to be different, until it is told: files wait to be hashed, small ones first, and what is
 * gone waits for all of them, so that what was moved is known at its new place before it is gone from the old one.
 * Invariant: a path is told as gone only while the folder is the one that was opened, looked at after the path.
 */
import { performance } from 'node:perf_hooks'
import { type DiskState, type FolderPath, isSameState } from '../../folder-disk.js'
import { errorText } from '../error-text.js'
import { FileHash, type Hashed } from './blocks.js'
import type { Hold } from './marker.js'

import type { SeenQueue } from './seen-queue.js'
import type { States } from './states.js'

const SLICE_BYTES = 8 << 20
const SLICE_FILES = 64
const SMALL_BYTES = 1 << 20
const GONE_AT_ONCE = 256
/** Deletions are not kept back for longer by files that are still hashed. */
const LONGEST_WAIT_MS = 10_000

export interface DifferencesOptions {
  readonly hold: Hold
  readonly states: States
  readonly seen: SeenQueue
  /** It changed while it was read: look again when it is quiet. */
  readonly again: (path: FolderPath) => void
  readonly problem: (path: FolderPath, reason: string) => void
  readonly ignores: (path: FolderPath, isDirectory: boolean) => boolean
  /** About to be told as gone. */
  readonly gone: (path: FolderPath) => void
  /** The folder is not what it was. */
  readonly lost: (reason: string) => void
}

export class Differences {
  readonly #options: DifferencesOptions
  readonly #small = new Map<FolderPath, DiskState>()
  readonly #large = new Map<FolderPath, DiskState>()
  readonly #gone = new Set<FolderPath>()
  #goneSinceMs = 0
  /** Of the large one that is being hashed. */
  #hash: FileHash | null = null

  constructor(options: DifferencesOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#gone.size === 0 && !this.#isHashing
  }

  get #isHashing(): boolean {
    return this.#small.size > 0 || this.#large.size > 0 || this.#hash !== null
  }

  directory(path: FolderPath, state: DiskState): void {
    this.#forget(path)
    this.#options.seen.add({ path, state, content: null })
  }

  file(path: FolderPath, state: DiskState): void {
    const waiting = this.#hash?.path === path ? this.#hash.state : (this.#small.get(path) ?? this.#large.get(path))
    if (waiting !== undefined && isSameState(waiting, state)) return
    this.#forget(path)
    // a directory was here: the index must not see a file with others below it
    for (const below of [...this.#options.states.below(path)]) this.#tellGone(below)
    const queue = state.size <= SMALL_BYTES ? this.#small : this.#large
    queue.set(path, state)
  }

  /** This path, and whatever is known below it. */
  gone(path: FolderPath): void {
    this.#forget(path)
    if (this.#gone.size === 0) this.#goneSinceMs = performance.now()
    this.#gone.add(path)
  }

  /** Does a slice of the work. `isListing`: more may be found any moment. */
  step(isListing: boolean): void {
    for (let files = 0, bytes = 0; files < SLICE_FILES && bytes < SLICE_BYTES; files++) {
      const next = first(this.#small)
      if (next === null) break
      this.#small.delete(next.path)
      bytes += next.state.size
      const hash = new FileHash(this.#options.hold.root, next.path, next.state)
      this.#hashed(hash, hash.step(SMALL_BYTES))
    }
    if (this.#small.size === 0) this.#stepLarge()
    const waitedMs = performance.now() - this.#goneSinceMs
    if (this.#gone.size > 0 && ((!isListing && !this.#isHashing) || waitedMs > LONGEST_WAIT_MS)) this.#bury()
  }

  close(): void {
    this.#hash?.close()
    this.#hash = null
    this.#small.clear()
    this.#large.clear()
    this.#gone.clear()
  }

  #forget(path: FolderPath): void {
    this.#small.delete(path)
    this.#large.delete(path)
    if (this.#hash?.path !== path) return
    this.#hash.close()
    this.#hash = null
  }

  #stepLarge(): void {
    const next = this.#hash === null ? first(this.#large) : null
    if (next !== null) {
      this.#large.delete(next.path)
      this.#hash = new FileHash(this.#options.hold.root, next.path, next.state)
    }
    const hash = this.#hash
    const hashed = hash?.step(SLICE_BYTES) ?? null
    if (hash === null || hashed === null) return
    this.#hash = null
    this.#hashed(hash, hashed)
  }

  #hashed({ path, state }: FileHash, hashed: Hashed | null): void {
    const { seen, problem, again } = this.#options
    if (hashed?.kind === 'content') seen.add({ path, state, content: hashed.content })
    else if (hashed?.kind === 'unreadable') problem(path, hashed.reason)
    else again(path)
  }

  /** Tells some of what is gone, the deepest first. */
  #bury(): void {
    const { hold, states, lost } = this.#options
    const gone = new Set<FolderPath>()
    for (const path of this.#gone) {
      for (const below of states.below(path)) {
        if (gone.size >= GONE_AT_ONCE) break
        if (this.#isGone(below, gone)) gone.add(below)
      }
      if (gone.size >= GONE_AT_ONCE) break
      this.#gone.delete(path)
      if (states.get(path) !== undefined && this.#isGone(path, gone)) gone.add(path)
    }
    const fault = hold.fault()
    if (fault !== null) lost(fault)
    else for (const path of gone) this.#tellGone(path)
  }

  #tellGone(path: FolderPath): void {
    this.#options.gone(path)
    this.#options.seen.add({ path, state: null })
  }

  /** `others`: are told before. What is ignored stays as it is known, and so does a directory with such a thing in it. */
  #isGone(path: FolderPath, others: ReadonlySet<FolderPath>): boolean {
    const { hold, states, ignores, problem } = this.#options
    try {
      if (ignores(path, states.get(path)?.kind === 'directory') || !hold.root.isGone(path)) return false
      for (const name of states.in(path).keys()) if (!others.has(`${path}/${name}`)) return false
      return true
    } catch (error) {
      problem(path, `cannot be read: ${errorText(error)}`)
      return false
    }
  }
}

function first(queue: ReadonlyMap<FolderPath, DiskState>): { path: FolderPath; state: DiskState } | null {
  for (const [path, state] of queue) return { path, state }
  return null
}
