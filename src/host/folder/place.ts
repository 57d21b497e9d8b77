/**
 * Changes of single paths, each in one go: looks what stands there, moves it into the trash, puts the new one there.
 * Invariants: what is in the way is looked at again where it was moved to, and comes back where it is not what was expected;
 * whoever reads a file that is replaced finds the old one or the new one, never none; every path is looked at through real
 * directories only (see root.ts).
 */
import { linkSync, lstatSync, mkdirSync, renameSync, rmdirSync, type Stats, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentOf } from '../../folder/path.js'
import { type DiskState, type FolderPath, isSameState } from '../../folder-disk.js'
import { errorCode } from '../error-text.js'
import type { Applied } from './changes.js'
import { changed, hasNoLinks, type Refusal, refusalOf, skipped } from './disk-faults.js'
import { type Look, type Root, stateOf } from './root.js'

/** Calls of the system that files are moved with; `lstat` throws where nothing stands. */
export interface Moves {
  link(from: string, to: string): void
  rename(from: string, to: string): void
  unlink(path: string): void
  lstat(path: string): Stats
}

const plainMoves: Moves = {
  link: linkSync,
  rename: renameSync,
  unlink: unlinkSync,
  lstat: (path) => lstatSync(path),
}

export class Place {
  readonly root: Root
  /** Absolute paths of directories with another entry than before; for fsync. */
  touched = new Set<string>()
  /** Directories that were made because something is to stand in them. */
  made: FolderPath[] = []
  readonly #moves: Moves

  constructor(root: Root, moves: Moves = plainMoves) {
    this.root = root
    this.#moves = moves
  }

  look(path: FolderPath): Look {
    return this.root.look(path)
  }

  /** Makes the directories above that are missing. */
  makeAbove(path: FolderPath): Refusal | null {
    const parent = parentOf(path)
    if (parent === null) return null
    const above = this.root.lookAbove(path)
    if (above === null || above.kind === 'directory') return null
    if (above.kind === 'blocked') return skipped(above.reason)
    if (above.kind === 'file') return skipped('a file stands where its directory should be')
    const fault = this.makeAbove(parent)
    if (fault !== null) return fault
    const look = this.root.lookAt(parent)
    if (look.kind === 'blocked') return skipped(look.reason)
    if (look.kind !== 'nothing') return null
    this.makeDirectory(parent)
    this.made.push(parent)
    return null
  }

  makeDirectory(path: FolderPath): DiskState | null {
    const at = this.root.absolute(path)
    mkdirSync(at)
    this.#touch(path)
    return stateOf(lstatSync(at))
  }

  /**
   * Clears the place of what is expected there (null: nothing): a file goes to `away` (null: it is deleted, where the disk has
   * no room for the trash), an empty directory is deleted. Answers why not; then all is as it was.
   */
  clear(path: FolderPath, expected: DiskState | null, away: string | null): Refusal | null {
    const fault = this.#differs(this.look(path), expected)
    return fault !== null || expected === null ? fault : this.#remove(path, expected, away)
  }

