/**
 * Reads pieces of files in the folder, for copies and for others.
 * Invariant: a piece is read only from a file that is as the index says, reached through real directories.
 */
import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { type DiskState, type FolderPath, isSameState } from '../../folder-disk.js'
import { errorCode } from '../error-text.js'
import { readWhole } from './blocks.js'
import { type Root, stateOf } from './root.js'

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

export class Sources {
  readonly #root: Root
  /** The file read last: pieces of one file come in a row. */
  #open: { readonly path: FolderPath; readonly state: DiskState; readonly fd: number } | null = null
  #memory = new Uint8Array(0)

  constructor(root: Root) {
    this.#root = root
  }

  /** Fills `memory` from there; false where the file is not what it was, or cannot be read. */
  read(path: FolderPath, state: DiskState, offset: number, memory: Uint8Array): boolean {
    try {
      const fd = this.#fdOf(path, state)
      return fd !== null && readWhole(fd, memory, offset)
    } catch (error) {
      if (errorCode(error) === '') throw error
      return false
    }
  }

  /** Where it stands, if it is what it was. */
  pathOf(path: FolderPath, state: DiskState): string | null {
    return this.#isSo(path, state) ? this.#root.absolute(path) : null
  }

  /** Memory for one piece, used again for the next. */
  memory(size: number): Uint8Array {
    if (this.#memory.length < size) this.#memory = new Uint8Array(size)
    return this.#memory.subarray(0, size)
  }

  /** To be called when nothing more is read for now. */
  close(): void {
    if (this.#open !== null) closeSync(this.#open.fd)
    this.#open = null
    this.#memory = new Uint8Array(0)
  }

  #fdOf(path: FolderPath, state: DiskState): number | null {
    if (this.#open?.path === path && isSameState(this.#open.state, state)) return this.#open.fd
    if (this.#open !== null) closeSync(this.#open.fd)
    this.#open = null
    if (!this.#isSo(path, state)) return null
    const fd = openSync(this.#root.absolute(path), FLAGS)
    const found = stateOf(fstatSync(fd))
    if (found === null || !isSameState(found, state)) {
      closeSync(fd)
      return null
    }
    this.#open = { path, state, fd }
    return fd
  }

  #isSo(path: FolderPath, state: DiskState): boolean {
    const look = this.#root.look(path)
    return look.kind === 'file' && isSameState(look, state)
  }
}
