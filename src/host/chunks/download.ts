/**
 * Fetches chunks over one data link. The memory for a chunk is taken before it is asked for, and its bytes go from the
 * socket straight into it; a worker hashes it there, then it is written at its place.
 * Invariant: every fetch ends exactly once, and its memory goes back only when nobody writes into it any more.
 */
import type { ChunkReceiver } from '../../../wire/frame.js'
import type { LinkCore } from '../../../wire/link-core.js'
import type { ChunkFetch, ChunkOutcome, Layout } from '../../env.js'
import type { HostWorkers } from '../workers.js'
import { chunkBytes, isDigestOf } from './layout.js'
import type { MemoryPool, Slot } from './memory-pool.js'

/** Requests that were given up and may still be answered; a source that leaves more unanswered is cut off. */
const MAX_ABANDONED = 128
const REQUESTS = 2 ** 32
/** Bytes come in pieces of 16 KiB at most: they are told together, when the chunk is whole or so much time has passed. */
const TELL_MS = 100

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

interface Fetching {
  readonly fetch: ChunkFetch
  readonly part: ChunkSink
  readonly size: number
  request: number
  slot: Slot<SharedArrayBuffer> | null
  state: 'waiting' | 'asked' | 'receiving' | 'checking'
  /** It has its outcome, or nobody wants one. */
  over: boolean
  cancelled: boolean
  askedAtMs: number
  /** Bytes that the caller was not told of yet. */
  untoldBytes: number
  timer: NodeJS.Timeout | null
}

export class Download implements ChunkReceiver {
  readonly #options: DownloadOptions
  /** Without memory yet: bounded by the caller's depth. */
  readonly #waiting = new Set<Fetching>()
  /** By request; bounded by what the memory pool lends. */
  readonly #asked = new Map<number, Fetching>()
  readonly #abandoned = new Map<number, number>() // request to size, at most MAX_ABANDONED
  #lastRequest = -1
  readonly #lastBytes = { atMs: 0, request: -1 }
  #toldAtMs = 0

  constructor(options: DownloadOptions) {
    this.#options = options
    options.link.receiver = this
  }

