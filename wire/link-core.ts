/**
 * One link to a proven peer, over any pipe: messages in and out, the limits at the door, the one close.
 * Invariants: a message reaches the handler only in its phase, from its sender, within its limit; nothing reaches it
 * after `closed`; `closed` and `drained` are never called inside a call of this class.
 */
import type { Link, LinkHandler } from '../src/env.js'
import { decodeMessage, type Entry, encodeMessage, entryOf, largestIn } from './codec.js'
import { Deadline } from './deadline.js'
import { type CloseCode, ProtocolError } from './errors.js'
import { CHUNK_NUMBER, CHUNK_OVERHEAD, type ChunkReceiver, chunkHead } from './frame.js'
import type { FramedPipe, PipeOwner } from './framed-pipe.js'
import * as limits from './limits.js'
import type { Service } from './messages/link.js'
import type { Message } from './messages.js'
import { Outbox, type Written } from './outbox.js'
import type { Address, PeerId } from './types.js'

export interface LinkOptions {
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly dialed: boolean
}

const NOBODY: LinkHandler = { message: () => {}, drained: () => {}, closed: () => {} }
let serials = 0

export class LinkCore implements Link, PipeOwner {
  readonly serial = ++serials
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly dialed: boolean
  readonly remote: Address
  readonly local: Address
  /** Takes the chunks of a data link; without one, chunk frames are refused. */
  receiver: ChunkReceiver | null = null
  /** Called when queued output of a data link has moved: time to look at `queuedBytes`. */
  onWritten: () => void = () => {}
  /** Called when the link got its service. */
  onPromoted: (service: Service) => void = () => {}
  /** Called once the pipe is gone, after `closed` of the handler. */
  onEnded: () => void = () => {}

  readonly #framed: FramedPipe
  #handler: LinkHandler = NOBODY
  /** Null until both hellos passed. */
  #service: Service | null = null
  #largest = Math.max(largestIn('greeting'), largestIn('any'))
  #outbox: Outbox | null = null
  #closed = false
  #full = false
  #secondBegan = performance.now()
  #framesThisSecond = 0
  /** The frame that `#frameDeadline` is about, as a count of those before it. */
  #timedFrame = -1
  #receivedAtMark = 0
  /** That frame is bulk and under the pace rule. */
  #paced = false
  #takenAtMark = 0
  readonly #greeting = new Deadline(() => this.close('timeout', 'the greeting took too long'))
  readonly #frameDeadline = new Deadline(() => this.#judgePace())
  readonly #stall = new Deadline(() => this.#judgeQueue())

  constructor(framed: FramedPipe, options: LinkOptions) {
    this.#framed = framed
    this.peer = options.peer
    this.publicKey = options.publicKey
    this.dialed = options.dialed
    this.remote = framed.pipe.remote
    this.local = framed.pipe.local
    framed.owner = this
    this.#greeting.start(limits.GREETING_MS)
  }

  /** Who hears of this link; called once, before anything else happens to it. */
  attach(handler: LinkHandler): void {
    this.#handler = handler
  }

  get bytesSent(): number {
    return this.#framed.pipe.bytesSent
  }

  get bytesReceived(): number {
    return this.#framed.pipe.bytesReceived
  }

  get datagramSecret(): Uint8Array {
    return this.#framed.pipe.datagramSecret
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Output that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#framed.pipe.queuedBytes + (this.#outbox?.queuedBytes ?? 0)
  }

