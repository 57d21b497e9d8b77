/** What a user asks for: like edits made by hand, so the scanner sees them. */
import type { DiskState, FolderPath } from '../../folder-disk.js'
import type { Applied, Change, Prepared } from './changes.js'
import { changed, type Refusal, skipped } from './disk-faults.js'
import type { Place } from './place.js'

/** Puts a file of the trash, or of another path, at `path`. */
export class MoveChange implements Change {
  readonly path: FolderPath
  readonly #from: (place: Place) => string | Refusal
  readonly #mayReplace: boolean
  #there: DiskState | null = null

  /** `from`: absolute path of the file, or why there is none. `mayReplace`: what stands there goes to the trash. */
  constructor(path: FolderPath, from: (place: Place) => string | Refusal, mayReplace: boolean) {
    this.path = path
    this.#from = from
    this.#mayReplace = mayReplace
  }

  prepare(place: Place): Prepared | Refusal {
    const look = place.look(this.path)
    if (look.kind === 'blocked') return skipped(`${this.path}: ${look.reason}`)
    if (look.kind === 'directory') return skipped(`a directory stands at ${this.path}`)
    if (look.kind === 'file' && !this.#mayReplace) return skipped(`there is a file ${this.path} already`)
    this.#there = look.kind === 'file' ? look : null
    return { outcome: 'prepared', fd: null, trashes: this.#there === null ? null : 'replaced' }
  }

  apply(place: Place, away: string | null): Applied | Refusal {
    const from = this.#from(place)
    if (typeof from !== 'string') return from
    return place.makeAbove(this.path) ?? place.replace(this.path, this.#there, away, from)
  }

  abandon(): void {}
}

/** Puts a file into the trash. */
export class DiscardChange implements Change {
  readonly path: FolderPath
  #there: DiskState | null = null

  constructor(path: FolderPath) {
    this.path = path
  }

  prepare(place: Place): Prepared | Refusal {
    const there = fileAt(place, this.path)
    if ('reason' in there) return there
    this.#there = there
    return { outcome: 'prepared', fd: null, trashes: 'removed' }
  }

  apply(place: Place, away: string | null): Applied | Refusal {
    if (this.#there === null) return changed('it is gone')
    return place.clear(this.path, this.#there, away) ?? { outcome: 'ok', state: null }
  }

  abandon(): void {}
}

/** The file at this path, or why there is none. */
export function fileAt(place: Place, path: FolderPath): DiskState | Refusal {
  const look = place.look(path)
  switch (look.kind) {
    case 'file':
      return look
    case 'directory':
      return skipped(`${path} is a directory`)
    case 'blocked':
      return skipped(`${path}: ${look.reason}`)
    case 'nothing':
      return changed(`there is no file ${path}`)
  }
}
