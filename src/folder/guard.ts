/**
 * Stands between the disk and the index, so that a slip (or a program gone wrong) does not delete the folder everywhere.
 * Deletions wait until no more of them come. If they are then more than ten, and with those of the last ten seconds more
 * than half of the files, they are held until the user says what is meant. What only moved is no deletion.
 */
import type { Cancel, Env } from '../env.js'
import type { FolderPath, Seen } from '../folder-disk.js'
import type { Index } from './contract.js'

/** Files that may go without a question, however few there are. */
const FREE_FILES = 10
const WINDOW_MS = 10_000
/** Deletions wait until none came for so long: a few, and more than that. */
const FEW_QUIET_MS = 300
const QUIET_MS = 1_000
/** They never wait longer. */
const LONGEST_MS = 10_000

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
  /** What came up within the window, the oldest first, and when. */
  readonly #arrived = new Map<FolderPath, number>() // paths of the index
  /** When the first of those that wait came. */
  #heldSince = 0
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
    const now = this.#env.now()
    const pass: Seen[] = []
    let isNew = false
    for (const change of changes) {
      const { path } = change
      if (change.state === null) {
        if (this.#held.size === 0) this.#heldSince = now
        this.#held.set(path, change)
        isNew = true
      } else {
        this.#held.delete(path)
        this.#arrived.delete(path)
        this.#arrived.set(path, now)
        pass.push(change)
      }
    }
    this.#forget(now)
    if (pass.length > 0) this.#index().local(pass)
    if (this.#held.size === 0) this.#settle()
    else if (isNew && !this.#isAsking) this.#decideSoon(now)
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

  #decideSoon(now: number): void {
    this.#timer?.()
    const quietMs = this.#held.size > FREE_FILES ? QUIET_MS : FEW_QUIET_MS
    const delayMs = Math.max(0, Math.min(quietMs, this.#heldSince + LONGEST_MS - now))
    this.#timer = this.#env.after(delayMs, () => {
      this.#timer = null
      this.#decide()
    })
  }

  #decide(): void {
    const { deleted, moved } = this.#count()
    const recent = this.#recent()
    // what moved stands in two places by now
    const before = this.#index().totals().files - moved + recent
    if (deleted + recent > FREE_FILES && (deleted + recent) * 2 > before) {
      this.#isAsking = true
      this.#hooks.changed()
    } else {
      if (deleted > 0) this.#passed.push({ time: this.#env.now(), count: deleted })
      this.#pass()
    }
  }

  #pass(): void {
    const changes = [...this.#held.values()]
    this.#held.clear()
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

  /** Files that wait: those whose bytes just came up at another path have moved. */
  #count(): { readonly deleted: number; readonly moved: number } {
    const index = this.#index()
    const arrived = new Set<string>()
    for (const path of this.#arrived.keys()) {
      const content = this.#held.has(path) ? null : (index.get(path)?.here?.version.content ?? null)
      if (content !== null) arrived.add(content)
    }
    let [deleted, moved] = [0, 0]
    for (const path of this.#held.keys()) {
      const content = index.get(path)?.here?.version.content ?? null
      if (content === null) continue
      if (arrived.has(content)) moved++
      else deleted++
    }
    return { deleted, moved }
  }

  /** Files that went to the index within the window. */
  #recent(): number {
    this.#forget(this.#env.now())
    return this.#passed.reduce((sum, { count }) => sum + count, 0)
  }

  #forget(now: number): void {
    const since = now - WINDOW_MS
    this.#passed = this.#passed.filter(({ time }) => time > since)
    for (const [path, time] of this.#arrived) {
      if (time > since) break
      this.#arrived.delete(path)
    }
  }
}
