/** What others do to the folder, and every conflict, for the log: as often as a person can read it. */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { FolderChange } from '../folder-views.js'
import { PacedLog } from '../paced-log.js'
import { originalPath } from './conflict-path.js'
import type { Entry } from './entry.js'

export class ChangeLog {
  readonly #self: PeerId
  readonly #nameOf: (peer: PeerId) => string
  // a thousand files that come at once must not hide a conflict among them
  readonly #changes: PacedLog
  readonly #conflicts: PacedLog

  constructor(env: Pick<Env, 'now' | 'log' | 'identity'>, nameOf: (peer: PeerId) => string) {
    this.#self = env.identity.id
    this.#nameOf = nameOf
    this.#changes = new PacedLog(env)
    this.#conflicts = new PacedLog(env)
  }

  say(what: FolderChange['what'], { path, author }: Pick<Entry, 'path' | 'author'>): void {
    const name = this.#nameOf(author)
    if (what === 'conflict') {
      const original = originalPath(path)
      this.#conflicts.say(
        'notice',
        `Conflict in the shared folder over ${original}: the version of ${name} stands beside it (folder conflicts)`,
      )
    } else if (author !== this.#self) this.#changes.say('info', `Shared folder: ${name} ${what} ${path}`)
  }
}
