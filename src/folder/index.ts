/**
 * The folder's index: of each path the best version that was heard of, and the one that stands on this disk. It takes what
 * the disk finds and what peers tell, decides which version wins, and says what is needed. Memory is authoritative; what a
 * crash loses of the store is found again by the next scan, or told again by others.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Content, DiskState, FolderPath, LocalBlock, Seen } from '../folder-disk.js'
import { conflictCopy, isConflictPath, originalPath } from './conflict-path.js'
import type { Index, IndexHooks, IndexOptions, Need, Taken, Totals } from './contract.js'
import { foundAt, ownDecision, ownEdit, seenHere } from './edit.js'
import { type Entry, type Found, type Here, isSame, type Known } from './entry.js'
import { entryFault } from './entry-check.js'
import { IndexStore } from './index-store.js'
import { Interned } from './interned.js'
import { countersOf, KnownPaths } from './known-paths.js'
import { isIdentical, isLoser, mergeEntries } from './merge.js'
import { pathFault } from './path.js'

const DEFAULT_MAX_PATHS = 250_000
/** Counters for each of these; versions with no more than that are always taken. */
const COUNTERS_PER_PATH = 8
/** So long a deletion is remembered; whoever was away longer begins anew. */
const MEMORY_MS = 180 * 86_400_000
const TEND_MS = 3_600_000
/** Copies of a copy's place that is taken: only planted names come this far. */
const MAX_COPY_DEPTH = 8

export class FolderIndex implements Index {
  readonly #env: Pick<Env, 'wallTime' | 'identity'>
  readonly #options: IndexOptions
  readonly #hooks: IndexHooks
  readonly #paths: KnownPaths
  readonly #store: IndexStore
  readonly #interned = new Interned()
  #marker: string | null = null
  #isLoaded = false
  /** Away for too long: what stands here counts as that of another folder. */
  #wasAway = false
  /** Found in a folder that is not ours, until it was scanned. */
  #isOther = false
  #isFull = false
  #tendedMs = 0
  /** Files that had live paths below them at the last `tend`. */
  #clashes: ReadonlySet<FolderPath> = new Set() // some of the paths

  constructor(env: Pick<Env, 'store' | 'after' | 'wallTime' | 'identity'>, options: IndexOptions, hooks: IndexHooks) {
    this.#env = env
    this.#options = options
    this.#hooks = hooks
    this.#paths = new KnownPaths(options.mode !== 'read-only', {
      needChanged: (path) => {
        if (this.#isLoaded) hooks.needChanged(path)
      },
      blocksKept: (id, blocks) => {
        if (this.#isLoaded) this.#store.setBlocks(id, blocks)
      },
    })
    this.#store = new IndexStore(env, (path) => this.#paths.get(path))
  }

  get marker(): string | null {
    return this.#marker
  }

