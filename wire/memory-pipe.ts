/**
 * Two ends of a pipe in one process. Bytes are copied and arrive on a later turn of the event loop, in order, as they
 * would over a socket, so that code which works here does not depend on the sender's memory or on its call stack.
 */
import { assert } from './errors.js'
import { type BytePipe, NO_EVENTS, type PipeEvents } from './pipe.js'
import type { Address } from './types.js'

interface Queued {
  readonly bytes: Uint8Array
  readonly done: ((error: Error | null) => void) | null
}

type SharedSecrets = Pick<BytePipe, 'binding' | 'datagramSecret'>

export class MemoryPipe implements BytePipe {
  readonly local: Address
  readonly remote: Address
  readonly binding: Uint8Array
  readonly datagramSecret: Uint8Array
  events: PipeEvents = NO_EVENTS
  bytesSent = 0
  bytesReceived = 0
  queuedBytes = 0
  #other: MemoryPipe | null = null
  readonly #queue: Queued[] = []
  #scheduled = false
  /** `ending`: what is queued still goes out. */
  #state: 'open' | 'ending' | 'gone' = 'open'

  constructor(local: Address, remote: Address, shared: SharedSecrets) {
    this.local = local
    this.remote = remote
    this.binding = shared.binding
    this.datagramSecret = shared.datagramSecret
  }

  /** The dialer's end and the listener's. */
  static pair(dialer: Address, listener: Address, shared: SharedSecrets): readonly [MemoryPipe, MemoryPipe] {
    const near = new MemoryPipe(dialer, listener, shared)
    const far = new MemoryPipe(listener, dialer, shared)
    near.#other = far
    far.#other = near
    return [near, far]
  }

  write(bytes: Uint8Array): void {
    this.#add({ bytes, done: null })
  }

  writeParts(parts: readonly Uint8Array[], done: (error: Error | null) => void): void {
    this.#add({ bytes: Buffer.concat(parts), done })
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#schedule()
  }

  destroy(): void {
    this.#gone('the connection was cut')
    this.#peer.#gone('the connection was cut')
  }

  get #peer(): MemoryPipe {
    assert(this.#other !== null, 'a pipe has two ends')
    return this.#other
  }

  #add(item: Queued): void {
    if (this.#state !== 'open') {
      if (item.done !== null) process.nextTick(item.done, new Error('the connection ended'))
      return
    }
    this.bytesSent += item.bytes.length
    this.queuedBytes += item.bytes.length
    this.#queue.push(item)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#deliver())
  }

  #deliver(): void {
    this.#scheduled = false
    if (this.#state === 'gone') return
    for (const { bytes, done } of this.#queue.splice(0)) {
      this.queuedBytes -= bytes.length
      this.#peer.#receive(bytes)
      done?.(null)
    }
    if (this.#state === 'ending') {
      this.#gone('the connection ended')
      this.#peer.#gone('the connection ended')
    } else this.events.drained()
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'gone') return
    this.bytesReceived += bytes.length
    this.events.received(Uint8Array.from(bytes))
  }

  #gone(reason: string): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    const unsent = this.#queue.splice(0)
    this.queuedBytes = 0
    setImmediate(() => {
      for (const { done } of unsent) done?.(new Error(reason))
      this.events.ended(reason)
    })
  }
}
