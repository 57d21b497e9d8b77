/**
 * What worker and index agree on: the state of every path that the index knows on this disk. Whoever writes to the disk
 * notes it here in the same turn; so the event that follows finds nothing new, and nothing echoes.
 */
import { nameOf, parentOf } from '../../folder/path.js'
import type { DiskState, FolderPath } from '../../folder-disk.js'

const NONE: ReadonlyMap<string, DiskState> = new Map()

export class States {
  /** By directory ('' is the top), then by name. */
  readonly #children = new Map<FolderPath, Map<string, DiskState>>()
  #size = 0

  /** Paths in all. */
  get size(): number {
    return this.#size
  }

  get(path: FolderPath): DiskState | undefined {
    return this.#children.get(parentOf(path) ?? '')?.get(nameOf(path))
  }

  set(path: FolderPath, state: DiskState): void {
    const directory = parentOf(path) ?? ''
    let names = this.#children.get(directory)
    if (names === undefined) this.#children.set(directory, (names = new Map()))
    if (!names.has(nameOf(path))) this.#size++
    names.set(nameOf(path), state)
  }

  /** Of this path alone, not of what is below it. */
  delete(path: FolderPath): void {
    const directory = parentOf(path) ?? ''
    const names = this.#children.get(directory)
    if (names?.delete(nameOf(path)) !== true) return
    this.#size--
    if (names.size === 0) this.#children.delete(directory)
  }

  clear(): void {
    this.#children.clear()
    this.#size = 0
  }

  /** Names that are known in a directory ('' is the top). */
  in(directory: FolderPath): ReadonlyMap<string, DiskState> {
    return this.#children.get(directory) ?? NONE
  }

  /** All known paths below a directory, deepest first: what is in a directory comes before it. */
  *below(directory: FolderPath): Generator<FolderPath> {
    for (const name of this.in(directory).keys()) {
      const path = directory === '' ? name : `${directory}/${name}`
      yield* this.below(path)
      yield path
    }
  }
}
