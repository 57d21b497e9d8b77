/**
 * Output of a data link: chunks and messages, in order, written in slices, so that a slow reader shows progress and a
 * 16 MiB chunk is never encrypted at once. Invariant: one write is under way at a time, so nothing interleaves.
 */
import type { BytePipe } from './pipe.js'

const SLICE_BYTES = 256 * 1024

export type Written = (error: Error | null) => void

interface Item {
  readonly bytes: Uint8Array
  readonly isMessage: boolean
  readonly done: Written | null
  sent: number
}

export class Outbox {
  readonly #pipe: Pick<BytePipe, 'writeParts'>
  readonly #moved: () => void
  /** Bounded by its callers: messages by `messageBytes`, chunks by the host's 64 requests a link. */
  readonly #items: Item[] = []
  #writing = false
  #closed: Error | null = null
  /** Not yet handed to the system. */
  queuedBytes = 0
  /** The part of these that messages have. */
  messageBytes = 0

  /** `moved` is called after each slice. */
  constructor(pipe: Pick<BytePipe, 'writeParts'>, moved: () => void) {
    this.#pipe = pipe
    this.#moved = moved
  }

  message(bytes: Uint8Array): void {
    this.messageBytes += bytes.length
    this.#add({ bytes, isMessage: true, done: null, sent: 0 })
  }

  chunk(head: Uint8Array, payload: Uint8Array, done: Written): void {
    this.#add({ bytes: head, isMessage: false, done: null, sent: 0 })
    this.#add({ bytes: payload, isMessage: false, done, sent: 0 })
  }

  /** Between frames: nothing is queued or half written. */
  get idle(): boolean {
    return !this.#writing && this.#items.length === 0
  }

  /** What has not begun is dropped; a slice under way answers by itself. */
  close(error: Error): void {
    this.#closed = error
    if (!this.#writing) process.nextTick(() => this.#dropAll(error))
  }

  #add(item: Item): void {
    this.#items.push(item)
    this.queuedBytes += item.bytes.length
    // On the next tick, so that a chunk's head and bytes, or a row of requests, leave together.
    if (this.#items.length === 1 && !this.#writing) process.nextTick(() => this.#pump())
  }

  #pump(): void {
    if (this.#writing) return
    if (this.#closed !== null) {
      this.#dropAll(this.#closed)
      return
    }
    const parts: Uint8Array[] = []
    const finished: Item[] = []
    let room = SLICE_BYTES
    for (let item = this.#items[0]; item !== undefined && room > 0; item = this.#items[0]) {
      const part = item.bytes.subarray(item.sent, item.sent + room)
      parts.push(part)
      item.sent += part.length
      room -= part.length
      if (item.sent < item.bytes.length) break
      finished.push(item)
      this.#items.shift()
    }
    if (parts.length === 0) return
    this.#writing = true
    this.#pipe.writeParts(parts, (error) => this.#written(SLICE_BYTES - room, finished, error))
  }

  #written(count: number, finished: readonly Item[], error: Error | null): void {
    this.#writing = false
    this.queuedBytes -= count
    for (const item of finished) {
      if (item.isMessage) this.messageBytes -= item.bytes.length
      item.done?.(error)
    }
    if (error !== null) this.#closed ??= error
    this.#pump()
    this.#moved()
  }

  #dropAll(error: Error): void {
    for (const item of this.#items.splice(0)) item.done?.(error)
    this.queuedBytes = 0
    this.messageBytes = 0
  }
}
