/**
 * The folder on the disk: where a path stands, and what stands there.
 * Invariant: nothing is looked at through a symbolic link or on another disk, and a name counts only as it is spelled on
 * the disk: where `a` and `A` are one file, `look('A')` of a file `a` is blocked.
 */
import { type BigIntStats, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { originalPath } from '../../folder/conflict-path.js'
import { nameOf } from '../../folder/path.js'
import { type DiskState, type FolderPath, ONE_FILE } from '../../folder-disk.js'
import { errorCode, errorText } from '../error-text.js'

/** Nothing of this name. */
export interface Nothing {
  readonly kind: 'nothing'
}
/** Something that is not shared, or a way there that is not taken: `reason` for people. */
export interface Blocked {
  readonly kind: 'blocked'
  readonly reason: string
}
export type Look = DiskState | Nothing | Blocked

export const NOTHING: Nothing = { kind: 'nothing' }

const MARKER = '.p2pfolder'
/** Of what is not there yet: `blockchain.txt` will be a file, `shared` a directory. */
const FILE_NAME = /[^/]\.[a-z][a-z0-9]{0,7}$/i

export class Root {
  /** Absolute, without symbolic links. */
  readonly directory: string
  /** The one file of it that is shared; null: all. */
  readonly only: string | null
  /** Of the names of our own files in `directory`. */
  readonly prefix: string
  /** Of `directory`; other disks below it are not entered. */
  readonly device: number
  readonly inode: number
  /** Whether other spellings of a name are the same file here; null until the marker is there to be tried. */
  #folds: boolean | null = null

  /** `path`: the folder, or the one file. Throws an error of the system where there is no such directory. */
  constructor(path: string) {
    const { directory, only } = placeOf(resolve(path))
    this.directory = directory
    this.only = only
    this.prefix = only === null ? '' : `.${only}`
    const found = lstatSync(directory)
    if (!found.isDirectory()) throw new Error('not a directory')
    this.device = found.dev
    this.inode = found.ino
  }

  get marker(): string {
    return join(this.directory, `${this.prefix}${MARKER}`)
  }

  get lock(): string {
    return `${this.marker}.lock`
  }

  /** Holds what is being written. */
  get temporary(): string {
    return `${this.marker}.tmp`
  }

  get trash(): string {
    return `${this.marker}.trash`
  }

  /** '' is the folder itself. The path must be one without fault (pathFault). */
  absolute(path: FolderPath): string {
    return path === '' ? this.directory : `${this.directory}/${path}`
  }

  /** Whether the directory that was opened stands there still: same disk, same inode. */
  isThere(): boolean {
    const found = lstatSync(this.directory, { throwIfNoEntry: false })
    return found?.isDirectory() === true && found.dev === this.device && found.ino === this.inode
  }

  /** Where this path stands is not shared: only one file is, with its conflict copies, so that no version of it is lost. */
  isOutside(path: FolderPath): boolean {
    return this.only !== null && originalPath(path) !== this.only
  }

  /** What stands at this path. Throws errors of the disk (EIO, …), but not for what is missing or not permitted. */
  look(path: FolderPath): Look {
    const above = this.lookAbove(path)
    return above?.kind === 'directory' || above === null ? this.lookAt(path) : above
  }

  /** The same where the directory above is known to be a real one. */
  lookAt(path: FolderPath): Look {
    if (this.isOutside(path)) return blocked(ONE_FILE)
    try {
      const found = lstatSync(this.absolute(path), { throwIfNoEntry: false })
      if (found === undefined) return NOTHING
      if (this.#foldsNames() && !this.#isSpelledSo(path))
        return blocked('another name with the same letters stands there')
      return this.lookOf(found)
    } catch (error) {
      return this.#missed(error)
    }
  }

  /** What lstat said of something in the folder. */
  lookOf(found: Stats): Look {
    if (found.isSymbolicLink()) return blocked('a symbolic link')
    if (found.isDirectory() && found.dev !== this.device) return blocked('another disk is mounted there')
    return stateOf(found) ?? blocked('neither a file nor a directory')
  }

  /** Whether nothing stands there for certain: it is missing, or a directory above it is. Throws errors of the disk. */
  isGone(path: FolderPath): boolean {
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const above = this.lookAt(path.slice(0, slash))
      if (above.kind === 'nothing' || above.kind === 'file') return true
      if (above.kind === 'blocked') return false
    }
    return this.lookAt(path).kind === 'nothing'
  }

  /**
   * The directories above, from the top: the first that is missing, blocked or a file; else the lowest of them, which is a
   * directory. Null of a path at the top.
   */
  lookAbove(path: FolderPath): Look | null {
    let above: Look | null = null
    for (let slash = path.indexOf('/'); slash > 0; slash = path.indexOf('/', slash + 1)) {
      above = this.lookAt(path.slice(0, slash))
      if (above.kind === 'directory') continue
      return above.kind === 'file' ? blocked('a file stands where its directory should be') : above
    }
    return above
  }

  /** Other systems fold letters, Unicode forms or both in ways that no single try shows. */
  #foldsNames(): boolean {
    if (process.platform !== 'linux') return true
    if (this.#folds !== null) return this.#folds
    const [one, two] = [this.marker, join(this.directory, basename(this.marker).toUpperCase())].map((spelling) =>
      lstatSync(spelling, { throwIfNoEntry: false }),
    )
    if (one === undefined) return false
    this.#folds = two !== undefined && one.ino === two.ino
    return this.#folds
  }

  #isSpelledSo(path: FolderPath): boolean {
    const at = this.absolute(path)
    return readdirSync(dirname(at)).includes(nameOf(path))
  }

  #missed(error: unknown): Look {
    const code = errorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return NOTHING
    if (code === 'EACCES' || code === 'EPERM') return blocked(`cannot be read: ${errorText(error)}`)
    if (code === 'ENAMETOOLONG') return blocked('its name is too long for this disk')
    throw error
  }
}

export function blocked(reason: string): Blocked {
  return { kind: 'blocked', reason }
}

/** Null of what is neither a file nor a directory. */
export function stateOf(found: Stats | BigIntStats): DiskState | null {
  const inode = Number(found.ino)
  if (found.isDirectory()) return { kind: 'directory', size: 0, mtimeMs: 0, inode, executable: false }
  if (!found.isFile()) return null
  const executable = (Number(found.mode) & 0o100) !== 0
  return { kind: 'file', size: Number(found.size), mtimeMs: Number(found.mtimeMs), inode, executable }
}

/** A file, or a name beside which a marker says that it was one, is shared by itself. */
function placeOf(path: string): { readonly directory: string; readonly only: string | null } {
  if (isSingleFile(path)) {
    const real = isMissing(path) ? path : realpathSync.native(path)
    return { directory: realpathSync.native(dirname(real)), only: basename(real) }
  }
  return { directory: realpathSync.native(path), only: null }
}

/** Whether this is, or was when it was shared, or by its name will be, a file that is shared by itself. */
export function isSingleFile(path: string): boolean {
  if (isMissing(path)) return FILE_NAME.test(path) || !isMissing(join(dirname(path), `.${basename(path)}${MARKER}`))
  return !statSync(path).isDirectory()
}

function isMissing(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined
}
