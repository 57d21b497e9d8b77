/**
 * Sends chunk frames on one data link, in the order of the requests: requests are queued, bytes hardly.
 * Invariant: the next answer is read only while less than one answer, or 1 MiB of smaller ones, is read or waits on the
 * link. So the disk is always a little ahead of the link, a reader that does not read costs at most two answers (or that
 * 1 MiB and one) of memory, and when memory is short none but its own turn.
 */
import type { LinkCore } from '../../../wire/link-core.js'
import type { MemoryPool, Slot } from './memory-pool.js'

/** Requests that wait on one link; more are refused. */
const MAX_QUEUED = 64
/** Small answers are read so far ahead that the link never waits for a turn of the disk. */
const AHEAD_BYTES = 1 << 20

/** What was asked for: `Fault` says why it is not to be had. */
export interface Sending<M extends ArrayBufferLike, Fault> {
  readonly request: number
  /** Of the answer, at least 1. */
  readonly size: number
  /** Fills the slot; null where all is as it should be. */
  read(slot: Slot<M>): Promise<Fault | null>
  /** In its turn, instead of the bytes. */
  refuse(fault: Fault): void
  /** At once, for there is no room in the queue. */
  crowded(): void
}

export interface SendQueueOptions<M extends ArrayBufferLike> {
  readonly link: LinkCore
  readonly pool: MemoryPool<M>
}

export class SendQueue<M extends ArrayBufferLike, Fault> {
  readonly #options: SendQueueOptions<M>
  readonly #queue: Sending<M, Fault>[] = [] // at most MAX_QUEUED
  /** Of answers that are being read, and of none that the link has. */
  #readingBytes = 0
  /** The answer read last is handed to the link. */
  #before: Promise<void> = Promise.resolve()

  constructor(options: SendQueueOptions<M>) {
    this.#options = options
    options.link.onWritten = () => this.#next()
  }

  add(sending: Sending<M, Fault>): void {
    if (this.#queue.length < MAX_QUEUED) this.#queue.push(sending)
    else sending.crowded()
    this.#next()
  }

  #next(): void {
    if (this.#options.link.closed) this.#queue.length = 0
    for (let head = this.#queue[0]; head !== undefined; head = this.#queue[0]) {
      if (!this.#mayRead(head.size)) return // until some is written
      this.#queue.shift()
      this.#readingBytes += head.size
      this.#read(head)
    }
  }

  #mayRead(size: number): boolean {
    const { link, pool } = this.#options
    const ahead = this.#readingBytes + link.queuedBytes
    return ahead === 0 || (ahead < Math.max(size, AHEAD_BYTES) && !pool.tight)
  }

  #read(sending: Sending<M, Fault>): void {
    this.#options.pool.take(sending.size, (slot) => {
      this.#before = this.#send(sending, slot, this.#before).finally(() => {
        this.#readingBytes -= sending.size
        this.#next()
      })
    })
  }

  async #send(sending: Sending<M, Fault>, slot: Slot<M>, before: Promise<void>): Promise<void> {
    const { link } = this.#options
    const fault = link.closed ? null : await sending.read(slot)
    await before
    if (fault === null) {
      link.sendChunk(sending.request, slot.bytes, slot.release)
      return
    }
    slot.release()
    sending.refuse(fault)
  }
}
