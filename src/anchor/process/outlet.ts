/**
 * One direction of the IPC between the supervisor and a task's process, bounded.
 * Invariant: what the other end has not read stays under the caps. An end that lets so much lie is as good as frozen:
 * `stuck` is told once, and nothing is sent any more.
 */
import type { SendHandle } from 'node:child_process'
import type { Fields } from '../../../wire/field.js'
import { type MessageOf, pack } from './messages.js'

const MAX_UNREAD = 4096
const MAX_UNREAD_BYTES = 64 << 20
/** What a message takes beside its bytes, about. */
const MESSAGE_BYTES = 256

/** `process.send` of the child, `child.send` of the supervisor. */
export type Carrier = (message: unknown, handle: SendHandle | undefined, written: () => void) => void

export class Outlet<T extends Readonly<Record<string, Fields>>> {
  readonly #table: T
  readonly #carry: Carrier
  readonly #stuck: () => void
  #unread = 0
  #unreadBytes = 0
  /** One after the other; as many as there are commands under way. */
  readonly #large: MessageOf<T>[] = []
  #sendsLarge = false
  #closed = false

  constructor(table: T, carry: Carrier, stuck: () => void) {
    this.#table = table
    this.#carry = carry
    this.#stuck = stuck
  }

  /** Whether the other end has read all, or nearly. */
  get isIdle(): boolean {
    return this.#unread === 0
  }

  /** Answers to commands may be large, and several may come at once: each waits until the one before was read. */
  sendLarge(message: MessageOf<T>): void {
    this.#large.push(message)
    this.#nextLarge()
  }

  send(message: MessageOf<T>, handle?: SendHandle): void {
    this.#send(message, handle, () => {})
  }

  close(): void {
    this.#closed = true
  }

  #nextLarge(): void {
    const message = this.#sendsLarge ? undefined : this.#large.shift()
    if (message === undefined) return
    this.#sendsLarge = true
    this.#send(message, undefined, () => {
      this.#sendsLarge = false
      this.#nextLarge()
    })
  }

  #send(message: MessageOf<T>, handle: SendHandle | undefined, read: () => void): void {
    if (this.#closed) return
    const size = sizeOf(message)
    // one message alone may be larger than all may be together
    const isFull = this.#unread >= MAX_UNREAD || (this.#unread > 0 && this.#unreadBytes + size > MAX_UNREAD_BYTES)
    if (isFull) {
      this.close()
      this.#stuck()
      return
    }
    this.#unread++
    this.#unreadBytes += size
    this.#carry(pack(this.#table, message), handle, () => {
      this.#unread--
      this.#unreadBytes -= size
      read()
    })
  }
}

/** Of the fields that can be large. */
function sizeOf(message: Readonly<Record<string, unknown>>): number {
  let size = MESSAGE_BYTES
  for (const value of Object.values(message))
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length
  return size
}
