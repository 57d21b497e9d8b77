/**
 * Bytes that were asked for over one data link: each answer is one chunk frame. The memory for an answer is taken before
 * it is asked for, and its bytes go from the socket straight into it.
 * Invariant: every asking ends exactly once, and its memory goes back only when nobody writes into it any more.
 */
import type { ChunkReceiver } from '../../../wire/frame.js'
import type { LinkCore } from '../../../wire/link-core.js'
import type { MemoryPool, Slot } from './memory-pool.js'

/** Requests that were given up and may still be answered; a source that leaves more unanswered is cut off. */
const MAX_ABANDONED = 128
const REQUESTS = 2 ** 32
/** Bytes come in pieces of 16 KiB at most: they are told together, when all are there or so much time has passed. */
const TELL_MS = 100

/** What may be asked for, and what is done with it; `Outcome` is what the asker adds to those of the link. */
export interface Asking<Outcome> {
  /** Of the answer; at least 1, at most what the pool has. */
  readonly size: number
  /** No bytes for so long is a timeout. */
  readonly stallMs: number
  /** Sends the request. */
  ask(request: number): void
  progress(bytes: number): void
  /** All bytes are there. They stay ours until `end`, which must be called once. `isWanted` is false when nobody waits. */
  came(slot: Slot<SharedArrayBuffer>, isWanted: () => boolean, end: (outcome: Outcome | 'lost') => void): void
  done(outcome: Outcome | 'lost' | 'timeout'): void
}

export interface AskedBytesOptions {
  readonly link: LinkCore
  readonly pool: MemoryPool<SharedArrayBuffer>
  /** Memory of at least this size for bytes that nobody wants any more. */
  readonly waste: (sizeBytes: number) => Uint8Array
}

interface Asked<Outcome> {
  readonly asking: Asking<Outcome>
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

export class AskedBytes<Outcome> implements ChunkReceiver {
  readonly #options: AskedBytesOptions
  /** Without memory yet: bounded by the caller's depth. */
  readonly #waiting = new Set<Asked<Outcome>>()
  /** By request; bounded by what the memory pool lends. */
  readonly #asked = new Map<number, Asked<Outcome>>()
  readonly #abandoned = new Map<number, number>() // request to size, at most MAX_ABANDONED
  #lastRequest = -1
  readonly #lastBytes = { atMs: 0, request: -1 }
  #toldAtMs = 0

  constructor(options: AskedBytesOptions) {
    this.#options = options
    options.link.receiver = this
  }

  /** Answers how to give the asking up; `done` does not come any more then. */
  ask(asking: Asking<Outcome>): () => void {
    const flags = { state: 'waiting', over: false, cancelled: false } as const
    const asked: Asked<Outcome> = {
      asking,
      ...flags,
      request: -1,
      slot: null,
      untoldBytes: 0,
      askedAtMs: 0,
      timer: null,
    }
    if (this.#options.link.closed) this.#settle(asked, 'lost')
    else {
      this.#waiting.add(asked)
      this.#options.pool.take(asking.size, (slot) => this.#ask(asked, slot))
    }
    return () => this.#cancel(asked)
  }

  /** The source does not give this. */
  refused(request: number, outcome: Outcome): void {
    this.#abandoned.delete(request)
    const asked = this.#asked.get(request)
    if (asked === undefined || asked.state !== 'asked') return
    this.#asked.delete(request)
    asked.slot?.release()
    this.#settle(asked, outcome)
  }

  begin(request: number, size: number): Uint8Array | null {
    if (this.#abandoned.get(request) === size) return this.#options.waste(size)
    const asked = this.#asked.get(request)
    if (asked === undefined || asked.slot === null || asked.asking.size !== size) return null
    asked.state = 'receiving'
    return asked.slot.bytes
  }

  progress(request: number, bytes: number): void {
    const now = performance.now()
    this.#lastBytes.atMs = now
    this.#lastBytes.request = request
    const asked = this.#asked.get(request)
    if (asked === undefined || asked.over) return
    asked.untoldBytes += bytes
    if (now - this.#toldAtMs < TELL_MS) return
    this.#toldAtMs = now
    this.#tell(asked)
  }

  end(request: number): void {
    this.#abandoned.delete(request)
    const asked = this.#asked.get(request)
    this.#asked.delete(request)
    if (asked === undefined || asked.slot === null) return
    if (asked.over) asked.slot.release()
    else {
      this.#tell(asked)
      this.#came(asked, asked.slot)
    }
  }

  closed(): void {
    const open = [...this.#waiting, ...this.#asked.values()]
    this.#waiting.clear()
    this.#asked.clear()
    for (const asked of open) {
      asked.slot?.release()
      this.#settle(asked, 'lost')
    }
  }

  #ask(asked: Asked<Outcome>, slot: Slot<SharedArrayBuffer>): void {
    this.#waiting.delete(asked)
    if (asked.over) {
      slot.release()
      return
    }
    this.#lastRequest = (this.#lastRequest + 1) % REQUESTS
    asked.request = this.#lastRequest
    asked.slot = slot
    asked.state = 'asked'
    asked.askedAtMs = performance.now()
    this.#asked.set(asked.request, asked)
    asked.asking.ask(asked.request)
    asked.timer = setTimeout(() => this.#judge(asked), asked.asking.stallMs)
  }

  /** Answers come in the order of the requests: bytes of an earlier one are progress for this one too. */
  #judge(asked: Asked<Outcome>): void {
    if (asked.over || asked.state === 'checking') return
    const { atMs, request } = this.#lastBytes
    const lastMs = request <= asked.request ? Math.max(atMs, asked.askedAtMs) : asked.askedAtMs
    const leftMs = lastMs + asked.asking.stallMs - performance.now()
    if (leftMs > 1) {
      asked.timer = setTimeout(() => this.#judge(asked), leftMs)
      return
    }
    this.#abandon(asked)
    this.#settle(asked, 'timeout')
  }

  #cancel(asked: Asked<Outcome>): void {
    asked.cancelled = true
    if (asked.over) return
    this.#waiting.delete(asked)
    this.#abandon(asked)
    this.#settle(asked, 'lost')
  }

  /** The answer may still come. Its memory stays taken only while bytes come in, or while it is checked. */
  #abandon(asked: Asked<Outcome>): void {
    if (asked.state !== 'asked') return
    asked.slot?.release()
    this.#asked.delete(asked.request)
    this.#abandoned.set(asked.request, asked.asking.size)
    if (this.#abandoned.size > MAX_ABANDONED) this.#options.link.close('slow', 'too many chunks were never sent')
  }

  #tell(asked: Asked<Outcome>): void {
    const bytes = asked.untoldBytes
    asked.untoldBytes = 0
    if (bytes > 0) asked.asking.progress(bytes)
  }

  #came(asked: Asked<Outcome>, slot: Slot<SharedArrayBuffer>): void {
    asked.state = 'checking'
    const end = (outcome: Outcome | 'lost'): void => {
      slot.release()
      this.#settle(asked, outcome)
    }
    asked.asking.came(slot, () => !asked.over, end)
  }

  #settle(asked: Asked<Outcome>, outcome: Outcome | 'lost' | 'timeout'): void {
    if (asked.timer !== null) clearTimeout(asked.timer)
    if (asked.over) return
    asked.over = true
    setImmediate(() => {
      if (!asked.cancelled) asked.asking.done(outcome)
    })
  }
}
