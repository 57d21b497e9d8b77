/** People who work in a shared folder, also while it is being synchronised, and while its program does not run. */
import { parentOf } from '../../src/folder/path.js'
import type { FolderPath } from '../../src/folder-disk.js'
import { type History, isConflict, isTwin } from './folder-history.js'
import type { FolderStep } from './folder-plan.js'
import { contentOf, type SimTree } from './folder-tree.js'
import { Random } from './random.js'

/** One peer's folder. */
export interface Site {
  readonly index: number
  readonly tree: SimTree
  /** Until then what is found here may count as older than anything else: see `History.weak`. */
  weakUntil: number
}

const DIRECTORIES = ['', '', 'a/', 'b/', 'a/c/', 'd e/', 'ü/'] as const
const NAMES = ['one', 'two.txt', 'three.tar.gz', 'four', '.five', 'six.md', 'seven', 'eight.c'] as const
const MOVED = ['a', 'b', 'moved', 'b/moved', 'ü/a'] as const
const TWINS = 3
const LARGE = 0.06
const LARGE_BYTES = [100_000, 400_000] as const
const SMALL_BYTES = 2000

export interface Telling {
  count(what: string, times?: number): void
  now(): number
}

export class Users {
  #saves = 0

  constructor(
    private readonly history: History,
    private readonly telling: Telling,
  ) {}

  /** What stands in a folder before its peer ever runs. */
  begin(site: Site, files: number, isIdentical: boolean): void {
    const random = new Random(4, isIdentical ? 0 : site.index)
    for (let n = 0; n < files; n++) {
      const path = `${random.pick(DIRECTORIES)}twin ${n}`
      if (isIdentical) this.#same(site, path)
      else this.save(site, freshPath(random), random)
    }
  }

  /** False: it could not be done to this folder as it is. */
  do(step: FolderStep, site: Site, all: readonly Site[]): boolean {
    const random = new Random(step.value)
    switch (step.kind) {
      case 'write':
        return this.save(
          site,
          random.chance(0.5) ? (this.#anyFile(site, random) ?? freshPath(random)) : freshPath(random),
          random,
        )
      case 'append':
        return this.#append(site, random)
      case 'rename':
        return this.#rename(site, random)
      case 'delete':
        return this.#delete(site, this.#anyFile(site, random))
      case 'move directory':
        return this.#moveDirectory(site, random)
      case 'delete directory':
        return this.#deleteDirectory(site, random)
      case 'make directory':
        return this.#mkdir(site, `${random.pick(DIRECTORIES)}new ${random.int(4)}`)
      case 'touch':
        return this.#touch(site, this.#anyFile(site, random))
      case 'chmod':
        return this.#chmod(site, this.#anyFile(site, random))
      case 'twin':
        return this.#twins(all, random)
      case 'clash':
        return this.#clash(all, random)
      default:
        throw new Error(`no user does: ${step.kind}`)
    }
  }

  /** Bytes that nobody ever saved before. */
  save(site: Site, path: FolderPath, random: Random): boolean {
    const { tree } = site
    if (!isFree(tree, path)) return false
    const size = random.chance(LARGE) ? random.between(...LARGE_BYTES) : random.between(20, SMALL_BYTES)
    const text = `${this.#saves++} by ${site.index} at ${path} `
    this.#put(site, path, Buffer.from(text.repeat(Math.ceil(size / text.length))), random)
    this.telling.count('edits')
    return true
  }

  #put(site: Site, path: FolderPath, bytes: Uint8Array, random: Random): void {
    const { tree } = site
    const seen = idAt(tree, path)
    const { id } = contentOf(bytes)
    this.history.wrote(path, seen, id, site.index)
    if (this.telling.now() < site.weakUntil) this.history.weak.add(id)
    if (random.chance(0.5)) tree.write(path, bytes)
    else tree.save(path, bytes)
  }

