/**
 * All that is known of the folder's paths, and what follows from it: needs, digests, totals, where contents stand. Invariant:
 * after each `put` all of that fits what is known, and whoever must act again was told.
 */
import type { Hash } from '../../wire/types.js'
import type { FolderPath, LocalBlock } from '../folder-disk.js'
import { Below } from './below.js'
import { isConflictPath } from './conflict-path.js'
import { Contents } from './contents.js'
import type { Need, Totals } from './contract.js'
import { Digests } from './digests.js'
import type { Entry, Known } from './entry.js'
import { needOf, type Surroundings } from './need.js'
import { parentOf } from './path.js'
import { mustWait } from './waiting.js'

export interface KnownPathsHooks {
  /** See IndexHooks. */
  needChanged(path: FolderPath): void
  /** Block hashes of a content came, or are not kept any more (null). */
  blocksKept(id: Hash, blocks: Uint8Array | null): void
}

export class KnownPaths implements Surroundings {
  readonly digests = new Digests()
  readonly contents: Contents
  readonly #known = new Map<FolderPath, Known>()
  readonly #needs = new Map<FolderPath, Need>() // of the known paths
  readonly #copies = new Set<FolderPath>() // of the known paths
  /** Files with live paths below them. */
  readonly #clashes = new Set<FolderPath>() // of the known paths
  readonly #live = new Below((path) => isLive(this.#known.get(path)))
  readonly #standing = new Below((path) => isHere(this.#known.get(path)))
  readonly #hooks: KnownPathsHooks
  readonly #totals = { files: 0, directories: 0, bytes: 0, needBytes: 0 }
  #counters = 0
  #isNeeding: boolean

