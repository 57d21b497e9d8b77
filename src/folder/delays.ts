/**
 * Paths with which nothing can be done now, why, and when to try again: after one second and longer each time in a row
 * where the disk failed, after a minute where the path is not possible here.
 */
import type { Cancel, Env } from '../env.js'
import { type FolderPath, IGNORED, ONE_FILE, type Problem } from '../folder-disk.js'

const FIRST_MS = 1_000
const LONGEST_MS = 60_000
/** Due paths are looked for so often while there are any. */
const LOOK_MS = 1_000

/** `skipped`: not possible here. `failed`: the disk failed, or something else stood there. `starved`: nobody has its bytes. */
export type DelayKind = 'skipped' | 'failed' | 'starved'

interface Delay {
  readonly kind: DelayKind
  readonly reason: string
  readonly until: number
  readonly tries: number
  /** Since when it is so. */
  readonly since: number
  /** It is being tried again. */
  readonly isTried: boolean
}

export class Delays {
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #due: (path: FolderPath) => void
  readonly #delays = new Map<FolderPath, Delay>() // at most as many as the index has paths
  #timer: Cancel | null = null
  /** How many are not possible here. */
  #skipped = 0

  constructor(env: Pick<Env, 'now' | 'after'>, due: (path: FolderPath) => void) {
    this.#env = env
    this.#due = due
  }

  /** Whether its time has not come. */
  holds(path: FolderPath): boolean {
    return this.#delays.get(path)?.isTried === false
  }

  add(path: FolderPath, kind: DelayKind, reason: string): void {
    const before = this.#delays.get(path)
    const tries = (before?.tries ?? 0) + 1
    const since = before?.kind === kind ? before.since : this.#env.now()
    const waitMs = kind === 'skipped' ? LONGEST_MS : Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 10))
    if (this.isSkipped(path)) this.#skipped--
    this.#delays.set(path, { kind, reason, until: this.#env.now() + waitMs, tries, since, isTried: false })
    if (kind === 'skipped') this.#skipped++
    this.#arm()
  }

  /** For how long it has been so; 0 where nothing keeps it. */
  ageMs(path: FolderPath): number {
    return this.#env.now() - (this.#delays.get(path)?.since ?? this.#env.now())
  }

  /** It was done, or is another version now. */
  delete(path: FolderPath): void {
    if (this.isSkipped(path)) this.#skipped--
    this.#delays.delete(path)
  }

  /** Tries it again now. */
  wake(path: FolderPath): void {
    const delay = this.#delays.get(path)
    if (delay === undefined || delay.isTried) return
    this.#delays.set(path, { ...delay, isTried: true })
    this.#due(path)
  }

  /** Tries again all of that kind. */
  wakeAll(kind: DelayKind): void {
    for (const [path, delay] of [...this.#delays]) if (delay.kind === kind) this.wake(path)
  }

  clear(): void {
    this.#delays.clear()
    this.#skipped = 0
    this.#timer?.()
    this.#timer = null
  }

  /** Whether it is not possible here. */
  isSkipped(path: FolderPath): boolean {
    return this.#delays.get(path)?.kind === 'skipped'
  }

  /** How many are not possible here. */
  get skipped(): number {
    return this.#skipped
  }

  /** Nobody has had their bytes for so long. */
  *starvedFor(ageMs: number): Iterable<FolderPath> {
    for (const [path, { kind, since }] of this.#delays) {
      if (kind === 'starved' && this.#env.now() - since >= ageMs) yield path
    }
  }

  /** What keeps failing here, and not because its user wants it so; for people. */
  *problems(): Iterable<Problem> {
    for (const [path, { kind, reason, tries }] of this.#delays) {
      const isWish = reason === ONE_FILE || reason === IGNORED
      if (!isWish && (kind === 'skipped' || tries > 1)) yield { path, reason }
    }
  }

  #arm(): void {
    this.#timer ??= this.#env.after(LOOK_MS, () => {
      this.#timer = null
      const now = this.#env.now()
      for (const [path, { until, isTried }] of [...this.#delays]) if (!isTried && until <= now) this.wake(path)
      for (const { isTried } of this.#delays.values()) {
        if (isTried) continue
        this.#arm()
        break
      }
    })
  }
}