  #same(site: Site, path: FolderPath): boolean {
    if (!isFree(site.tree, path)) return false
    this.#put(site, path, Buffer.from(`the same of ${path}`), new Random(1))
    this.telling.count('twins')
    return true
  }

  #append(site: Site, random: Random): boolean {
    const path = this.#anyFile(site, random)
    const file = path === null ? undefined : site.tree.fileAt(path)
    if (path === null || file === undefined) return false
    this.#put(site, path, Buffer.concat([file.bytes, Buffer.from(`more ${this.#saves++}`)]), random)
    this.telling.count('edits')
    return true
  }

  #rename(site: Site, random: Random): boolean {
    const from = this.#anyFile(site, random)
    const to = freshPath(random)
    if (from === null || from === to || !isFree(site.tree, to)) return false
    this.#moved(site, from, to)
    site.tree.rename(from, to)
    this.telling.count('renames')
    return true
  }

  #delete(site: Site, path: FolderPath | null): boolean {
    if (path === null) return false
    this.#deleted(site, path)
    site.tree.delete(path)
    this.telling.count('deletes')
    return true
  }

  #moveDirectory(site: Site, random: Random): boolean {
    const { tree } = site
    const from = anyDirectory(tree, random)
    const to = random.pick(MOVED)
    if (from === null || tree.things.has(to) || `${to}/`.startsWith(`${from}/`) || !isFree(tree, to)) return false
    for (const path of tree.below(from)) {
      if (tree.fileAt(path) !== undefined) this.#moved(site, path, to + path.slice(from.length))
    }
    tree.rename(from, to)
    this.telling.count('directory moves')
    return true
  }

  #deleteDirectory(site: Site, random: Random): boolean {
    const { tree } = site
    const path = anyDirectory(tree, random)
    if (path === null) return false
    for (const inner of tree.below(path)) if (tree.fileAt(inner) !== undefined) this.#deleted(site, inner)
    tree.delete(path)
    this.telling.count('directory deletes')
    return true
  }

  #mkdir({ tree }: Site, path: FolderPath): boolean {
    if (tree.things.has(path) || !isFree(tree, path)) return false
    tree.mkdir(path)
    return true
  }

  #touch({ tree }: Site, path: FolderPath | null): boolean {
    if (path === null) return false
    tree.touch(path)
    this.telling.count('touches')
    return true
  }

  #chmod({ tree }: Site, path: FolderPath | null): boolean {
    if (path === null || isTwin(path)) return false
    this.history.unclear.add(path)
    tree.chmod(path, tree.fileAt(path)?.executable !== true)
    this.telling.count('x bits')
    return true
  }

  #twins(all: readonly Site[], random: Random): boolean {
    const name = `twin ${random.int(TWINS)}`
    return all.map((site) => this.#same(site, name)).some((done) => done)
  }

  #clash(all: readonly Site[], random: Random): boolean {
    const path = (all[0] && this.#anyFile(all[0], random)) ?? freshPath(random)
    const able = all.filter(({ tree }) => isFree(tree, path))
    for (const site of able.slice(0, 3)) this.save(site, path, random)
    this.telling.count('clashes')
    return able.length > 1
  }

  #moved(site: Site, from: FolderPath, to: FolderPath): void {
    const id = idAt(site.tree, from)
    if (id !== null) this.history.moved(from, to, id, idAt(site.tree, to), site.index, this.telling.now())
  }

  #deleted(site: Site, path: FolderPath): void {
    const id = idAt(site.tree, path)
    if (id !== null) this.history.deleted(path, id, site.index, this.telling.now())
  }

  /** Twins are only ever saved as twins; conflict copies may be worked with like all else. */
  #anyFile({ tree }: Site, random: Random): FolderPath | null {
    const files = tree.paths.filter((path) => tree.fileAt(path) !== undefined && !isTwin(path))
    const chosen = random.chance(0.8) ? files.filter((path) => !isConflict(path)) : files
    return chosen.length === 0 ? null : random.pick(chosen)
  }
}

export function idAt(tree: SimTree, path: FolderPath): string | null {
  const file = tree.fileAt(path)
  return file === undefined ? null : contentOf(file.bytes).id
}

const freshPath = (random: Random): FolderPath => random.pick(DIRECTORIES) + random.pick(NAMES)

function anyDirectory(tree: SimTree, random: Random): FolderPath | null {
  const directories = tree.paths.filter((path) => tree.things.get(path)?.kind === 'directory')
  return directories.length === 0 ? null : random.pick(directories)
}

/** A file may be put there: no directory stands there, and no file where one should be. */
function isFree(tree: SimTree, path: FolderPath): boolean {
  if (tree.things.get(path)?.kind === 'directory') return false
  for (let above = parentOf(path); above !== null; above = parentOf(above)) {
    if (tree.fileAt(above) !== undefined) return false
  }
  return true
}
