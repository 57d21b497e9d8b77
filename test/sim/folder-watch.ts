/**
 * Notices what users change in a simulated folder, from one opening to the next loss or closing: events that may be missed,
 * a wait until it is quiet, scans that find the rest. Invariant: only a difference from what the core was told or did is
 * reported, so own writes never are.
 */
import { pathFault } from '../../src/folder/path.js'
import {
  type DiskState,
  type FolderHooks,
  type FolderPath,
  isSameState,
  MAX_PROBLEMS,
  type Seen,
} from '../../src/folder-disk.js'
import type { FolderThread } from './folder-thread.js'
import { contentOf, type SimTree } from './folder-tree.js'

const SETTLE_MS = 100
const LONGEST_SETTLE_MS = 2000
const BATCH = 256
const LOOK_MS = 0.01 // at one file
const HASH_BYTES_PER_MS = 1_000_000

interface Settling {
  /** It changed again while it was waited for, so often. */
  readonly changes: number
  readonly cancel: () => void
}

export interface WatchOptions {
  readonly tree: SimTree
  readonly thread: FolderThread
  readonly hooks: FolderHooks
  /** What the index says. */
  readonly agreed: Map<FolderPath, DiskState>
  readonly missedEvents: number
  readonly rescanMs: number
}

export class FolderWatch {
  readonly #settling = new Map<FolderPath, Settling>()
  readonly #quiet = new Set<FolderPath>()
  #problems = '[]'
  /** What our own call works on. */
  #own: FolderPath | null = null
  #isReporting = false
  #isOver = false

  constructor(private readonly options: WatchOptions) {
    options.tree.onChange = (path) => this.#changed(path)
    this.scan()
    this.#scanAgain()
  }

  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.options.tree.onChange = () => {}
    for (const { cancel } of this.#settling.values()) cancel()
  }

  /** What `action` changes at this path is no user's doing. Directories that it makes above are seen: the core knows nothing of them. */
  own(path: FolderPath, action: () => void): void {
    this.#own = path
    action()
    this.#own = null
  }

  /** The core knows what stands here now. */
  agree(path: FolderPath): DiskState | null {
    const { tree, agreed } = this.options
    const state = tree.stateOf(path)
    if (state === null) agreed.delete(path)
    else agreed.set(path, state)
    return state
  }

  /** The core still takes this for what stands here: it will see what does. */
  mistaken(path: FolderPath, state: DiskState | null): void {
    if (this.#isOver) return
    if (state === null) this.options.agreed.delete(path)
    else this.options.agreed.set(path, state)
    this.#settle(path)
  }

  scan(): void {
    if (this.#isOver) return
    const { tree, thread, agreed } = this.options
    const paths = [...new Set([...agreed.keys(), ...tree.things.keys()])].toSorted()
    this.#noteProblems(paths)
    this.#report(paths.filter((path) => !this.#settling.has(path) && this.#differs(path)))
    thread.ask(LOOK_MS * paths.length, () => this.#whenReported())
  }

  #changed(path: FolderPath | null): void {
    const { thread, missedEvents } = this.options
    if (path === null) this.#after(SETTLE_MS, () => void this.#isLost())
    else if (this.#own === path) this.agree(path)
    else if (this.#own !== null || !thread.random.chance(missedEvents)) this.#settle(path)
  }

  #settle(path: FolderPath): void {
    const before = this.#settling.get(path)
    before?.cancel()
    const changes = before === undefined ? 0 : before.changes + 1
    const cancel = this.#after(Math.min(LONGEST_SETTLE_MS, SETTLE_MS * 2 ** changes), () => {
      this.#settling.delete(path)
      this.#report([path])
    })
    this.#settling.set(path, { changes, cancel })
  }

  #isLost(): boolean {
    const { tree, thread, hooks } = this.options
    if (this.#isOver || tree.marker !== null) return this.#isOver
    this.stop()
    thread.tell(() => hooks.lost('the marker of the folder is gone'))
    return true
  }

  /** A scan has ended when all it found was told. */
  #whenReported(): void {
    const { thread, hooks } = this.options
    if (this.#isOver) return
    if (this.#isReporting) thread.ask(1, () => this.#whenReported())
    else thread.tell(() => hooks.scanned())
  }

  #scanAgain(): void {
    this.#after(this.options.rescanMs, () => {
      if (this.#isOver || this.#isLost()) return
      this.scan()
      this.#scanAgain()
    })
  }

  #report(paths: readonly FolderPath[]): void {
    for (const path of paths) this.#quiet.add(path)
    if (this.#isReporting || this.#quiet.size === 0) return
    this.#isReporting = true
    this.options.thread.ask(1, () => this.#reportSome())
  }

  #reportSome(): void {
    const { thread, hooks } = this.options
    this.#isReporting = false
    if (this.#isLost()) return
    const paths = [...this.#quiet].toSorted().slice(0, BATCH)
    for (const path of paths) this.#quiet.delete(path)
    const seen = paths.filter((path) => this.#differs(path) && !this.#settling.has(path)).map((path) => this.#see(path))
    if (seen.length > 0) thread.tell(() => hooks.seen(seen))
    if (this.#quiet.size === 0) return
    this.#isReporting = true
    const bytes = seen.reduce((sum, { state }) => sum + (state?.size ?? 0), 0)
    thread.ask(1 + bytes / HASH_BYTES_PER_MS, () => this.#reportSome())
  }

  #differs(path: FolderPath): boolean {
    const { tree, agreed } = this.options
    return pathFault(path) === null && !isSameState(tree.stateOf(path), agreed.get(path) ?? null)
  }

  #see(path: FolderPath): Seen {
    const thing = this.options.tree.things.get(path)
    const state = this.agree(path)
    if (thing === undefined || state === null) return { path, state: null }
    return { path, state, content: thing.kind === 'file' ? contentOf(thing.bytes) : null }
  }

  #noteProblems(paths: readonly FolderPath[]): void {
    const { thread, hooks } = this.options
    const problems = paths.flatMap((path) => {
      const reason = pathFault(path)
      return reason === null ? [] : [{ path, reason }]
    })
    const said = JSON.stringify(problems)
    if (said === this.#problems) return
    this.#problems = said
    thread.tell(() => hooks.problems(problems.slice(0, MAX_PROBLEMS)))
  }

  #after(delayMs: number, action: () => void): () => void {
    const { process, now } = this.options.thread
    return process.at(now + delayMs, 'folder quiet', action)
  }
}