  load(): void {
    const { marker, lastThereMs, paths, blocks, damaged } = this.#store.load()
    this.#marker = marker
    this.#wasAway = lastThereMs !== null && this.#env.wallTime() - lastThereMs > MEMORY_MS
    if (damaged > 0) this.#hooks.warn(`${damaged} records of the folder's index were damaged: the files are read again`)
    if (this.#wasAway) {
      this.#hooks.warn('this peer was away for more than 180 days: what the others know of the folder wins')
      for (const known of paths) this.#store.changed(known.best.path)
    } else for (const known of paths) this.#paths.put(known.best.path, this.#interned.known(known))
    for (const [id, bytes] of blocks) {
      const size = this.#paths.sizeOf(id)
      if (size === null || !this.#paths.contents.keep(id, size, bytes)) this.#store.setBlocks(id, null)
    }
    this.#isLoaded = true
    if (this.#options.mode !== 'receive-only') this.#tellUntold()
  }

  opened(marker: string, isOther: boolean): void {
    this.#marker = marker
    if (!isOther && !this.#wasAway) {
      if (!this.#isOther) this.#store.setMarker(marker)
    } else {
      this.#isOther = true
      this.#wasAway = false
      // until it was scanned: after a crash in between all is found once more, and still counts as older
      this.#store.setMarker(null)
      this.#paths.setNeeding(false)
      for (const [path, { best, here, untold }] of this.#paths.all()) {
        if (here !== null || untold) this.#put(path, { best, here: null, untold: false })
      }
    }
  }

  scanned(): void {
    if (!this.#isOther) return
    this.#isOther = false
    if (this.#marker !== null) this.#store.setMarker(this.#marker)
    this.#paths.setNeeding(this.#options.mode !== 'read-only')
  }

  *known(): Iterable<readonly [FolderPath, DiskState]> {
    for (const [path, { here }] of this.#paths.all()) if (here !== null) yield [path, here.state]
  }

  get(path: FolderPath): Known | undefined {
    return this.#paths.get(path)
  }

  local(changes: readonly Seen[]): void {
    const rank = (seen: Seen) => (seen.state?.kind === 'directory' ? 0 : 1)
    // directories first: one that is made anew is not taken for one that only what is below it keeps
    for (const seen of changes.toSorted((a, b) => rank(a) - rank(b))) this.#found(seen)
  }

  missing(paths: Iterable<FolderPath>): void {
    for (const path of paths) {
      const known = this.#paths.get(path)
      if (known !== undefined && known.here !== null) this.#put(path, { best: known.best, here: null, untold: false })
    }
  }

  remote(entry: Entry, from: PeerId): Taken {
    const wallTimeMs = this.#env.wallTime()
    const fault = entryFault(entry, wallTimeMs)
    if (fault !== null) return { how: 'refused', ...fault }
    // others may not have forgotten it yet
    const isForgotten = entry.kind === 'deleted' && entry.mtimeMs < wallTimeMs - MEMORY_MS
    if (isForgotten && this.#paths.get(entry.path) === undefined) return { how: 'known' }
    return this.#take(this.#interned.entry(entry), from)
  }

  applied(entry: Entry, state: DiskState | null): void {
    const known = this.#paths.get(entry.path)
    if (known === undefined) return
    const here = state === null ? null : placed({ version: entry, state }, known.best)
    this.#put(entry.path, { best: known.best, here, untold: false })
  }

  need(path: FolderPath): Need | null {
    return this.#paths.needs.get(path) ?? null
  }

  forsaken(path: FolderPath): void {
    const known = this.#paths.get(path)
    const { id } = this.#env.identity
    if (known?.best.author !== id || this.need(path)?.kind !== 'write') return
    const { best, here } = known
    if (here === null && !isConflictPath(path)) return
    const wallTimeMs = this.#env.wallTime()
    const found = foundAt(path, here?.state ?? null, here?.version.content ?? null, wallTimeMs)
    const decision = this.#interned.entry(ownDecision(found, id, best, wallTimeMs))
    this.#take(decision, null, { here: here === null ? null : { ...here, version: decision } })
  }

  giveUp(copy: FolderPath): void {
    const known = this.#paths.get(copy)
    if (known === undefined || known.here !== null) return
    const wallTimeMs = this.#env.wallTime()
    const found = foundAt(copy, null, null, wallTimeMs)
    this.#take(this.#interned.entry(ownEdit(found, this.#env.identity.id, known.best, known.best, wallTimeMs)), null)
  }

  needs(): Iterable<FolderPath> {
    return this.#paths.needs.keys()
  }

  isSourceForOther(path: FolderPath, counts: (other: FolderPath) => boolean = () => true): boolean {
    return this.#paths.isSourceForOther(path, counts)
  }

  contentOf(id: Hash, sizeBytes?: number): Content | null {
    const size = sizeBytes ?? this.#paths.sizeOf(id)
    const blocks = size === null ? null : this.#paths.contents.blocksOf(id, size)
    return size === null || blocks === null ? null : { id, size, blocks }
  }

  learn(id: Hash, sizeBytes: number, blocks: Uint8Array): boolean {
    return this.#paths.contents.keep(id, sizeBytes, blocks)
  }

  locate(block: Hash): LocalBlock | null {
    return this.#paths.locate(block)
  }

  digests(): Uint8Array {
    return this.#paths.digests.all()
  }

  bucket(index: number): Iterable<FolderPath> {
    return this.#paths.digests.paths(index)
  }

  isHeld(path: FolderPath): boolean {
    const known = this.#paths.get(path)
    return known?.best.kind !== 'file' || known.here?.version.content === known.best.content
  }

  totals(): Totals {
    return this.#paths.totals()
  }

  *conflicts(): Iterable<{ readonly path: FolderPath; readonly copy: FolderPath }> {
    for (const copy of this.#paths.copies) yield { path: originalPath(copy), copy }
  }

  tend(): void {
    const wallTimeMs = this.#env.wallTime()
    for (const path of [...this.#paths.clashes]) if (this.#clashes.has(path)) this.#makeDirectory(path, wallTimeMs)
    this.#clashes = new Set(this.#paths.clashes)
    if (Math.abs(wallTimeMs - this.#tendedMs) < TEND_MS) return
    this.#tendedMs = wallTimeMs
    if (!this.#isOther) this.#store.setLastThere(wallTimeMs)
    for (const [path, { best, here }] of this.#paths.all()) {
      const isForgotten = best.kind === 'deleted' && best.mtimeMs < wallTimeMs - MEMORY_MS
      if (isForgotten && here === null && !this.#paths.hasLiveBelow(path)) this.#put(path, null)
    }
  }

  flush(): void {
    this.#store.flush()
  }

  #put(path: FolderPath, known: Known | null): void {
    this.#paths.put(path, known)
    this.#store.changed(path)
  }

  #found({ path, state, ...seen }: Seen): void {
    const content = 'content' in seen ? seen.content : null
    const fault = pathFault(path)
    if (fault !== null) {
      this.#hooks.warn(`${path} is not shared: ${fault}`)
      return
    }
    const known = this.#paths.get(path)
    const wasHere = known?.here ?? null
    if (state === null && wasHere === null) return
    const wallTimeMs = this.#env.wallTime()
    const found = foundAt(path, state, content?.id ?? null, wallTimeMs)
    const hereAs = (version: Entry) => (state === null ? null : { version, state })
    if (known !== undefined && wasHere !== null && state !== null && isTouch(wasHere, state, found.content)) {
      this.#put(path, { ...known, here: hereAs(wasHere.version) })
    } else if (known !== undefined && this.#isBest(known, found)) {
      const version = isSame(found, known.best) ? known.best : { ...known.best, kind: found.kind }
      this.#put(path, { best: known.best, here: hereAs(version), untold: false })
    } else {
      const { id } = this.#env.identity
      const edit = this.#interned.entry(
        this.#isOther
          ? { ...found, author: id, made: null, vector: [] }
          : ownEdit(found, id, seenHere(known), known?.best ?? null, wallTimeMs),
      )
      if (this.#options.mode === 'receive-only') {
        if (known !== undefined) this.#put(path, { ...known, here: hereAs(edit), untold: true })
        return
      }
      const taken = this.#take(edit, null, { here: hereAs(edit) })
      if (taken.how === 'refused') this.#refuseOwn(path, taken.fault)
    }
    if (content !== null) this.#paths.contents.keep(content.id, content.size, content.blocks)
    if (wasHere !== null) this.#dropCopyOf(wasHere.version)
  }

  /** Whether what was found is the best version already, or a directory that what is alive below it keeps. */
  #isBest({ best }: Known, found: Found): boolean {
    if (isSame(found, best)) return true
    return found.kind === 'directory' && best.kind === 'deleted' && this.#paths.hasLiveBelow(best.path)
  }

  /** `standing`: what is here from now on; absent: as before. */
  #take(entry: Entry, from: PeerId | null, standing?: Pick<Known, 'here'>, depth = 0): Taken {
    const { path } = entry
    const known = this.#paths.get(path)
    const merged = known === undefined ? entry : mergeEntries(known.best, entry)
    const fault = this.#excess(known?.best, merged, from !== null)
    if (fault !== null) return { how: 'refused', fault, isBreach: false }
    if (known === undefined) {
      this.#put(path, { best: entry, here: standing?.here ?? null, untold: false })
      this.#hooks.changed(path, null, from)
      return { how: 'adopted' }
    }
    const isNew = !isIdentical(merged, known.best)
    const best = isNew ? this.#interned.entry(merged) : known.best
    const here = standing === undefined ? known.here : standing.here
    // what did not stand for the best version before was dealt with when that came
    const isDealtWith = standing === undefined && known.here?.version.content !== known.best.content
    if (here !== null && !isDealtWith && isLoser(here.version, best)) this.#keepCopy(here.version, depth)
    const untold = standing === undefined && known.untold && isSame(known.best, best)
    if (isNew || standing !== undefined)
      this.#put(path, { best, here: here === null ? null : placed(here, best), untold })
    const isTheirs = isIdentical(best, entry)
    if (!isNew) return { how: isTheirs ? 'known' : 'older' }
    this.#hooks.changed(path, known.best, isTheirs ? from : null)
    return { how: 'adopted' }
  }

  /** What there would be too much of if this became best, in words for people; null where nothing. */
  #excess(best: Entry | undefined, next: Entry, isTheirs: boolean): string | null {
    const maxPaths = this.#options.maxPaths ?? DEFAULT_MAX_PATHS
    const isPath = best === undefined && this.#paths.size >= maxPaths
    const isLive = isTheirs && next.kind !== 'deleted' && (best === undefined || best.kind === 'deleted')
    const isDeep = isLive && this.#paths.liveDirectories >= maxPaths && !this.#paths.isBesideLive(next.path)
    if (isPath || isDeep) return `the folder has more than ${maxPaths} paths`
    const more = countersOf(next) - countersOf(best)
    const isLong = isTheirs && more > 0 && countersOf(next) > COUNTERS_PER_PATH
    const isTooLong = isLong && this.#paths.counters + more > COUNTERS_PER_PATH * maxPaths
    return isTooLong ? 'more authors are said to have changed the folder than can be remembered' : null
  }

  /** Before its path becomes another version's, so that what stands there is a source until the copy is made. */
  #keepCopy(loser: Entry, depth: number): void {
    const copy = depth < MAX_COPY_DEPTH ? conflictCopy(loser) : null
    if (copy !== null && this.#take(copy, null, undefined, depth + 1).how !== 'refused') return
    this.#hooks.warn(`${loser.path} was changed by two at once, and there is no place for a copy of the older version`)
  }

  /**
   * A user was faster than we were: what was to become a conflict copy was replaced knowingly, and its bytes may be nowhere else.
   */
  #dropCopyOf(version: Entry): void {
    const place = version.kind === 'file' ? conflictCopy(version) : null
    const copy = place === null ? undefined : this.#paths.get(place.path)
    if (copy === undefined || copy.here !== null || version.content === null || copy.best.content !== version.content)
      return
    if (this.#paths.contents.isStanding(version.content)) return
    this.giveUp(copy.best.path)
  }

  /** A file that has live paths below it gives way to them. */
  #makeDirectory(path: FolderPath, wallTimeMs: number): void {
    const known = this.#paths.get(path)
    if (known === undefined || known.best.kind !== 'file') return
    const { id } = this.#env.identity
    const held = known.here?.version.content === known.best.content ? known.here : null
    // what its author decides counts as made in knowledge of it, so that others would not keep its bytes
    if (held !== null) this.#keepCopy(held.version, 0)
    else if (known.best.author === id) return
    const directory = { ...foundAt(path, null, null, wallTimeMs), kind: 'directory' } as const
    this.#take(this.#interned.entry(ownDecision(directory, id, known.best, wallTimeMs)), null)
  }

  /** The mode is another one since the last start: what was kept back is an edit like any other. */
  #tellUntold(): void {
    const { id } = this.#env.identity
    const wallTimeMs = this.#env.wallTime()
    for (const [path, known] of [...this.#paths.all()]) {
      if (!known.untold) continue
      const { here } = known
      const found = foundAt(path, here?.state ?? null, here?.version.content ?? null, wallTimeMs)
      const edit = this.#interned.entry(ownEdit(found, id, here?.version ?? known.best, known.best, wallTimeMs))
      this.#take(edit, null, { here: here === null ? null : { ...here, version: edit } })
    }
  }

  #refuseOwn(path: FolderPath, fault: string): void {
    if (!this.#isFull) this.#hooks.warn(`${path} and what is found after it are not shared: ${fault}`)
    this.#isFull = true
  }
}

/** Bytes and x bit are what they were. */
function isTouch({ version, state: was }: Here, state: DiskState, content: Hash | null): boolean {
  return was.kind === state.kind && version.content === content && was.executable === state.executable
}

/** What stands here is the best version, whoever wrote it, where nothing tells them apart. */
function placed(here: Here, best: Entry): Here {
  const { kind, content, executable } = here.version
  const isBest = kind === best.kind && content === best.content
  // of a disk without x bits the version is right even where the state is not
  return isBest && [executable, here.state.executable].includes(best.executable) ? { ...here, version: best } : here
}
