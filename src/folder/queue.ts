/**
 * What is to be done on this disk, in the order in which it is begun: directories from the top, x bits, files with the
 * smallest first, then removals. So nothing that is moved is deleted before it was copied. (A directory is needed to go only
 * when nothing stands in it any more: see need.ts.)
 */
import type { FolderPath } from '../folder-disk.js'
import type { Need } from './contract.js'

type Kind = Need['kind']

/** Paths by rank, those of one rank in the order in which they came. */
class Ranked {
  readonly #ranks: Set<FolderPath>[] = [] // a few dozen ranks
  size = 0

  add(path: FolderPath, rank: number): void {
    while (this.#ranks.length <= rank) this.#ranks.push(new Set())
    this.#ranks[rank]?.add(path)
    this.size++
  }

  delete(path: FolderPath, rank: number): void {
    if (this.#ranks[rank]?.delete(path)) this.size--
  }

  first(): FolderPath | undefined {
    for (const paths of this.#ranks) for (const path of paths) return path
    return undefined
  }
}

interface Place {
  readonly kind: Kind
  readonly rank: number
}

export class Queue {
  readonly #places = new Map<FolderPath, Place>() // at most as many as the index has paths
  readonly #kinds: Readonly<Record<Kind, Ranked>> = {
    directory: new Ranked(),
    mode: new Ranked(),
    write: new Ranked(),
    remove: new Ranked(),
  }

  get size(): number {
    return this.#places.size
  }

  sizeOf(kind: Kind): number {
    return this.#kinds[kind].size
  }

  /** Puts it in its place, out of another one where it had one. */
  add(need: Need): void {
    this.delete(need.path)
    const place = placeOf(need)
    this.#places.set(need.path, place)
    this.#kinds[place.kind].add(need.path, place.rank)
  }

  delete(path: FolderPath): void {
    const place = this.#places.get(path)
    if (place === undefined) return
    this.#places.delete(path)
    this.#kinds[place.kind].delete(path, place.rank)
  }

  next(kind: Kind): FolderPath | undefined {
    return this.#kinds[kind].first()
  }

  /** Takes the next of that kind out. */
  take(kind: Kind): FolderPath | undefined {
    const path = this.#kinds[kind].first()
    if (path !== undefined) this.delete(path)
    return path
  }

  clear(): void {
    for (const path of [...this.#places.keys()]) this.delete(path)
  }
}

function placeOf({ path, kind, best }: Need): Place {
  if (kind === 'directory') return { kind, rank: path.split('/').length }
  return { kind, rank: kind === 'write' ? Math.ceil(Math.log2(best.size + 1)) : 0 }
}
