/**
 * Serves chunks on one data link: requests are queued, never bytes.
 * Invariant: the next chunk is read only when less than one chunk waits on the link, so that a reader that does not
 * read costs at most two chunks of memory, and none but its own turn.
 */
import { OperationalError } from '../../../wire/errors.js'
import type { LinkCore } from '../../../wire/link-core.js'
import type { Hash } from '../../../wire/types.js'
import { chunkBytes } from './layout.js'
import type { MemoryPool, Slot } from './memory-pool.js'
import type { Source } from './source.js'

/** Requests that wait on one link; more are refused. */
const MAX_QUEUED = 64

interface Request {
  readonly request: number
  readonly source: Source
  readonly index: number
}

export interface UploadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<ArrayBuffer>
  /** The source of this blob cannot give what it promised. */
  readonly lost: (blob: Hash, reason: string) => void
}

export class Upload {
  readonly #options: UploadOptions
  readonly #queue: Request[] = [] // at most MAX_QUEUED
  /** A chunk is being read. */
  #reading = false

  constructor(options: UploadOptions) {
    this.#options = options
    options.link.onWritten = () => this.#next()
  }

  serve(request: number, source: Source, index: number): void {
    if (this.#queue.length < MAX_QUEUED) this.#queue.push({ request, source, index })
    else this.refuse(request, 'too many requests are queued')
    this.#next()
  }

  refuse(request: number, reason: string): void {
    this.#options.link.send({ type: 'chunkRefused', request, reason })
  }

  #next(): void {
    const { link, pool } = this.#options
    if (link.closed) this.#queue.length = 0
    const [head] = this.#queue
    if (head === undefined || this.#reading) return
    const size = chunkBytes(head.source.layout, head.index)
    if (link.queuedBytes >= size || (link.queuedBytes > 0 && pool.tight)) return // until some is written
    this.#queue.shift()
    this.#reading = true
    pool.take(size, (slot) => void this.#send(head, slot))
  }

  async #send({ request, source, index }: Request, slot: Slot<ArrayBuffer>): Promise<void> {
    try {
      if (!this.#options.link.closed) await source.read(index, slot.bytes)
      this.#options.link.sendChunk(request, slot.bytes, slot.release)
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      slot.release()
      this.refuse(request, 'the file is not what it was')
      this.#options.lost(source.blob, error.message)
    }
    this.#reading = false
    this.#next()
  }
}
