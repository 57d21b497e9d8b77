/** What may be changed in the folder, each kind in its two steps: before the disk has synced, and after. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { type DiskState, type FolderPath, isSameState } from '../../folder-disk.js'
import { changed, type Refusal, refusalOf, skipped } from './disk-faults.js'
import type { Place } from './place.js'
import { stateOf } from './root.js'
import { type TemporaryFile, withExecution } from './temporary.js'
import type { FilePlan } from './write-messages.js'

const EXECUTE_BITS = 0o111

/** What stands at the path afterwards; null: nothing. */
export interface Applied {
  readonly outcome: 'ok'
  readonly state: DiskState | null
}

export interface Prepared {
  readonly outcome: 'prepared'
  /** To be synced before it is applied. */
  readonly fd: number | null
  /** Of a file that goes to the trash: whether something else takes its place. */
  readonly trashes: 'replaced' | 'removed' | null
}

export interface Change {
  readonly path: FolderPath
  /** Throws what the disk says. */
  prepare(place: Place): Prepared | Refusal
  /** In one go. `away`: the place in the trash, where it asked for one. Throws what the disk says. */
  apply(place: Place, away: string | null): Applied | Refusal
  /** It came to nothing. */
  abandon(): void
}

/** Bytes for a file. */
export interface FileSource {
  /** Its file, to be synced and put in its place, or why there is none. Throws what the disk says. Ends the source. */
  take(): TemporaryFile | Refusal
  drop(): void
}

/** Puts a file in its place. */
export class FileChange implements Change {
  readonly path: FolderPath
  readonly #plan: FilePlan
  readonly #source: FileSource
  #file: TemporaryFile | null = null

  constructor(plan: FilePlan, source: FileSource) {
    this.path = plan.path
    this.#plan = plan
    this.#source = source
  }

  prepare(place: Place): Prepared | Refusal {
    const file = this.#source.take()
    if ('outcome' in file) return file
    this.#file = file
    const isReplaced = this.#plan.replaces?.kind === 'file'
    file.seal(this.#plan, isReplaced ? place.root.absolute(this.path) : null)
    return { outcome: 'prepared', fd: file.fd, trashes: isReplaced ? 'replaced' : null }
  }

  apply(place: Place, away: string | null): Applied | Refusal {
    const file = this.#file
    if (file === null) return changed('it was not written')
    file.close()
    if (!file.isThere()) return changed('what was written of it is gone')
    return place.makeAbove(this.path) ?? place.replace(this.path, this.#plan.replaces, away, file.path)
  }

  abandon(): void {
    this.#source.drop()
    this.#file?.drop()
  }
}

export class DirectoryChange implements Change {
  readonly path: FolderPath
  readonly #replaces: DiskState | null

  constructor(path: FolderPath, replaces: DiskState | null) {
    this.path = path
    this.#replaces = replaces
  }

  prepare(): Prepared {
    return { outcome: 'prepared', fd: null, trashes: this.#replaces?.kind === 'file' ? 'replaced' : null }
  }

  apply(place: Place, away: string | null): Applied | Refusal {
    const above = place.makeAbove(this.path)
    if (above !== null) return above
    const there = place.look(this.path)
    if (there.kind === 'directory') return { outcome: 'ok', state: there }
    const fault = place.clear(this.path, this.#replaces, away)
    if (fault !== null) return fault
    try {
      return { outcome: 'ok', state: place.makeDirectory(this.path) }
    } catch (error) {
      if (away !== null) place.putBack(away, this.path)
      return refusalOf(error)
    }
  }

  abandon(): void {}
}

export class RemoveChange implements Change {
  readonly path: FolderPath
  readonly #expected: DiskState

  constructor(path: FolderPath, expected: DiskState) {
    this.path = path
    this.#expected = expected
  }

  prepare(): Prepared {
    return { outcome: 'prepared', fd: null, trashes: this.#expected.kind === 'file' ? 'removed' : null }
  }

  apply(place: Place, away: string | null): Applied | Refusal {
    const nothing: Applied = { outcome: 'ok', state: null }
    if (place.look(this.path).kind === 'nothing') return nothing
    return place.clear(this.path, this.#expected, away) ?? nothing
  }

  abandon(): void {}
}

export class ModeChange implements Change {
  readonly path: FolderPath
  readonly #expected: DiskState
  readonly #executable: boolean

  constructor(path: FolderPath, expected: DiskState, executable: boolean) {
    this.path = path
    this.#expected = expected
    this.#executable = executable
  }

  prepare(): Prepared {
    return { outcome: 'prepared', fd: null, trashes: null }
  }

  apply(place: Place): Applied | Refusal {
    const look = place.look(this.path)
    if (look.kind === 'blocked') return skipped(look.reason)
    if (look.kind === 'nothing') return changed('it is gone')
    const fd = openSync(
      place.root.absolute(this.path),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    )
    try {
      const found = fstatSync(fd)
      const state = stateOf(found)
      if (state?.kind !== 'file' || !isSameState(state, this.#expected)) return changed('it was changed')
      const mode = found.mode & 0o7777
      fchmodSync(fd, this.#executable ? withExecution(mode) : mode & ~EXECUTE_BITS)
      return { outcome: 'ok', state: { ...state, executable: this.#executable } }
    } finally {
      closeSync(fd)
    }
  }

  abandon(): void {}
}
