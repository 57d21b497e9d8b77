/**
 * Serves chunks on one data link, in the order of the requests: requests are queued, bytes hardly.
 * Invariant: the next chunk is read only while less than one chunk, or 1 MiB of smaller ones, is read or waits on the
 * link. So the disk is always a little ahead of the link, a reader that does not read costs at most two chunks (or that
 * 1 MiB and one) of memory, and when memory is short none but its own turn.
 */
import { OperationalError } from '../../../wire/errors.js'
import type { LinkCore } from '../../../wire/link-core.js'
import { chunkBytes } from './layout.js'
import type { MemoryPool, Slot } from './memory-pool.js'
import type { Source } from './source.js'

/** Requests that wait on one link; more are refused. */
const MAX_QUEUED = 64
/** Small chunks are read so far ahead that the link never waits for a turn of the disk. */
const AHEAD_BYTES = 1 << 20

interface Request {
  readonly request: number
  readonly source: Source
  readonly index: number
}

export interface UploadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<ArrayBuffer>
  /** The source of this blob cannot give what it promised. */
  readonly lost: (source: Source, index: number, reason: string) => void
}

export class Upload {
  readonly #options: UploadOptions
  readonly #queue: Request[] = [] // at most MAX_QUEUED
  /** Of chunks that are being read, and of none that the link has. */
  #readingBytes = 0
  /** The chunk read last is handed to the link. */
  #before: Promise<void> = Promise.resolve()

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
    if (this.#options.link.closed) this.#queue.length = 0
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      const size = chunkBytes(head.source.layout, head.index)
      if (!this.#mayRead(size)) return // until some is written
      this.#queue.shift()
      this.#readingBytes += size
      this.#read(head, size)
    }
  }

  #mayRead(size: number): boolean {
    const { link, pool } = this.#options
    const ahead = this.#readingBytes + link.queuedBytes
    return ahead === 0 || (ahead < Math.max(size, AHEAD_BYTES) && !pool.tight)
  }

  #read(request: Request, size: number): void {
    this.#options.pool.take(size, (slot) => {
      this.#before = this.#send(request, slot, this.#before).finally(() => {
        this.#readingBytes -= size
        this.#next()
      })
    })
  }

  async #send({ request, source, index }: Request, slot: Slot<ArrayBuffer>, before: Promise<void>): Promise<void> {
    const { link, lost } = this.#options
    const fault = link.closed ? null : await faultOf(source.read(index, slot.bytes))
    await before
    if (fault === null) {
      link.sendChunk(request, slot.bytes, slot.release)
      return
    }
    slot.release()
    this.refuse(request, 'the file is not what it was')
    lost(source, index, fault)
  }
}

/** Why the file could not be read, or null. */
function faultOf(reading: Promise<void>): Promise<string | null> {
  return reading.then(
    () => null,
    (error: unknown) => {
      if (error instanceof OperationalError) return error.message
      throw error
    },
  )
}
