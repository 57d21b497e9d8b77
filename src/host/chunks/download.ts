/**
 * Fetches chunks over one data link: a worker hashes each in the memory that it came into, then it is written at its place.
 */
import type { LinkCore } from '../../../wire/link-core.js'
import type { ChunkFetch, ChunkOutcome, Layout } from '../../env.js'
import type { HostWorkers } from '../workers.js'
import { AskedBytes, type Asking } from './asked-bytes.js'
import { chunkBytes, isDigestOf } from './layout.js'
import type { MemoryPool, Slot } from './memory-pool.js'

/** Where verified chunks go. */
export interface ChunkSink {
  readonly layout: Layout
  /** Nothing may be written any more. */
  readonly closed: boolean
  /** Throws what the disk says. */
  write(index: number, chunk: Uint8Array): Promise<void>
}

export interface DownloadOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly workers: Pick<HostWorkers, 'hash'>
  /** Memory of at least this size for bytes that nobody wants any more. */
  readonly waste: (sizeBytes: number) => Uint8Array
  /** A verified chunk could not be written. */
  readonly unwritable: (fetch: ChunkFetch, error: unknown) => void
}

export class Download {
  readonly #options: DownloadOptions
  readonly #asked: AskedBytes<ChunkOutcome>

  constructor(options: DownloadOptions) {
    this.#options = options
    this.#asked = new AskedBytes(options)
  }

  /** Answers how to give the fetch up; `done` does not come any more then. */
  fetch(part: ChunkSink, fetch: ChunkFetch): () => void {
    const { blob, index, stallMs } = fetch
    const size = chunkBytes(part.layout, index)
    if (size === 0) {
      const late = setImmediate(() => fetch.done('refused'))
      return () => clearImmediate(late)
    }
    const asking: Asking<ChunkOutcome> = {
      size,
      stallMs,
      ask: (request) => this.#options.link.send({ type: 'chunkGet', request, blob, index }),
      progress: (bytes) => fetch.progress(bytes),
      came: (slot, isWanted, end) => this.#check(part, fetch, slot, isWanted, end),
      done: (outcome) => fetch.done(outcome),
    }
    return this.#asked.ask(asking)
  }

  /** The source does not give this chunk. */
  refused(request: number): void {
    this.#asked.refused(request, 'refused')
  }

  #check(
    part: ChunkSink,
    fetch: ChunkFetch,
    slot: Slot<SharedArrayBuffer>,
    isWanted: () => boolean,
    end: (outcome: ChunkOutcome) => void,
  ): void {
    this.#options.workers.hash(slot.memory, slot.bytes.length, (digest) => {
      if (!isDigestOf(part.layout, fetch.index, digest)) return end('bad')
      // what nobody waits for any more takes no room that nobody counts
      if (!isWanted()) return end('lost')
      part.write(fetch.index, slot.bytes).then(
        () => end('ok'),
        (error: unknown) => {
          if (!part.closed) this.#options.unwritable(fetch, error)
          end('lost')
        },
      )
    })
  }
}
