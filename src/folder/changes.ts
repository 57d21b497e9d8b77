/** The last changes of the folder, whoever made them, for people. */
import type { PeerId } from '../../wire/types.js'
import type { FolderPath } from '../folder-disk.js'
import type { FolderChange } from '../folder-views.js'
import { type Entry, isSame } from './entry.js'

const MAX_SHOWN = 50

interface Change extends Omit<FolderChange, 'by'> {
  readonly by: PeerId
}

export class Changes {
  readonly #shown: Change[] = [] // the last MAX_SHOWN, oldest first
  /** Paths that the user brings back. */
  readonly #restored = new Set<FolderPath>() // at most MAX_SHOWN

  /** `isConflict`: the path is that of a conflict copy. Answers what changed to a user; null: nothing. */
  note(was: Entry | null, now: Entry, isConflict: boolean, time: number): Change['what'] | null {
    const wasLive = was !== null && was.kind !== 'deleted'
    if (was === null ? now.kind === 'deleted' : isSame(was, now)) return null
    const what =
      now.kind === 'deleted'
        ? 'deleted'
        : this.#restored.delete(now.path)
          ? 'restored'
          : wasLive
            ? 'changed'
            : isConflict
              ? 'conflict'
              : 'added'
    this.#add({ path: now.path, what, by: now.author, time })
    return what
  }

  /** What comes next to this path was brought back by the user. */
  expectRestored(path: FolderPath): void {
    this.#restored.add(path)
    for (const oldest of this.#restored) {
      if (this.#restored.size <= MAX_SHOWN) return
      this.#restored.delete(oldest)
    }
  }

  /** It was gone and comes back, as it was. */
  restored(path: FolderPath, by: PeerId, time: number): void {
    this.#add({ path, what: 'restored', by, time })
  }

  /** It was not brought back after all. */
  forgetRestored(path: FolderPath): void {
    this.#restored.delete(path)
  }

  /** Newest first. */
  views(nameOf: (peer: PeerId) => string): readonly FolderChange[] {
    return this.#shown.map((change) => ({ ...change, by: nameOf(change.by) })).reverse()
  }

  #add(change: Change): void {
    this.#shown.push(change)
    if (this.#shown.length > MAX_SHOWN) this.#shown.shift()
  }
}