  send(message: Message): 'sent' | 'full' {
    if (this.#closed) return 'sent'
    const waiting = this.#outbox?.messageBytes ?? this.#framed.pipe.queuedBytes
    if (waiting > limits.QUEUED_CONTROL_BYTES) {
      this.#cut('slow', `${waiting} bytes are queued and not read`)
      return 'full'
    }
    const frame = encodeMessage(message)
    if (this.#outbox !== null) this.#outbox.message(frame)
    else this.#framed.pipe.write(frame)
    this.#watchQueue()
    if (waiting + frame.length > limits.FULL_CONTROL_BYTES) this.#full = true
    return this.#full ? 'full' : 'sent'
  }

  promote(service: Service): void {
    if (this.#closed) return
    this.#service = service
    this.#greeting.clear()
    this.#largest = Math.max(largestIn(service === 'data' ? 'data' : 'control'), largestIn('any'))
    this.onPromoted(service)
    if (service !== 'data') return
    this.#largest = Math.max(this.#largest, limits.CHUNK_BYTES + CHUNK_OVERHEAD)
    this.#outbox = new Outbox(this.#framed.pipe, () => this.#moved())
  }

  /**
   * Data links: queues one chunk, written without packing. `payload` must not change until `done`, which is called
   * once, with an error where the link closed before.
   */
  sendChunk(request: number, payload: Uint8Array, done: Written): void {
    if (this.#outbox === null || this.#closed) {
      process.nextTick(done, new Error('the link is closed'))
      return
    }
    this.#outbox.chunk(chunkHead(request, payload.length), payload, done)
    this.#watchQueue()
  }

  close(code: CloseCode, reason: string): void {
    if (this.#closed) return
    // In the middle of a chunk it would be read as a part of it.
    if (this.#outbox?.idle ?? true) this.#framed.sayClose(code, reason)
    this.#finish(code, reason, 'us')
  }

  // ---- called by the decoder and the pipe

  get largest(): number {
    return this.#largest
  }

  admit(number: number, size: number): void {
    if (number === CHUNK_NUMBER) {
      if (this.#service !== 'data') throw new ProtocolError('protocol', 'a chunk outside a data link')
      return
    }
    const entry = entryOf(number)
    if (size > entry.limit) {
      throw new ProtocolError('too-large', `${entry.type} of ${size} bytes, at most ${entry.limit}`)
    }
    if (!this.#mayCome(entry)) throw new ProtocolError('protocol', `${entry.type} may not come now`)
  }

  frame(payload: Uint8Array): void {
    const now = performance.now()
    if (now - this.#secondBegan >= 1000) {
      this.#secondBegan = now
      this.#framesThisSecond = 0
    }
    if (++this.#framesThisSecond > limits.FRAMES_PER_SECOND) {
      throw new ProtocolError('flood', `more than ${limits.FRAMES_PER_SECOND} frames a second`)
    }
    const message = decodeMessage(payload)
    if (message.type === 'close') this.#finish(message.code, message.reason, 'them')
    else this.#handler.message(this, message)
  }

  read(): void {
    if (this.#closed) return
    const { decoder, pipe } = this.#framed
    if (!decoder.partial) this.#frameDeadline.clear()
    if (!decoder.partial || (decoder.finished === this.#timedFrame && this.#frameDeadline.running)) return
    this.#timedFrame = decoder.finished
    this.#paced = false
    this.#receivedAtMark = pipe.bytesReceived
    this.#frameDeadline.start(limits.FRAME_MS)
  }

  drained(): void {
    if (this.#closed) return
    if (this.#outbox === null) this.#moved()
  }

  broken(error: ProtocolError): void {
    this.close(error.code, error.message)
  }

  ended(reason: string): void {
    if (!this.#closed) this.#finish('lost', reason, 'network')
    this.#outbox?.close(new Error(reason))
    // Only now: until the pipe is gone, a read into the chunk's memory may be under way.
    process.nextTick(() => {
      this.receiver?.closed()
      this.onEnded()
    })
  }

  #mayCome(entry: Entry): boolean {
    const bySender = entry.sender === 'both' || (entry.sender === 'listener') === this.dialed
    return bySender && this.#isNow(entry.phase)
  }

  #isNow(phase: Entry['phase']): boolean {
    switch (phase) {
      case 'any':
        return true
      case 'greeting':
        return this.#service === null
      case 'data':
        return this.#service === 'data'
      case 'control':
        return this.#service !== null && this.#service !== 'data'
      default:
        return false
    }
  }

  /** The time for the frame in progress is over, unless it is bulk and keeps the pace. */
  #judgePace(): void {
    const { decoder, pipe } = this.#framed
    const came = pipe.bytesReceived - this.#receivedAtMark
    const pace = (limits.BULK_BYTES_PER_SECOND * limits.BULK_WINDOW_MS) / 1000
    if (!decoder.bulk || (this.#paced && came < pace)) {
      this.close('timeout', 'a frame was not finished in time')
      return
    }
    if (this.#paced) this.#receivedAtMark = pipe.bytesReceived
    this.#frameDeadline.start(limits.BULK_WINDOW_MS - (this.#paced ? 0 : limits.FRAME_MS))
    this.#paced = true
  }

  /** Bytes that the system has taken for good. */
  get #taken(): number {
    return this.#framed.pipe.bytesSent - this.#framed.pipe.queuedBytes
  }

  /** Starts the clock of a queue that has just become non-empty. */
  #watchQueue(): void {
    if (this.#stall.running) return
    this.#takenAtMark = this.#taken
    this.#stall.start(limits.STALL_MS)
  }

  #judgeQueue(): void {
    if (this.queuedBytes === 0) return
    if (this.#taken === this.#takenAtMark) this.#cut('slow', 'queued output did not move')
    else this.#watchQueue()
  }

  #moved(): void {
    if (this.#closed) return
    if (this.queuedBytes === 0) this.#stall.clear()
    if (this.#outbox !== null) this.onWritten()
    if (this.#full && (this.#outbox?.messageBytes ?? 0) === 0) {
      this.#full = false
      this.#handler.drained(this)
    }
  }

  /** Closes without waiting for what is queued: nobody reads it. */
  #cut(code: CloseCode, reason: string): void {
    if (this.#closed) return
    this.#finish(code, reason, 'us')
    this.#framed.pipe.destroy()
  }

  #finish(code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void {
    this.#closed = true
    for (const deadline of [this.#greeting, this.#frameDeadline, this.#stall]) deadline.clear()
    this.#outbox?.close(new Error(`the link closed: ${reason}`))
    this.#framed.end()
    process.nextTick(() => this.#handler.closed(this, code, reason, by))
  }
}
