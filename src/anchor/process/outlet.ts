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

  send(message: MessageOf<T>, handle?: SendHandle): void {
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
    })
  }

  close(): void {
    this.#closed = true
  }
}

/** Of the fields that can be large. */
function sizeOf(message: Readonly<Record<string, unknown>>): number {
  let size = MESSAGE_BYTES
  for (const value of Object.values(message))
    if (typeof value === 'string' || value instanceof Uint8Array) size += value.length
  return size
}