  #remove(path: FolderPath, expected: DiskState, away: string | null): Refusal | null {
    if (expected.kind === 'directory') return this.#removeDirectory(path)
    if (away !== null) return this.#moveAway(path, expected, away)
    this.#moves.unlink(this.root.absolute(path))
    this.#touch(path)
    return null
  }

  /** Puts a file from elsewhere on this disk in the place of what is expected there, which goes to `away`. */
  replace(path: FolderPath, expected: DiskState | null, away: string | null, from: string): Applied | Refusal {
    const fault = this.#differs(this.look(path), expected)
    if (fault !== null) return fault
    if (expected?.kind !== 'file' || away === null) return this.#fill(path, expected, away, from)
    try {
      this.#moves.link(this.root.absolute(path), away)
    } catch (error) {
      if (!hasNoLinks(error)) throw error
      return this.#fill(path, expected, away, from)
    }
    return this.#overwrite(path, expected, away, from)
  }

  /** Puts back what `clear` moved away, if it did; where something new stands there, it stays where it is. */
  putBack(away: string, path: FolderPath): void {
    try {
      this.#moveWithout(away, this.root.absolute(path))
    } catch (error) {
      if (!['EEXIST', 'ENOENT'].includes(errorCode(error))) throw error
    }
  }

  /**
   * After a process was killed while it replaced this path: what it had moved away comes back where nothing stands, and is
   * no second name of what stands there.
   */
  repair(path: FolderPath, away: string): void {
    const look = this.look(path)
    if (look.kind === 'nothing') this.putBack(away, path)
    else if (look.kind === 'file') this.#forgetLink(this.root.absolute(path), away)
  }

  /** Why what stands there is not what is expected; null where it is. */
  #differs(look: Look, expected: DiskState | null): Refusal | null {
    if (look.kind === 'blocked') return skipped(look.reason)
    if (look.kind === 'nothing') return expected === null ? null : changed('it is gone')
    if (expected === null) return changed('something stands there')
    return isSameState(look, expected) ? null : changed('it was changed')
  }

  /** The way with a moment in which nothing stands there, and which overwrites nothing. */
  #fill(path: FolderPath, expected: DiskState | null, away: string | null, from: string): Applied | Refusal {
    const fault = expected === null ? null : this.#remove(path, expected, away)
    if (fault !== null) return fault
    try {
      // before it is in reach of others
      const state = stateOf(this.#moves.lstat(from))
      this.#moveWithout(from, this.root.absolute(path))
      this.#touch(path)
      return { outcome: 'ok', state }
    } catch (error) {
      if (away !== null) this.putBack(away, path)
      return refusalOf(error)
    }
  }

  /**
   * The way without such a moment: `away` is a second name of what stands there. Whoever writes into that file meanwhile is
   * found out afterwards, as the same file is at `away`; whoever puts another one there is found out until the rename, so that
   * only one that comes between these two calls of the system is overwritten.
   */
  #overwrite(path: FolderPath, expected: DiskState, away: string, from: string): Applied | Refusal {
    const { lstat, rename } = this.#moves
    const at = this.root.absolute(path)
    let renamed: Stats
    try {
      renamed = lstat(from)
      if (!isFileAs(lstat(away), expected) || !isFileAs(lstat(at), expected)) {
        this.#forgetLink(at, away)
        return changed('it was changed')
      }
      rename(from, at)
    } catch (error) {
      this.#forgetLink(at, away)
      return refusalOf(error)
    }
    this.#touch(path)
    if (isFileAs(lstat(away), expected)) return { outcome: 'ok', state: stateOf(renamed) }
    this.#takeBack(at, away, from, renamed)
    return changed('it was changed')
  }

  /** The old file comes back to its place, and the new one to where it was; not where somebody put a third one there. */
  #takeBack(at: string, away: string, from: string, renamed: Stats): void {
    const { link, lstat, rename, unlink } = this.#moves
    try {
      link(at, from)
      if (lstat(from).ino !== renamed.ino) unlink(from)
      else if (lstat(at).ino === renamed.ino) rename(away, at)
    } catch (error) {
      // what was written is in the trash
      if (errorCode(error) === '') throw error
    }
  }

  /** Where `away` is a second name of what stands there; else it may be the last, and stays in the trash. */
  #forgetLink(at: string, away: string): void {
    const { lstat, unlink } = this.#moves
    try {
      if (lstat(at).ino === lstat(away).ino) unlink(away)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
    }
  }

  #removeDirectory(path: FolderPath): Refusal | null {
    try {
      rmdirSync(this.root.absolute(path))
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) return skipped('a directory with other things in it')
      throw error
    }
    this.#touch(path)
    return null
  }

  #moveAway(path: FolderPath, expected: DiskState, away: string): Refusal | null {
    const { lstat, rename } = this.#moves
    rename(this.root.absolute(path), away)
    this.#touch(path)
    if (isFileAs(lstat(away), expected)) return null
    // somebody was faster than the two calls
    this.putBack(away, path)
    return changed('it was changed')
  }

  /** Moves a file and overwrites nothing: a second name first, then the old one goes. */
  #moveWithout(from: string, to: string): void {
    const { link, rename, unlink } = this.#moves
    try {
      link(from, to)
    } catch (error) {
      if (!hasNoLinks(error)) throw error
      if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
        throw Object.assign(new Error('something stands there'), { code: 'EEXIST' })
      }
      rename(from, to)
      return
    }
    unlink(from)
  }

  #touch(path: FolderPath): void {
    this.touched.add(dirname(this.root.absolute(path)))
  }
}

function isFileAs(found: Stats, expected: DiskState): boolean {
  const state = stateOf(found)
  return state !== null && isSameState(state, expected)
}
