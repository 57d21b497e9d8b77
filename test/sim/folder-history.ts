/**
 * What users did to a shared folder, and what each of them had before their eyes when they did it: by this the end of a
 * run is judged. Contents are named by their ids; users never save the same bytes twice, except in twins.
 */
import type { FolderPath } from '../../src/folder-disk.js'

type Id = string
type Past = ReadonlySet<Id>

export interface Deletion {
  readonly path: FolderPath
  /** Number of the peer. */
  readonly by: number
  readonly at: number
  /** All that whoever deleted it knew to have been there. */
  readonly past: Past
}

const CONFLICT = /\.sync-conflict-\d{8}-\d{6}-\d{3}-[0-9a-f]{7}/

export class History {
  /** Contents that users saved, by the path at which they did it last. */
  readonly saved = new Map<Id, FolderPath>()
  /** Contents that somebody who saw them replaced or deleted. */
  readonly replaced = new Set<Id>()
  /** Contents that stood in a folder whose index was lost: what others know may have sent them to the trash. */
  readonly weak = new Set<Id>()
  /** Files of peers that lost what they knew: bytes that were told may be gone unnoticed, and are waited for. */
  readonly missed = new Set<FolderPath>()
  /** Paths of which nothing more is known than that something happened. */
  readonly unclear = new Set<FolderPath>()
  #deletions: Deletion[] = []
  readonly #savedBy = new Map<number, Set<FolderPath>>()
  readonly #writes = new Map<FolderPath, Map<Id, Past>>()

  /** Somebody saved `id` at `path`, where `seen` stood. */
  wrote(path: FolderPath, seen: Id | null, id: Id, by: number): void {
    this.saved.set(id, path)
    this.#savedAt(by).add(path)
    if (seen !== null && seen !== id) this.replaced.add(seen)
    // a content that had been replaced may be brought back
    this.replaced.delete(id)
    this.#put(path, seen, id)
  }

  deleted(path: FolderPath, seen: Id, by: number, at: number): void {
    this.replaced.add(seen)
    this.#deletions.push({ path, by, at, past: this.#pastOf(path, seen) })
  }

  /** A file went elsewhere, where `seen` stood. */
  moved(from: FolderPath, to: FolderPath, id: Id, seen: Id | null, by: number, at: number): void {
    this.#deletions.push({ path: from, by, at, past: this.#pastOf(from, id) })
    if (seen !== null && seen !== id) this.replaced.add(seen)
    if (this.saved.has(id)) this.saved.set(id, to)
    this.#savedAt(by).add(to)
    // a moved copy stands beside something that it was not made of
    if (isConflict(to)) this.unclear.add(baseOf(to))
    this.#put(to, seen, id)
  }

  /** Nobody knows any more of which version this file is a copy. */
  found(path: FolderPath, id: Id | null): void {
    this.unclear.add(path)
    if (id !== null) this.weak.add(id)
  }

  /** This peer knows nothing any more of what it told. */
  forgot(by: number): void {
    for (const path of this.#savedAt(by)) this.missed.add(path)
  }

  get deletions(): readonly Deletion[] {
    return this.#deletions
  }

  /** What this peer's users deleted since then was perhaps not noticed. */
  forgetDeletions(by: number, since: number): void {
    this.#deletions = this.#deletions.filter((deletion) => deletion.by !== by || deletion.at < since)
  }

  /** Whether each who saved there had all before their eyes that was saved there before. */
  isChain(path: FolderPath): boolean {
    if (this.unclear.has(path)) return false
    const writes = [...(this.#writes.get(path) ?? [])].toSorted(([, a], [, b]) => a.size - b.size)
    return writes.every(([, past], place) => writes.slice(0, place).every(([earlier]) => past.has(earlier)))
  }

  /** Whether nothing was saved there but what the one who deleted it knew of. */
  isLast({ path, past }: Deletion): boolean {
    if (this.unclear.has(path)) return false
    return [...(this.#writes.get(path)?.keys() ?? [])].every((id) => past.has(id))
  }

  #savedAt(by: number): Set<FolderPath> {
    const paths = this.#savedBy.get(by) ?? new Set()
    this.#savedBy.set(by, paths)
    return paths
  }

  #put(path: FolderPath, seen: Id | null, id: Id): void {
    const writes = this.#writes.get(path) ?? new Map<Id, Past>()
    this.#writes.set(path, writes)
    if (seen !== null && !writes.has(seen)) this.unclear.add(path)
    // twice the same bytes: it cannot be told which of the two somebody saw
    if (writes.has(id)) this.unclear.add(path)
    writes.set(id, seen === null ? new Set() : this.#pastOf(path, seen))
  }

  #pastOf(path: FolderPath, seen: Id): Past {
    return new Set([...(this.#writes.get(path)?.get(seen) ?? []), seen])
  }
}

/** Whoever saves there saves the same bytes. */
export const isTwin = (path: FolderPath): boolean => /(^|\/)twin /.test(path)

export const isConflict = (path: FolderPath): boolean => CONFLICT.test(path)

/** Of what a conflict copy is one. */
export const baseOf = (path: FolderPath): FolderPath => path.replace(CONFLICT, '')
