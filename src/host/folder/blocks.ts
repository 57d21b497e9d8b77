/**
 * Hashes one file block by block, a slice at a time.
 * Invariant: a content is of one state of the file, the one that was asked for: looked at before, after each slice and
 * after the last one, by its descriptor and by its name.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { blake3 } from '@napi-rs/blake-hash'
import { blockBytes, blockCount, blockSizeOf, contentId, DIGEST_BYTES } from '../../folder/content.js'
import { type Content, type DiskState, type FolderPath, isSameState } from '../../folder-disk.js'
import { errorCode, errorText } from '../error-text.js'
import { type Root, stateOf } from './root.js'

export type Hashed =
  | { readonly kind: 'content'; readonly content: Content }
  /** Somebody wrote, moved or deleted it meanwhile. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'unreadable'; readonly reason: string }

// a pipe that stands there by now would be waited for without NONBLOCK
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

let scratch = new Uint8Array(0)

export class FileHash {
  readonly path: FolderPath
  readonly state: DiskState
  readonly #root: Root
  readonly #blocks: Uint8Array
  #fd: number | null = null
  #next = 0

  constructor(root: Root, path: FolderPath, state: DiskState) {
    this.#root = root
    this.path = path
    this.state = state
    this.#blocks = new Uint8Array(blockCount(state.size) * DIGEST_BYTES)
  }

  /** Hashes at least one block and about so many bytes; null where more are left. */
  step(sliceBytes: number): Hashed | null {
    try {
      const hashed = this.#step(sliceBytes)
      if (hashed !== null) this.close()
      return hashed
    } catch (error) {
      this.close()
      const code = errorCode(error)
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return { kind: 'changed' }
      return { kind: 'unreadable', reason: `cannot be read: ${errorText(error)}` }
    }
  }

  /** Gives the file back; done by the last step. */
  close(): void {
    if (this.#fd !== null) closeSync(this.#fd)
    this.#fd = null
  }

  #step(sliceBytes: number): Hashed | null {
    const { size } = this.state
    const fd = (this.#fd ??= openSync(this.#root.absolute(this.path), FLAGS))
    for (let read = 0; this.#next < blockCount(size) && read < sliceBytes; this.#next++) {
      if (read === 0 && !this.#isUnchanged(fd)) return { kind: 'changed' }
      const block = blockBytes(size, this.#next)
      const bytes = room(block)
      if (!readWhole(fd, bytes, this.#next * blockSizeOf(size))) return { kind: 'changed' }
      this.#blocks.set(blake3(bytes), this.#next * DIGEST_BYTES)
      read += block
    }
    if (this.#next < blockCount(size)) return null
    const there = this.#root.look(this.path)
    if (!this.#isUnchanged(fd) || there.kind !== 'file' || !isSameState(there, this.state)) return { kind: 'changed' }
    return { kind: 'content', content: { id: contentId(this.#blocks), size, blocks: this.#blocks } }
  }

  #isUnchanged(fd: number): boolean {
    const now = stateOf(fstatSync(fd))
    return now !== null && isSameState(now, this.state)
  }
}

/** One buffer for all files: one is read at a time, and it is at most a block. */
function room(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes)
  return scratch.subarray(0, bytes)
}

/** False where the file ends before. */
export function readWhole(fd: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(fd, bytes, done, bytes.length - done, position + done)
    if (count === 0) return false
    done += count
  }
  return true
}