  /** Answers how to give the fetch up; `done` does not come any more then. */
  fetch(part: ChunkSink, fetch: ChunkFetch): () => void {
    const size = chunkBytes(part.layout, fetch.index)
    const flags = { state: 'waiting', over: false, cancelled: false } as const
    const fetching: Fetching = {
      fetch,
      part,
      size,
      ...flags,
      request: -1,
      slot: null,
      untoldBytes: 0,
      askedAtMs: 0,
      timer: null,
    }
    if (size === 0 || this.#options.link.closed) this.#settle(fetching, size === 0 ? 'refused' : 'lost')
    else {
      this.#waiting.add(fetching)
      this.#options.pool.take(size, (slot) => this.#ask(fetching, slot))
    }
    return () => this.#cancel(fetching)
  }

  /** The source does not give this chunk. */
  refused(request: number): void {
    this.#abandoned.delete(request)
    const fetching = this.#asked.get(request)
    if (fetching === undefined || fetching.state !== 'asked') return
    this.#asked.delete(request)
    fetching.slot?.release()
    this.#settle(fetching, 'refused')
  }

  begin(request: number, size: number): Uint8Array | null {
    if (this.#abandoned.get(request) === size) return this.#options.waste(size)
    const fetching = this.#asked.get(request)
    if (fetching === undefined || fetching.slot === null || fetching.size !== size) return null
    fetching.state = 'receiving'
    return fetching.slot.bytes
  }

  progress(request: number, bytes: number): void {
    const now = performance.now()
    this.#lastBytes.atMs = now
    this.#lastBytes.request = request
    const fetching = this.#asked.get(request)
    if (fetching === undefined || fetching.over) return
    fetching.untoldBytes += bytes
    if (now - this.#toldAtMs < TELL_MS) return
    this.#toldAtMs = now
    this.#tell(fetching)
  }

  end(request: number): void {
    this.#abandoned.delete(request)
    const fetching = this.#asked.get(request)
    this.#asked.delete(request)
    if (fetching === undefined || fetching.slot === null) return
    if (fetching.over) fetching.slot.release()
    else {
      this.#tell(fetching)
      this.#check(fetching, fetching.slot)
    }
  }

  closed(): void {
    const open = [...this.#waiting, ...this.#asked.values()]
    this.#waiting.clear()
    this.#asked.clear()
    for (const fetching of open) {
      fetching.slot?.release()
      this.#settle(fetching, 'lost')
    }
  }

  #ask(fetching: Fetching, slot: Slot<SharedArrayBuffer>): void {
    this.#waiting.delete(fetching)
    if (fetching.over) {
      slot.release()
      return
    }
    this.#lastRequest = (this.#lastRequest + 1) % REQUESTS
    fetching.request = this.#lastRequest
    fetching.slot = slot
    fetching.state = 'asked'
    fetching.askedAtMs = performance.now()
    this.#asked.set(fetching.request, fetching)
    const { blob, index, stallMs } = fetching.fetch
    this.#options.link.send({ type: 'chunkGet', request: fetching.request, blob, index })
    fetching.timer = setTimeout(() => this.#judge(fetching), stallMs)
  }

  /** Chunks come in the order of the requests: bytes of an earlier one are progress for this one too. */
  #judge(fetching: Fetching): void {
    if (fetching.over || fetching.state === 'checking') return
    const { atMs, request } = this.#lastBytes
    const lastMs = request <= fetching.request ? Math.max(atMs, fetching.askedAtMs) : fetching.askedAtMs
    const leftMs = lastMs + fetching.fetch.stallMs - performance.now()
    if (leftMs > 1) {
      fetching.timer = setTimeout(() => this.#judge(fetching), leftMs)
      return
    }
    this.#abandon(fetching)
    this.#settle(fetching, 'timeout')
  }

  #cancel(fetching: Fetching): void {
    fetching.cancelled = true
    if (fetching.over) return
    this.#waiting.delete(fetching)
    this.#abandon(fetching)
    this.#settle(fetching, 'lost')
  }

  /** The answer may still come. Its memory stays taken only while bytes come in, or while it is checked. */
  #abandon(fetching: Fetching): void {
    if (fetching.state !== 'asked') return
    fetching.slot?.release()
    this.#asked.delete(fetching.request)
    this.#abandoned.set(fetching.request, fetching.size)
    if (this.#abandoned.size > MAX_ABANDONED) this.#options.link.close('slow', 'too many chunks were never sent')
  }

  #tell(fetching: Fetching): void {
    const bytes = fetching.untoldBytes
    fetching.untoldBytes = 0
    if (bytes > 0) fetching.fetch.progress(bytes)
  }

  #check(fetching: Fetching, slot: Slot<SharedArrayBuffer>): void {
    const { part, fetch } = fetching
    fetching.state = 'checking'
    const end = (outcome: ChunkOutcome): void => {
      slot.release()
      this.#settle(fetching, outcome)
    }
    this.#options.workers.hash(slot.memory, fetching.size, (digest) => {
      if (!isDigestOf(part.layout, fetch.index, digest)) return end('bad')
      // what nobody waits for any more takes no room that nobody counts
      if (fetching.over) return end('lost')
      part.write(fetch.index, slot.bytes).then(
        () => end('ok'),
        (error: unknown) => {
          if (!part.closed) this.#options.unwritable(fetch, error)
          end('lost')
        },
      )
    })
  }

  #settle(fetching: Fetching, outcome: ChunkOutcome): void {
    if (fetching.timer !== null) clearTimeout(fetching.timer)
    if (fetching.over) return
    fetching.over = true
    setImmediate(() => {
      if (!fetching.cancelled) fetching.fetch.done(outcome)
    })
  }
}
