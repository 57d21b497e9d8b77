/**
 * Changes of single paths, each in one go: looks what stands there, moves it into the trash, puts the new one there.
 * Invariants: nothing is ever overwritten: what is in the way is moved, looked at again where it was moved to, and moved
 * back where it is not what was expected; every path is looked at through real directories only (see root.ts).
 */
import { linkSync, lstatSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { assert } from '../../../wire/errors.js'
import { parentOf } from '../../folder/path.js'
import type { DiskState, FolderPath } from '../../folder-disk.js'
import { errorCode } from '../error-text.js'
import type { Applied } from './changes.js'
import { changed, hasNoLinks, type Refusal, refusalOf, skipped } from './disk-faults.js'
import { isSameState, type Look, type Root, stateOf } from './root.js'

export class Place {
  readonly root: Root
  /** Absolute paths of directories with another entry than before; for fsync. */
  touched = new Set<string>()
  /** Directories that were made because something is to stand in them. */
  made: FolderPath[] = []

  constructor(root: Root) {
    this.root = root
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
   * Clears the place of what is expected there (null: nothing): a file goes to `away`, an empty directory is deleted. Answers
   * why not; then all is as it was.
   */
  clear(path: FolderPath, expected: DiskState | null, away: string | null): Refusal | null {
    return this.#clear(path, this.look(path), expected, away)
  }

  #clear(path: FolderPath, look: Look, expected: DiskState | null, away: string | null): Refusal | null {
    if (look.kind === 'blocked') return skipped(look.reason)
    if (look.kind === 'nothing') return expected === null ? null : changed('it is gone')
    if (expected === null) return changed('something stands there')
    if (!isSameState(look, expected)) return changed('it was changed')
    if (look.kind === 'directory') return this.#removeDirectory(path)
    return this.#moveAway(path, expected, away)
  }

  /** Clears the place, below directories that are made where they are missing, and puts a file from elsewhere on this disk there. */
  replace(path: FolderPath, expected: DiskState | null, away: string | null, from: string): Applied | Refusal {
    const fault = this.makeAbove(path) ?? this.#clear(path, this.root.lookAt(path), expected, away)
    if (fault !== null) return fault
    const to = this.root.absolute(path)
    try {
      moveWithout(from, to)
      this.#touch(path)
      return { outcome: 'ok', state: stateOf(lstatSync(to)) }
    } catch (error) {
      if (away !== null) this.putBack(away, path)
      return refusalOf(error)
    }
  }

  /** Puts back what `clear` moved away, if it did; where something new stands there, it stays where it is. */
  putBack(away: string, path: FolderPath): void {
    try {
      moveWithout(away, this.root.absolute(path))
    } catch (error) {
      if (!['EEXIST', 'ENOENT'].includes(errorCode(error))) throw error
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

  #moveAway(path: FolderPath, expected: DiskState, away: string | null): Refusal | null {
    assert(away !== null, 'a file has a place in the trash')
    renameSync(this.root.absolute(path), away)
    this.#touch(path)
    const moved = lstatSync(away)
    const state = stateOf(moved)
    if (state !== null && !moved.isSymbolicLink() && isSameState(state, expected)) return null
    // somebody was faster than the two calls
    this.putBack(away, path)
    return changed('it was changed')
  }

  #touch(path: FolderPath): void {
    this.touched.add(dirname(this.root.absolute(path)))
  }
}

/** Moves a file and overwrites nothing: a second name first, then the old one goes. */
function moveWithout(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!hasNoLinks(error)) throw error
    if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) {
      throw Object.assign(new Error('something stands there'), { code: 'EEXIST' })
    }
    renameSync(from, to)
    return
  }
  unlinkSync(from)
}
