/**
 * A whole file that we serve: a user's own, or one in the blob folder.
 * Invariant: bytes leave only while the file is still the one that was hashed. The stamp is checked after the read,
 * so that a change before or during it is seen: else we would send bad bytes in good faith and be banned for it.
 */
import { OperationalError } from '../../../wire/errors.js'
import type { FileStamp, Layout } from '../../env.js'
import { errorText } from '../durable.js'
import { chunkBytes } from './layout.js'
import type { OpenFiles } from './open-files.js'
import { readFully } from './positional.js'
import { isSameFile, stampOf } from './stamp.js'

export class HeldFile {
  readonly layout: Layout
  readonly stamp: FileStamp
  readonly #files: OpenFiles

  constructor(files: OpenFiles, layout: Layout, stamp: FileStamp) {
    this.#files = files
    this.layout = layout
    this.stamp = stamp
  }

  get path(): string {
    return this.stamp.path
  }

  /** Reads one chunk into the first bytes of `memory`; throws OperationalError when the file is not what it was. */
  async read(index: number, memory: Uint8Array): Promise<void> {
    const { path, inode } = this.stamp
    const bytes = memory.subarray(0, chunkBytes(this.layout, index))
    try {
      await this.#files.use(`${inode} ${path}`, path, (handle) =>
        readFully(handle, bytes, index * this.layout.chunkSize),
      )
    } catch (error) {
      throw new OperationalError(`${path}: ${errorText(error)}`)
    }
    if (!isSameFile(await stampOf(path), this.stamp)) {
      throw new OperationalError(`${path} was changed after it was stored: store it again`)
    }
  }
}
