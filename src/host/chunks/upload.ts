/** Serves chunks on one data link. */
import { OperationalError } from '../../../wire/errors.js'
import type { LinkCore } from '../../../wire/link-core.js'
import { chunkBytes } from './layout.js'
import type { MemoryPool } from './memory-pool.js'
import { SendQueue } from './send-queue.js'
import type { Source } from './source.js'

export interface UploadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<ArrayBuffer>
  /** The source of this blob cannot give what it promised. */
  readonly lost: (source: Source, index: number, reason: string) => void
}

export class Upload {
  readonly #options: UploadOptions
  readonly #queue: SendQueue<ArrayBuffer, string>

  constructor(options: UploadOptions) {
    this.#options = options
    this.#queue = new SendQueue(options)
  }

  serve(request: number, source: Source, index: number): void {
    this.#queue.add({
      request,
      size: chunkBytes(source.layout, index),
      read: ({ bytes }) => faultOf(source.read(index, bytes)),
      refuse: (fault) => {
        this.refuse(request, 'the file is not what it was')
        this.#options.lost(source, index, fault)
      },
      crowded: () => this.refuse(request, 'too many requests are queued'),
    })
  }

  refuse(request: number, reason: string): void {
    this.#options.link.send({ type: 'chunkRefused', request, reason })
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
