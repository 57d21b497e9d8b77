/**
 * Makes this disk what the index wants it to be: begins what is needed in the order of the queue, a bounded part of it at
 * once, and comes back to what could not be done.
 * Invariant: what another path still needs the bytes of is neither removed nor replaced, unless that path is not possible
 * here.
 */
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import {
  type DiskState,
  type FolderDisk,
  type FolderPath,
  isSameState,
  type Problem,
  type RemoveOutcome,
  type WriteOutcome,
} from '../folder-disk.js'
import type { Mesh } from '../mesh.js'
import { blockCount } from './content.js'
import type { Index, Need } from './contract.js'
import { Delays } from './delays.js'
import type { Entry } from './entry.js'
import { Fetches } from './fetch.js'
import type { Filling } from './filling.js'
import type { Links } from './links.js'
import { Queue } from './queue.js'
import { Writes } from './writes.js'

/** Directories, removals and x bits that the disk is asked for at once. */
const MAX_OPERATIONS = 256
const FULL_RETRY_MS = 10_000
/** So long nobody who is there has had it. */
const FORSAKEN_MS = 60_000

export interface WorkParts {
  readonly env: Env
  readonly mesh: Mesh
  readonly disk: FolderDisk
  readonly index: () => Index
  readonly links: Links
  /** For people. */
  readonly nameOf: (peer: PeerId) => string
  readonly changed: () => void
}

type Outcome = WriteOutcome | RemoveOutcome

export class Work {
  readonly fetches: Fetches
  readonly #parts: WorkParts
  readonly #writes: Writes
  readonly #queue = new Queue()
  readonly #delays: Delays
  /** Directories, removals and x bits that the disk works on. */
  readonly #operations = new Map<FolderPath, Need>() // at most MAX_OPERATIONS
  /** Removals and replacements that wait because others need what stands there. */
  readonly #waiting = new Set<FolderPath>() // paths of the index
  /** Files whose bytes are under way for another path. */
  readonly #twins = new Map<string, Set<FolderPath>>() // by content that is under way
  #isRunning = false
  #turn: Cancel | null = null
  #full: string | null = null
  #fullTimer: Cancel | null = null
  #writtenBytes = 0
  /** Raised at every stop: what the disk answers after that came too late. */
  #era = 0

