/**
 * Files that are being written, beside their places, in a directory that nobody else can read.
 * Invariant: nothing in it outlives the next opening of the folder.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCode } from '../error-text.js'
import type { FilePlan } from './write-messages.js'

const PRIVATE_MODE = 0o700
/** What a new file may have at most; the process's mask takes from it. */
const FILE_MODE = 0o666
const READ_BITS = 0o444
const OWNER_EXECUTES = 0o100
/**
 * Times are handed over in seconds as a double, which cuts a whole millisecond a little short: read again it would be the
 * one before. Half a microsecond more than its error keeps it within the millisecond.
 */
const WITHIN_MS = 0.0005

export class Temporary {
  readonly #directory: string
  /** Of the folder that it is in. */
  readonly #inode: number
  #serial = 0

  /** Throws what the disk says of the directory above. */
  constructor(directory: string) {
    this.#directory = directory
    this.#inode = lstatSync(dirname(directory)).ino
  }

  /** What is in it; nothing where it is not there. Where a link or a file has its name, that goes. */
  names(): readonly string[] {
    const found = lstatSync(this.#directory, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) return readdirSync(this.#directory)
    if (found !== undefined) unlinkSync(this.#directory)
    return []
  }

  /** Makes it where it is not there, in the folder that was opened and nowhere else; a link in its place goes. */
  make(): void {
    const above = lstatSync(dirname(this.#directory))
    if (!above.isDirectory() || above.ino !== this.#inode) {
      throw Object.assign(new Error('another folder stands in its place'), { code: 'ENOENT' })
    }
    const found = lstatSync(this.#directory, { throwIfNoEntry: false })
    if (found?.isDirectory() === true) return
    if (found !== undefined) unlinkSync(this.#directory)
    mkdirSync(this.#directory, { mode: PRIVATE_MODE })
  }

  /** Deletes all that is in it; does not follow links. */
  empty(): void {
    for (const name of this.names()) rmSync(join(this.#directory, name), { recursive: true, force: true })
  }

  pathOf(name: string): string {
    return join(this.#directory, name)
  }

  /** A path that nothing has, in a directory that is there. */
  next(): string {
    this.make()
    return this.pathOf(String(++this.#serial))
  }

  /** An empty file, open for reading and writing. */
  create(path = this.next()): TemporaryFile {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_RDWR | constants.O_NOFOLLOW
    return new TemporaryFile(path, openSync(path, flags, FILE_MODE))
  }
}

export class TemporaryFile {
  readonly path: string
  readonly fd: number
  readonly #inode: number
  #open = true

  constructor(path: string, fd: number) {
    this.path = path
    this.fd = fd
    this.#inode = fstatSync(fd).ino
  }

  /** Whether it is what stands at its path: else somebody put another directory in the place of ours. */
  isThere(): boolean {
    return lstatSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode
  }

  /** All of `bytes` at `position`, or an error. */
  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.fd, bytes, done, bytes.length - done, position + done)
    }
  }

  /** Gives it its time and mode; where it replaces a file it keeps that one's readers and writers. */
  seal({ mtimeMs, executable }: FilePlan, replaced: string | null): void {
    const old = replaced === null ? undefined : lstatSync(replaced, { throwIfNoEntry: false })
    if (executable || old?.isFile() === true) {
      const base = (old?.isFile() === true ? old.mode : fstatSync(this.fd).mode) & FILE_MODE
      fchmodSync(this.fd, executable ? withExecution(base) : base)
    }
    const seconds = (mtimeMs + WITHIN_MS) / 1000
    futimesSync(this.fd, seconds, seconds)
  }

  close(): void {
    if (this.#open) closeSync(this.fd)
    this.#open = false
  }

  drop(): void {
    this.close()
    try {
      if (this.isThere()) rmSync(this.path, { force: true })
    } catch (error) {
      if (errorCode(error) === '') throw error
      // it goes when the folder is opened again
    }
  }
}

/** Who may read it may execute it, its owner always. */
export function withExecution(mode: number): number {
  return mode | ((mode & READ_BITS) >> 2) | OWNER_EXECUTES
}
