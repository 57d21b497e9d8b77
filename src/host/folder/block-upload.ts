/** Sends blocks of our files on one data link: the worker reads and checks them, all of a request or none. */

import { CHUNK_BYTES } from '../../../wire/limits.js'
import type { LinkCore } from '../../../wire/link-core.js'
import type { Piece } from '../../folder-disk.js'
import type { MemoryPool } from '../chunks/memory-pool.js'
import { SendQueue } from '../chunks/send-queue.js'
import type { WriteCalls } from './write-calls.js'

export interface BlockUploadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly calls: WriteCalls
}

export class BlockUpload {
  readonly #options: BlockUploadOptions
  readonly #queue: SendQueue<SharedArrayBuffer, readonly number[]>

  constructor(options: BlockUploadOptions) {
    this.#options = options
    this.#queue = new SendQueue(options)
  }

  serve(request: number, pieces: readonly Piece[]): void {
    const { link, calls } = this.#options
    const refuse = (missing: readonly number[]): void => {
      link.send({ type: 'folderBlocksRefused', request, missing: [...missing] })
    }
    const all = pieces.map((_, place) => place)
    const size = pieces.reduce((sum, piece) => sum + piece.size, 0)
    if (size < 1 || size > CHUNK_BYTES) {
      refuse(all)
      return
    }
    this.#queue.add({
      request,
      size,
      read: ({ memory }) =>
        new Promise((resolve) => {
          calls.call<'read'>({ kind: 'read', frame: memory, pieces }, (missing) =>
            resolve(missing.length > 0 ? missing : null),
          )
        }),
      refuse,
      crowded: () => refuse(all),
    })
  }
}