  constructor(parts: WorkParts) {
    this.#parts = parts
    const { env, mesh, disk, index, links } = parts
    this.#delays = new Delays(env, (path) => this.#review(path))
    this.fetches = new Fetches(env, mesh, disk, index, {
      mayHold: (path) => links.mayHold(path),
      lacks: (path, peer) => links.lacks(path, peer),
      takesPart: (peer) => links.takesPart(peer),
      listed: (filling) => this.#writes.listed(filling),
      filled: (filling) => this.#writes.filled(filling),
      starved: (filling) => this.#writes.starved(filling),
      full: (filling) => this.#dropped(filling),
    })
    this.#writes = new Writes(disk, index, this.fetches, {
      mayFinish: (filling) => !this.#isSource(filling.need),
      finished: (filling, outcome) => this.#finished(filling, outcome),
      ended: (filling) => this.#freeTwins(filling),
      starved: (path) => this.#starved(path),
      moved: () => this.#soon(),
    })
  }

  // ---- what happens

  /** The disk is there and what stands on it is known. */
  start(): void {
    this.#isRunning = true
    for (const path of [...this.#parts.index().needs()]) this.#review(path)
  }

  /** Nothing is written from now on; what is half done is dropped. */
  stop(): void {
    this.#isRunning = false
    this.#era++
    this.fetches.stop()
    this.#writes.stop()
    this.#queue.clear()
    this.#delays.clear()
    this.#operations.clear()
    this.#waiting.clear()
    this.#twins.clear()
    this.#fullTimer?.()
    this.#fullTimer = null
    this.#full = null
    this.#writtenBytes = 0
  }

  /** What this path needs may be something else now. */
  look(path: FolderPath): void {
    this.#delays.delete(path)
    this.#review(path)
    this.#countAnew()
  }

  /** That peer has the bytes of what is best there. */
  held(path: FolderPath, peer: PeerId): void {
    if (this.#parts.index().need(path) === null) return
    this.fetches.held(path, peer, this.#writes.get(path))
    // before the first scan has ended, too: a link takes some round trips, and what is needed is known by then
    if (this.#isRunning || this.#era === 0) this.fetches.expect(peer)
    this.#delays.wake(path)
  }

  /** Another version is best there: who held the one before does not matter. */
  superseded(path: FolderPath): void {
    this.fetches.forget(path)
  }

  /** Somebody is there whom to ask. */
  joined(): void {
    this.#delays.wakeAll('starved')
    this.fetches.review()
  }

  /** What was not possible may be now. */
  rulesChanged(): void {
    this.#delays.wakeAll('skipped')
  }

  // ---- views

  /** Why nothing is written; null while there is room. */
  get full(): string | null {
    return this.#full
  }

  /** Needs that are not possible here. */
  get skipped(): number {
    return this.#delays.skipped
  }

  /** Needs whose author is there and has the bytes no more, like all others who are linked, for a minute or longer. */
  get lost(): number {
    const { index, links } = this.#parts
    let count = 0
    for (const path of this.#delays.starvedFor(FORSAKEN_MS)) {
      const author = index().need(path)?.best.author
      if (author !== undefined && links.takesPart(author)) count++
    }
    return count
  }

  /** Sizes of the files that were written since there was something to do. */
  get writtenBytes(): number {
    return this.#writtenBytes
  }

  /** The same, and bytes of unfinished files that are here. */
  get doneBytes(): number {
    let bytes = this.#writtenBytes
    for (const filling of this.#writes.all()) bytes += filling.doneBytes
    return bytes
  }

  problems(): Iterable<Problem> {
    return this.#delays.problems()
  }

  // ---- one path

  #review(path: FolderPath): void {
    if (!this.#isRunning || this.#operations.has(path)) return
    const need = this.#parts.index().need(path)
    const filling = this.#writes.get(path)
    if (filling !== undefined) {
      if (filling.stage === 'finish') return
      if (need !== null && isSameJob(filling.need, need)) {
        filling.need = need
        return
      }
      this.#writes.drop(filling)
    }
    this.#waiting.delete(path)
    this.#queue.delete(path)
    if (need === null) {
      this.#delays.delete(path)
      if (this.#parts.index().isHeld(path)) this.fetches.forget(path)
    } else if (!this.#delays.holds(path)) this.#queue.add(need)
    this.#soon()
  }

  #soon(): void {
    this.#turn ??= this.#parts.env.after(0, () => {
      this.#turn = null
      this.#step()
    })
  }

  #step(): void {
    if (!this.#isRunning) return
    for (const path of [...this.#waiting]) this.#again(path)
    for (const filling of [...this.#writes.all()]) this.#writes.review(filling)
    this.#operateAll('directory')
    this.#operateAll('mode')
    this.#writeAll()
    const hasWrites = this.#full === null && this.#queue.sizeOf('write') > 0
    if (!hasWrites && this.#queue.sizeOf('directory') === 0 && !this.#writes.isCopying) {
      this.#operateAll('remove')
    }
    if (hasWrites && this.#operations.size === 0 && !this.#writes.isMoving) this.#release()
    this.#parts.changed()
  }

  /** There are as many files under way as may be, and each waits for one that is not: one after the other goes first. */
  #release(): void {
    for (const filling of [...this.#writes.all()]) this.#writes.review(filling, true)
  }

  #again(path: FolderPath): void {
    const need = this.#parts.index().need(path)
    if (need !== null && this.#isSource(need)) return
    this.#waiting.delete(path)
    if (need !== null) this.#operate(need)
  }

  #operateAll(kind: 'directory' | 'mode' | 'remove'): void {
    while (this.#operations.size < MAX_OPERATIONS) {
      const path = this.#queue.take(kind)
      if (path === undefined) return
      const need = this.#parts.index().need(path)
      if (need === null) continue
      if (this.#isSource(need)) this.#waiting.add(path)
      else this.#operate(need)
    }
  }

  /** Others need what stands there. */
  #isSource({ path, here }: Need): boolean {
    if (here?.kind !== 'file') return false
    return this.#parts.index().isSourceForOther(path, (other) => !this.#delays.isSkipped(other))
  }

  #operate(need: Need): void {
    const { path, here, best } = need
    const { disk } = this.#parts
    const era = this.#era
    const ended = (outcome: Outcome): void => {
      if (era !== this.#era) return
      this.#operations.delete(path)
      this.#ended(path, best, outcome)
    }
    if (need.kind === 'write') {
      this.#write(need)
      return
    }
    this.#operations.set(path, need)
    if (need.kind === 'directory') disk.makeDirectory(path, here, ended)
    else if (here === null) this.#parts.env.after(0, () => ended({ outcome: 'ok' }))
    else if (need.kind === 'remove') disk.remove(path, here, ended)
    else disk.setExecutable(path, here, best.executable, ended)
  }

  // ---- files

  #writeAll(): void {
    if (this.#full !== null) return
    let { files, large } = this.#writes.room()
    for (let next = this.#queue.next('write'); next !== undefined; next = this.#queue.next('write')) {
      const need = this.#parts.index().need(next)
      const isLarge = need !== null && blockCount(need.best.size) > 1
      // not all that are counted here did begin
      if (files <= 0 || (isLarge && large <= 0)) ({ files, large } = this.#writes.room())
      if (files <= 0 || (isLarge && large <= 0)) return
      files--
      if (isLarge) large--
      this.#queue.delete(next)
      if (need?.kind === 'write') this.#write(need)
      else if (need !== null) this.#queue.add(need)
    }
  }

  #write(need: Need): void {
    const { content } = need.best
    if (content === null) return
    if (this.#writes.ofContent(content) !== undefined && !this.#writes.isHere(content, need.best.size)) {
      const twins = this.#twins.get(content) ?? new Set()
      this.#twins.set(content, twins.add(need.path))
    } else if (!this.#writes.begin(need, content)) this.#starved(need.path)
  }

  #finished(filling: Filling, outcome: WriteOutcome): void {
    if (outcome.outcome === 'ok') this.#hasRoom()
    this.#ended(filling.path, filling.entry, outcome)
    const { list } = filling
    // they may have been forgotten while the file was under way
    if (outcome.outcome === 'ok' && list !== null) this.#parts.index().learn(list.id, list.size, list.blocks)
  }

  #dropped(filling: Filling): void {
    this.#writes.drop(filling)
    this.#ended(filling.path, filling.entry, { outcome: 'full', reason: 'the disk is full' })
  }

  #starved(path: FolderPath): void {
    const { index, links, nameOf } = this.#parts
    const author = index().need(path)?.best.author
    const by = author === undefined ? '' : nameOf(author)
    const seconds = Math.floor(this.#delays.ageMs(path) / 1000)
    this.#delays.add(path, 'starved', `no peer that is linked has had this version by ${by} for ${seconds} s`)
    if (!links.isAlone && this.#delays.ageMs(path) >= FORSAKEN_MS) index().forsaken(path)
  }

  /** Others of the same content may be copied from it now, or have to be fetched themselves. */
  #freeTwins({ content }: Filling): void {
    const twins = this.#twins.get(content) ?? []
    this.#twins.delete(content)
    for (const twin of twins) this.#review(twin)
  }

  // ---- outcomes

  #ended(path: FolderPath, entry: Entry, outcome: Outcome): void {
    if (outcome.outcome === 'ok') this.#done(path, entry, stateOf(outcome))
    else if (outcome.outcome === 'full') this.#isFull(outcome.reason)
    else this.#delays.add(path, outcome.outcome === 'skipped' ? 'skipped' : 'failed', outcome.reason)
    this.#review(path)
    this.#countAnew()
  }

  /** Where nothing is left that can be done, what comes next is counted from zero. */
  #countAnew(): void {
    if (this.#writtenBytes > 0 && this.#parts.index().totals().needItems <= this.skipped) this.#writtenBytes = 0
  }

  #done(path: FolderPath, entry: Entry, state: DiskState | null): void {
    const { index, links } = this.#parts
    this.#delays.delete(path)
    if (index().need(path)?.kind === 'write') this.#writtenBytes += entry.size
    index().applied(entry, state)
    if (index().isHeld(path)) links.arrived(path)
  }

  #isFull(reason: string): void {
    this.#full = reason
    this.#fullTimer ??= this.#parts.env.after(FULL_RETRY_MS, () => {
      this.#fullTimer = null
      this.#full = null
      this.#soon()
    })
  }

  #hasRoom(): void {
    this.#full = null
    this.#fullTimer?.()
    this.#fullTimer = null
  }
}

function stateOf(outcome: { readonly outcome: 'ok'; readonly state?: DiskState }): DiskState | null {
  return outcome.state ?? null
}

/** Whether what is under way for one is right for the other too. */
function isSameJob(a: Need, b: Need): boolean {
  const sameBytes = a.kind === b.kind && a.best.content === b.best.content && a.best.size === b.best.size
  const sameLook = a.best.executable === b.best.executable && a.best.mtimeMs === b.best.mtimeMs
  return sameBytes && sameLook && isSameState(a.here, b.here)
}
