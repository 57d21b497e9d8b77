/**
 * A folder that is open: scanned as a whole now and then, watched all the time, and each path that an event names looked
 * at when it was left alone. Events are hints alone: what counts is how the disk differs from `States`.
 */

import { basename } from 'node:path'
import { performance } from 'node:perf_hooks'
import { MAX_FILE_BYTES } from '../../folder/content.js'
import { isReserved, nameOf, parentOf, pathFault } from '../../folder/path.js'
import { type FolderPath, isSameState, type Problem, type Seen } from '../../folder-disk.js'
import { errorText } from '../error-text.js'
import { Differences } from './differences.js'
import type { Hold } from './marker.js'
import { Problems } from './problems.js'
import type { Look } from './root.js'
import { RULES_FILE, type Rules } from './rules.js'
import { Scan } from './scan.js'
import { SeenQueue } from './seen-queue.js'
import { LONGEST_QUIET_MS, QUIET_MS, Settle } from './settle.js'
import type { States } from './states.js'
import { type Watch, Watches } from './watch.js'

const SLICE_NAMES = 512
/** So many events in one turn, and some may have been lost (Linux keeps 16,384, and says nothing of the rest). */
const BURST = 1_000
const AFTER_BURST_MS = 1_000
/** While bursts go on, scans take a tenth of the time. */
const BURST_SHARE = 10
export const PAUSE_MS = 60_000
/** Scans take a 200th of the time; a 20th where they are all that there is. */
const PAUSE_SHARE = 200
const UNWATCHED_SHARE = 20

const UNWATCHED =
  'no more watches to be had: some changes are seen only after a minute or more (raise fs.inotify.max_user_watches)'

export interface FolderReports {
  seen(changes: readonly Seen[]): void
  scanned(): void
  problems(problems: readonly Problem[]): void
  rulesChanged(): void
  /** Nothing comes after this. */
  lost(reason: string): void
}

export interface WatchedFolderOptions {
  readonly hold: Hold
  readonly rules: Rules
  readonly states: States
  readonly watch: Watch
  /** At least this between two scans. */
  readonly pauseMs: number
  readonly reports: FolderReports
}

interface Whole {
  readonly scan: Scan
  /** Files that it found when they were just being written. */
  readonly recent: Set<FolderPath>
  isListed: boolean
  busyMs: number
}

export class WatchedFolder {
  readonly #options: WatchedFolderOptions
  readonly #settle = new Settle((paths) => this.#settled(paths))
  readonly #watches: Watches
  readonly #problems: Problems
  readonly #seen: SeenQueue
  readonly #differences: Differences
  /** Of directories that are new. */
  readonly #parts: Scan[] = []
  #whole: Whole | null = null
  #isScanDue = false
  #busyMs = 0
  #isUnwatched = false
  /** Why the rules that stand there do not count. */
  #rulesFault: string | null = null
  #events = 0
  #pause: NodeJS.Timeout | null = null
  #burst: NodeJS.Timeout | null = null
  #turn: NodeJS.Immediate | null = null
  #isClosed = false

