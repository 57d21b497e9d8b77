/** What users ask of the folder: conflicts to be settled, and what was deleted to be brought back. */
import { type Done, done as ok, type Result, refused } from '../api.js'
import type { FolderDisk, FolderPath, TrashItem } from '../folder-disk.js'
import type { FolderView, KeepChoice, TrashView } from '../folder-views.js'
import type { Changes } from './changes.js'
import type { Index } from './contract.js'
import { nameOf, parentOf } from './path.js'

export interface RequestsParts {
  readonly disk: FolderDisk
  readonly index: () => Index
  readonly changes: Changes
  readonly isOpen: () => boolean
  readonly view: () => FolderView
  readonly later: (fn: () => void) => void
}

interface Conflict {
  readonly path: FolderPath
  readonly copy: FolderPath
}

const PAUSED = refused('the folder is paused: see `folder`, and `folder resume`')

export class Requests {
  readonly #parts: RequestsParts

  constructor(parts: RequestsParts) {
    this.#parts = parts
  }

  /** Settles one conflict; `copy` is its copy, or its file where that has only one. */
  keep(copy: string, choice: KeepChoice, done: Done<FolderView>): void {
    const { disk, index, later, view, isOpen } = this.#parts
    const found = isOpen() ? this.#conflict(copy) : PAUSED
    if (!found.ok) {
      later(() => done(found))
      return
    }
    const { path, copy: other } = found.value
    if (index().get(other)?.here == null) {
      // its bytes may be with nobody any more
      if (choice === 'this') index().giveUp(other)
      const text = `${other} is not here: wait until somebody who has it is linked, or settle it with \`this\``
      later(() => done(choice === 'this' ? ok(view()) : refused(text)))
      return
    }
    const ended = (error: string | null): void => done(error === null ? ok(view()) : refused(error))
    if (choice === 'this') disk.discard(other, ended)
    else if (choice === 'that') disk.rename(other, path, true, ended)
    else disk.rename(other, this.#freePath(path), false, ended)
  }

  trash(done: Done<readonly TrashView[]>): void {
    const { disk, later, isOpen } = this.#parts
    if (isOpen()) disk.trash((items) => done(ok(items.map(trashView))))
    else later(() => done(PAUSED))
  }

  /** Brings back an item of the trash by its id, or the newest of a path. */
  restore(what: string, done: Done<TrashView>): void {
    const { disk, later, isOpen } = this.#parts
    if (!isOpen()) {
      later(() => done(PAUSED))
      return
    }
    disk.trash((items) => {
      const item = items.find(({ id }) => id === what) ?? items.find(({ path }) => path === what)
      if (item === undefined) done(refused(`nothing in the trash is called ${what}: see \`folder restore\``))
      else this.#restore(item, done)
    })
  }

  #restore(item: TrashItem, done: Done<TrashView>): void {
    this.#parts.changes.expectRestored(item.path)
    this.#parts.disk.restore(item.id, (error) => {
      if (error !== null) this.#parts.changes.forgetRestored(item.path)
      done(error === null ? ok(trashView(item)) : refused(error))
    })
  }

  #conflict(what: string): Result<Conflict> {
    const all = [...this.#parts.index().conflicts()]
    const byCopy = all.find(({ copy }) => copy === what)
    if (byCopy !== undefined) return ok(byCopy)
    const [first, second] = all.filter(({ path }) => path === what)
    if (first === undefined) return refused(`${what} has no conflict: see \`folder conflicts\``)
    if (second !== undefined) return refused(`${what} has several copies: name one of them, see \`folder conflicts\``)
    return ok(first)
  }

  /** `dir/name (2).ext`, or the next number that is free. */
  #freePath(path: FolderPath): FolderPath {
    const above = parentOf(path)
    const name = nameOf(path)
    const dot = name.lastIndexOf('.')
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
    for (let number = 2; ; number++) {
      const free = `${above === null ? '' : `${above}/`}${stem} (${number})${extension}`
      const known = this.#parts.index().get(free)
      if (known === undefined || (known.here === null && known.best.kind === 'deleted')) return free
    }
  }
}

function trashView({ id, path, size, time }: TrashItem): TrashView {
  return { id, path, size, time }
}
