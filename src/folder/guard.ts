/**
 * Stands between the disk and the index, so that a slip (or a program gone wrong) does not delete the folder everywhere.
 * A few deletions pass at once. More of them wait until they have ended; if together, within ten seconds, they are more
 * than half of the files, they are held until the user says what is meant. What only moved is no deletion.
 */
import type { Hash } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { FolderPath, Seen } from '../folder-disk.js'
import type { Index } from './contract.js'

/** Files that may go without a question, however few there are. */
const FREE_FILES = 10
const WINDOW_MS = 10_000
/** Deletions that are more than a few wait until none came for so long. */
const QUIET_MS = 1_000

export interface GuardHooks {
  /** There is a question now, or none any more. */
  changed(): void
}

export class Guard {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #index: () => Index
  readonly #hooks: GuardHooks
  /** Deletions that wait, of files and directories: paths that stand in the index. */
  readonly #held = new Map<FolderPath, Seen>()
  /** When files that were deleted went to the index, the oldest first. */
  #passed: { readonly time: number; readonly count: number }[] = [] // within the window
  /** Contents that came up within the window. */
  readonly #arrived = new Map<Hash, number>() // at most one a path of the index
  #timer: Cancel | null = null
  #isAsking = false

  constructor(env: Pick<Env, 'now' | 'after'>, index: () => Index, hooks: GuardHooks) {
    this.#env = env
    this.#index = index
    this.#hooks = hooks
  }

  /** Deletions that wait for an answer; 0 where there is no question. */
  get asked(): number {
    return this.#isAsking ? this.#held.size : 0
  }

  /** What the disk found; it goes to the index now or later. */
  seen(changes: readonly Seen[]): void {
    const pass: Seen[] = []
    for (const change of changes) {
      if (change.state !== null) {
        this.#held.delete(change.path)
        if (change.content !== null) this.#arrived.set(change.content.id, this.#env.now())
        pass.push(change)
      } else if (this.#isAsking || this.#held.size > 0 || !this.#isFree()) this.#held.set(change.path, change)
      else {
        this.#note(this.#isFile(change.path) ? 1 : 0)
        pass.push(change)
      }
    }
    if (pass.length > 0) this.#index().local(pass)
    if (this.#held.size === 0) this.#settle()
    else if (!this.#isAsking) this.#decideSoon()
  }

  /** That was meant. */
  confirm(): void {
    this.#pass()
    this.#settle()
  }

  /** That was not meant: all of it is needed again. */
  restore(): readonly FolderPath[] {
    const paths = [...this.#held.keys()]
    this.#held.clear()
    this.#settle()
    this.#index().missing(paths)
    return paths
  }

  /** The disk is away; when it is back it says again what is gone. */
  stop(): void {
    this.#held.clear()
    this.#arrived.clear()
    this.#passed = []
    this.#settle()
  }

  /** Whether one more may go at once. */
  #isFree(): boolean {
    return this.#recent() < FREE_FILES
  }

  #decideSoon(): void {
    this.#timer?.()
    this.#timer = this.#env.after(QUIET_MS, () => {
      this.#timer = null
      if (this.#isMass()) {
        this.#isAsking = true
        this.#hooks.changed()
      } else this.#pass()
    })
  }

  #isMass(): boolean {
    const recent = this.#recent()
    let deleted = recent
    for (const path of this.#held.keys()) if (this.#isFile(path) && !this.#hasMoved(path)) deleted++
    const before = this.#index().totals().files + recent
    return deleted > FREE_FILES && deleted * 2 > before
  }

  #pass(): void {
    const changes = [...this.#held.values()]
    this.#held.clear()
    let files = 0
    for (const { path } of changes) if (this.#isFile(path) && !this.#hasMoved(path)) files++
    // an answer was given, or they are too few: they count no more than others do
    if (!this.#isAsking) this.#note(files)
    this.#index().local(changes)
  }

  #settle(): void {
    this.#timer?.()
    this.#timer = null
    if (!this.#isAsking) return
    this.#isAsking = false
    this.#passed = []
    this.#hooks.changed()
  }

  #isFile(path: FolderPath): boolean {
    return this.#index().get(path)?.here?.state.kind === 'file'
  }

  #hasMoved(path: FolderPath): boolean {
    const content = this.#index().get(path)?.here?.content ?? null
    return content !== null && this.#arrived.has(content)
  }

  #note(count: number): void {
    if (count > 0) this.#passed.push({ time: this.#env.now(), count })
  }

  /** Files that went to the index within the window. */
  #recent(): number {
    const since = this.#env.now() - WINDOW_MS
    this.#passed = this.#passed.filter(({ time }) => time > since)
    return this.#passed.reduce((sum, { count }) => sum + count, 0)
  }
}