  constructor(options: WatchedFolderOptions) {
    const { hold, states, rules, reports } = options
    this.#options = options
    this.#watches = new Watches(options.watch, {
      event: (directory, name) => this.#event(directory, name),
      limited: () => this.#limited(),
    })
    this.#problems = new Problems((problems) => reports.problems(problems))
    this.#seen = new SeenQueue(states, (changes) => reports.seen(changes))
    this.#differences = new Differences({
      hold,
      states,
      seen: this.#seen,
      again: (path) => this.touch(path),
      problem: (path, reason) => this.#problems.set(path, reason),
      ignores: (path, isDirectory) => rules.ignores(path, isDirectory),
      gone: (path) => this.#watches.drop(path),
      lost: (reason) => this.#lost(reason),
    })
    this.rescan()
  }

  /** Scans the whole folder soon. */
  rescan(): void {
    this.#isScanDue = true
    this.#work()
  }

  /** Looks at this path when it was left alone for a while. */
  touch(path: FolderPath): void {
    if (!this.#isClosed && !this.#settle.touch(path)) this.#missed()
  }

  /** A list of `seen` was taken. */
  taken(): void {
    this.#seen.taken()
    this.#work()
  }

  close(): void {
    this.#isClosed = true
    if (this.#pause !== null) clearTimeout(this.#pause)
    if (this.#burst !== null) clearTimeout(this.#burst)
    if (this.#turn !== null) clearImmediate(this.#turn)
    this.#settle.clear()
    this.#watches.close()
    this.#differences.close()
  }

  /** One slice of all that is to be done, then a turn for others. */
  #work(): void {
    if (this.#isClosed) return
    this.#turn ??= setImmediate(() => {
      this.#turn = null
      if (this.#isScanDue && this.#whole === null) this.#begin()
      if (!this.#seen.isFull) this.#step()
      if (this.#isClosed) return
      this.#seen.flush()
      const isIdle = this.#parts.length === 0 && this.#differences.isEmpty
      if (isIdle && this.#seen.isEmpty && this.#isOver(this.#whole)) this.#scanned(this.#whole)
      // not while they are being found again
      if (this.#parts.length === 0 && this.#whole?.isListed !== false) this.#problems.flush()
      // a full queue goes on when some of it was taken
      if (!this.#seen.isFull && (!isIdle || this.#whole?.isListed === false)) this.#work()
    })
  }

  #step(): void {
    const whole = this.#whole
    if (this.#parts.at(-1)?.step(SLICE_NAMES) === true) this.#parts.pop()
    if (whole !== null && !whole.isListed) {
      const started = performance.now()
      whole.isListed = whole.scan.step(SLICE_NAMES)
      whole.busyMs += performance.now() - started
      if (whole.isListed) this.#listed(whole)
    }
    this.#differences.step(this.#parts.length > 0 || whole?.isListed === false)
  }

  #begin(): void {
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#isScanDue = false
    this.#isUnwatched = false
    this.#problems.beginRound()
    this.#loadRules()
    this.#whole = { scan: this.#scan('', true), recent: new Set(), isListed: false, busyMs: 0 }
  }

  #listed(whole: Whole): void {
    this.#problems.endRound()
    if (whole.recent.size === 0) return
    this.#pause = setTimeout(() => {
      whole.recent.clear() // somebody goes on writing: the rest does not wait for that
      this.#work()
    }, LONGEST_QUIET_MS)
  }

  #isOver(whole: Whole | null): whole is Whole {
    return whole?.isListed === true && whole.recent.size === 0
  }

  #scanned({ busyMs }: Whole): void {
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#whole = null
    this.#busyMs = busyMs
    if (!this.#isHeld()) return
    this.#watches.keepOnly((path) => path === '' || this.#options.states.get(path)?.kind === 'directory')
    this.#options.reports.scanned()
    const share = this.#isUnwatched ? UNWATCHED_SHARE : PAUSE_SHARE
    this.#pause = setTimeout(() => this.rescan(), Math.max(this.#options.pauseMs, share * busyMs))
    if (this.#isScanDue) this.#work()
  }

  /** `isWhole`: also directories that are known and watched. */
  #scan(from: FolderPath, isWhole: boolean): Scan {
    const { root } = this.#options.hold
    return new Scan(root, this.#options.states, from, {
      met: (path, look) => this.#meet(path, look) || (isWhole && this.#isListed(path, look)),
      enter: (directory, inode) => {
        this.#problems.clearIn(directory)
        this.#watches.add(directory, root.absolute(directory), inode)
      },
      problem: (path, reason) => this.#problems.set(path, reason),
    })
  }

  #event(directory: FolderPath, name: string | null): void {
    if (this.#isClosed) return
    if (this.#events++ === 0) setImmediate(() => (this.#events = 0))
    if (this.#events > BURST) this.#missed()
    const { root } = this.#options.hold
    if (directory === '' && (name === basename(root.directory) || name === basename(root.marker))) this.touch('')
    if (directory !== '' && name === nameOf(directory)) {
      // its own name: it was moved or deleted, and whatever stands there by now is not watched, even with the same inode
      this.#watches.drop(directory)
      this.touch(directory)
    }
    // where a name is missing, or is not Unicode, the directory tells which it was
    if (name === null || name.includes('\ufffd')) this.touch(`${directory}/`)
    else if (!this.#isOurs(directory, name)) this.touch(directory === '' ? name : `${directory}/${name}`)
  }

  /** Some events were lost, or too many came: all is looked at a little later. */
  #missed(): void {
    this.#burst ??= setTimeout(
      () => {
        this.#burst = null
        this.rescan()
      },
      Math.max(AFTER_BURST_MS, BURST_SHARE * this.#busyMs),
    )
  }

  #isOurs(directory: FolderPath, name: string): boolean {
    return directory === '' && (isReserved(name) || this.#options.hold.root.isOutside(name))
  }

  #settled(paths: readonly string[]): void {
    for (const path of paths) {
      this.#whole?.recent.delete(path)
      if (path === '') this.#isHeld()
      else if (path.endsWith('/')) this.#parts.push(this.#scan(path.slice(0, -1), false))
      else this.#look(path)
      if (this.#isClosed) return
    }
    this.#work()
  }

  #look(path: FolderPath): void {
    const { hold, states } = this.#options
    try {
      if (path === RULES_FILE && this.#loadRules()) this.rescan()
      const above = parentOf(path)
      const isKnown = above === null || states.get(above) !== undefined
      const directory = above === null ? null : hold.root.lookAbove(path)
      // what is not known is listed, which finds this path; what is no directory any more is told instead
      if (above !== null && (!isKnown || directory?.kind !== 'directory')) this.#look(above)
      else if (this.#meet(path, hold.root.lookAt(path))) this.#parts.push(this.#scan(path, false))
    } catch (error) {
      this.#problems.set(path, `cannot be read: ${errorText(error)}`)
    }
  }

  /** Whether there are other rules now. Where they cannot be read, those that were read last stay. */
  #loadRules(): boolean {
    const { hold, rules, reports } = this.#options
    this.#rulesFault = null
    try {
      if (!rules.load(hold.root)) return false
      reports.rulesChanged()
      return true
    } catch (error) {
      this.#rulesFault = `the old rules stay: ${errorText(error)}`
      this.#problems.set(RULES_FILE, this.#rulesFault)
      return false
    }
  }

  /** Compares what stands there with what is known. True: it is a directory that was not listed yet. */
  #meet(path: FolderPath, look: Look): boolean {
    const known = this.#options.states.get(path)
    if (this.#isSilent(path, look.kind === 'directory' || (look.kind === 'nothing' && known?.kind === 'directory'))) {
      this.#problems.clearBelow(path)
      return false
    }
    const reason = look.kind === 'nothing' ? null : look.kind === 'blocked' ? look.reason : faultOf(path, look.size)
    if (reason !== null) {
      this.#problems.set(path, reason)
      return false
    }
    if (look.kind !== 'directory') this.#problems.clearBelow(path)
    else this.#problems.clear(path)
    if (path === RULES_FILE && this.#rulesFault !== null) this.#problems.set(path, this.#rulesFault)
    if (look.kind === 'nothing') {
      this.#watches.drop(path)
      if (known !== undefined) this.#differences.gone(path)
    } else if (look.kind !== 'blocked' && (known === undefined || !isSameState(known, look))) {
      this.#differs(path, look)
    }
    return look.kind === 'directory' && (known?.kind !== 'directory' || !this.#watches.has(path, look.inode))
  }

  #differs(path: FolderPath, look: Extract<Look, { readonly size: number }>): void {
    if (look.kind === 'directory') this.#differences.directory(path, look)
    else if (isRecent(look.mtimeMs)) {
      if (this.#whole?.isListed === false) this.#whole.recent.add(path)
      this.touch(path)
    } else this.#differences.file(path, look)
  }

  /** Whether a scan of all goes into it. */
  #isListed(path: FolderPath, look: Look): boolean {
    return look.kind === 'directory' && pathFault(path) === null && !this.#isSilent(path, true)
  }

  /** Not shared, and nothing to be said of it. */
  #isSilent(path: FolderPath, isDirectory: boolean): boolean {
    const { hold, rules } = this.#options
    return isReserved(path) || hold.root.isOutside(path) || rules.ignores(path, isDirectory)
  }

  #limited(): void {
    this.#isUnwatched = true
    this.#problems.set('', UNWATCHED)
  }

  #isHeld(): boolean {
    const fault = this.#options.hold.fault()
    if (fault !== null) this.#lost(fault)
    return fault === null
  }

  #lost(reason: string): void {
    if (this.#isClosed) return
    this.close()
    this.#options.reports.lost(reason)
  }
}

function faultOf(path: FolderPath, size: number): string | null {
  return pathFault(path) ?? (size > MAX_FILE_BYTES ? 'it is larger than 256 GiB' : null)
}

/** Whether somebody may still be writing: a later write could leave the same time behind. */
function isRecent(mtimeMs: number): boolean {
  const ageMs = Date.now() - mtimeMs
  return ageMs >= 0 && ageMs < QUIET_MS
}