  constructor(isNeeding: boolean, hooks: KnownPathsHooks) {
    this.#isNeeding = isNeeding
    this.#hooks = hooks
    this.contents = new Contents({ released: (id) => this.#released(id), kept: hooks.blocksKept })
  }

  get size(): number {
    return this.#known.size
  }

  /** Directories with something alive in them, also where nobody told of them: of a folder that is on a disk no more than `size`. */
  get liveDirectories(): number {
    return this.#live.size
  }

  /** Counters in the vectors of all best versions. */
  get counters(): number {
    return this.#counters
  }

  get(path: FolderPath): Known | undefined {
    return this.#known.get(path)
  }

  all(): Iterable<readonly [FolderPath, Known]> {
    return this.#known
  }

  get needs(): ReadonlyMap<FolderPath, Need> {
    return this.#needs
  }

  get clashes(): ReadonlySet<FolderPath> {
    return this.#clashes
  }

  /** Conflict copies, deleted ones not among them. */
  get copies(): ReadonlySet<FolderPath> {
    return this.#copies
  }

  totals(): Totals {
    return { ...this.#totals, needItems: this.#needs.size }
  }

  /** Whether anything is needed at all. */
  setNeeding(isNeeding: boolean): void {
    if (this.#isNeeding === isNeeding) return
    this.#isNeeding = isNeeding
    for (const path of this.#known.keys()) this.#refresh(path)
  }

  /** What is known of a path is this now; null: nothing. */
  put(path: FolderPath, known: Known | null): void {
    const was = this.#known.get(path)
    if (known === null) this.#known.delete(path)
    else this.#known.set(path, known)
    if (was?.best !== known?.best) this.digests.change(path, was?.best ?? null, known?.best ?? null)
    this.#counters += countersOf(known?.best) - countersOf(was?.best)
    this.#count(was, -1)
    this.#count(known ?? undefined, 1)
    if (known !== null && known.best.kind !== 'deleted' && isConflictPath(path)) this.#copies.add(path)
    else this.#copies.delete(path)
    const wasContent = was?.here?.version.content ?? null
    const content = known?.here?.version.content ?? null
    if (content !== null) this.contents.stands(content, path)
    this.#refreshAround(path, was, known ?? undefined)
    // last, so that a content that is wanted again is not forgotten in between
    if (wasContent !== null && wasContent !== content) this.contents.stoodDown(wasContent, path)
  }

  hasLiveBelow(path: FolderPath): boolean {
    return this.#live.has(path)
  }

  /** Whether it would make no directory more in which something is alive. */
  isBesideLive(path: FolderPath): boolean {
    const parent = parentOf(path)
    return parent === null || this.#live.has(parent)
  }

  hasHereBelow(path: FolderPath): boolean {
    return this.#standing.has(path)
  }

  isUnderFile(path: FolderPath): boolean {
    for (let above = parentOf(path); above !== null; above = parentOf(above)) {
      if (this.#known.get(above)?.here?.state.kind === 'file') return true
    }
    return false
  }

  /** See Index. */
  isSourceForOther(path: FolderPath, counts: (other: FolderPath) => boolean): boolean {
    return mustWait(path, (waiting) => this.#waitsFor(waiting, counts))
  }

  /** Bytes of a content, as our disk or else an entry says. */
  sizeOf(id: Hash): number | null {
    for (const path of this.contents.standingAt(id)) return this.#known.get(path)?.here?.state.size ?? null
    for (const path of this.contents.wantedBy(id)) return this.#known.get(path)?.best.size ?? null
    return null
  }

  /** See Index. */
  locate(block: Hash): LocalBlock | null {
    const sizeOf = (path: FolderPath): number => this.#known.get(path)?.here?.state.size ?? 0
    const place = this.contents.locate(block, sizeOf, (path) => !this.#needs.has(path))
    const state = place === null ? undefined : this.#known.get(place.path)?.here?.state
    return place === null || state === undefined ? null : { ...place, state }
  }

  *#waitsFor(path: FolderPath, counts: (other: FolderPath) => boolean): Iterable<FolderPath> {
    const content = this.#known.get(path)?.here?.version.content ?? null
    if (content === null) return
    for (const other of this.contents.standingAt(content)) {
      const kind = this.#needs.get(other)?.kind
      if (other !== path && (kind === undefined || kind === 'mode')) return
    }
    for (const other of this.contents.wantedBy(content)) if (other !== path && counts(other)) yield other
  }

  #released(id: Hash): void {
    for (const path of this.contents.standingAt(id)) if (this.#needs.has(path)) this.#hooks.needChanged(path)
  }

  #refreshAround(path: FolderPath, was: Known | undefined, is: Known | undefined): void {
    this.#refresh(path)
    if (isLive(was) !== isLive(is)) for (const above of this.#live.changed(path, isLive(is))) this.#refresh(above)
    if (isHere(was) !== isHere(is)) for (const above of this.#standing.changed(path, isHere(is))) this.#refresh(above)
    const madeRoom = (was?.here?.state.kind === 'file') !== (is?.here?.state.kind === 'file')
    if (!madeRoom || !this.hasLiveBelow(path)) return
    // rare: a file became a directory, or the other way round
    for (const below of this.#known.keys()) if (below.startsWith(`${path}/`)) this.#refresh(below)
  }

  #refresh(path: FolderPath): void {
    const known = this.#known.get(path)
    if (known?.best.kind === 'file' && this.hasLiveBelow(path)) this.#clashes.add(path)
    else this.#clashes.delete(path)
    const was = this.#needs.get(path) ?? null
    const is = known !== undefined && this.#isNeeding ? needOf(known, this) : null
    if (was?.kind === is?.kind && was?.best === is?.best && was?.here === is?.here) return
    if (is === null) this.#needs.delete(path)
    else this.#needs.set(path, is)
    const wanted = wantedContent(is)
    const wasWanted = wantedContent(was)
    if (wanted !== null) this.contents.wants(wanted, path)
    if (wasWanted !== null && wasWanted !== wanted) this.contents.wantsNoMore(wasWanted, path)
    this.#totals.needBytes += (is?.kind === 'write' ? is.best.size : 0) - (was?.kind === 'write' ? was.best.size : 0)
    this.#hooks.needChanged(path)
  }

  #count(known: Known | undefined, by: 1 | -1): void {
    const state = known?.here?.state
    if (state === undefined) return
    if (state.kind === 'file') this.#totals.files += by
    else this.#totals.directories += by
    this.#totals.bytes += by * state.size
  }
}

/** What the vectors of a version cost. */
export function countersOf(entry: Entry | undefined): number {
  return entry === undefined ? 0 : entry.vector.length + (entry.made?.length ?? 0)
}

function wantedContent(need: Need | null): Hash | null {
  return need?.kind === 'write' ? need.best.content : null
}

function isLive(known: Known | undefined): boolean {
  if (known === undefined) return false
  return known.best.kind !== 'deleted' || (known.untold && known.here !== null)
}

function isHere(known: Known | undefined): boolean {
  return known !== undefined && known.here !== null
}
