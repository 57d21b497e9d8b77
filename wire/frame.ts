/**
 * Bytes in, frames out, however the bytes are cut. No socket and no clock in sight.
 * Invariants: size and number are judged from the first six bytes, before memory is taken; the memory held for an
 * unfinished frame is at most twice what its sender really sent; a chunk's bytes go straight into its receiver's memory.
 */
import { assert, ProtocolError } from './errors.js'
import { BULK_FRAME_BYTES } from './limits.js'

/** Length prefix, array header, message number. */
const HEAD_BYTES = 6
/** Length prefix and `[72, uint32, bin 32` up to the first byte of the chunk. */
export const CHUNK_HEAD_BYTES = 16
/** The one frame that is no message of the table: `[72, request, chunk]`, never packed or unpacked. */
export const CHUNK_NUMBER = 72
const FIRST_BUFFER_BYTES = 16 * 1024
const SCRATCH_BYTES = 64 * 1024

/** Takes the bytes of chunk frames, in order: begin, progress..., end; or `closed` at any moment, once. */
export interface ChunkReceiver {
  /** Memory of `size` bytes, which is ours until `end` or `closed`; null when nobody asked for this chunk. */
  begin(request: number, size: number): Uint8Array | null
  progress(request: number, bytes: number): void
  end(request: number): void
  /** The link is gone: memory that was begun will not be written to any more. */
  closed(): void
}

/** What to do with frames; replaced when an introduction becomes a link. Any call may throw ProtocolError. */
export interface FrameOwner {
  /** Largest payload that may come now, judged from the length alone. */
  readonly largest: number
  /** May a message of this number and payload size come now? Throws if not. */
  admit(number: number, size: number): void
  /** One whole payload; the view is overwritten after the call. */
  frame(payload: Uint8Array): void
  readonly receiver: ChunkReceiver | null
}

/** Accounts for the memory of unfinished frames; `hold(0)` gives all back. */
export type Hold = (bytes: number) => void

interface Chunk {
  readonly request: number
  readonly memory: Uint8Array
  filled: number
}

export class FrameDecoder {
  owner: FrameOwner
  readonly #hold: Hold
  readonly #head = new Uint8Array(CHUNK_HEAD_BYTES)
  #headFilled = 0
  /** Payload size of the frame in progress, once admitted. */
  #size = 0
  #number = 0
  #buffer: Uint8Array | null = null
  #filled = 0
  #chunk: Chunk | null = null
  /** What `target` gave last, where it was a chunk's memory. */
  #chunkTarget: Uint8Array | null = null
  #scratch: Uint8Array | null = null
  #stopped = false
  /** Frames finished so far: tells whether an unfinished frame is still the same one. */
  finished = 0

  constructor(owner: FrameOwner, hold: Hold = () => {}) {
    this.owner = owner
    this.#hold = hold
  }

  /** A frame has begun and is not whole. */
  get partial(): boolean {
    return this.#headFilled > 0
  }

  /** The frame in progress is a chunk, or larger than small messages are. */
  get bulk(): boolean {
    return this.#chunk !== null || this.#size > BULK_FRAME_BYTES
  }

  /** Nothing is delivered from now on, and memory is given back. */
  stop(): void {
    this.#stopped = true
    this.#reset()
  }

  /** Memory for the next read: a chunk's own, else a scratch buffer; never empty. Answer with `filled`. */
  target(): Uint8Array {
    const chunk = this.#chunk
    if (chunk !== null) {
      this.#chunkTarget = chunk.memory.subarray(chunk.filled, this.#size - CHUNK_OVERHEAD)
      return this.#chunkTarget
    }
    this.#chunkTarget = null
    this.#scratch ??= new Uint8Array(SCRATCH_BYTES)
    // Not beyond a head: what follows it may be a chunk, which shall not be copied.
    const missing = this.#size === 0 ? CHUNK_HEAD_BYTES - this.#headFilled : this.#size - this.#filled
    return this.#scratch.subarray(0, Math.min(missing, SCRATCH_BYTES))
  }

  /** `count` bytes were read into `memory`, which an earlier `target()` gave (or somebody else, before). */
  filled(count: number, memory: Uint8Array): void {
    if (this.#stopped) return
    if (this.#chunk !== null && memory === this.#chunkTarget) this.#chunkFilled(this.#chunk, count)
    else this.push(memory.subarray(0, count))
  }

  /** Takes any number of bytes; they may be overwritten after the call. */
  push(bytes: Uint8Array): void {
    let place = 0
    while (place < bytes.length && !this.#stopped) {
      if (this.#chunk !== null) place += this.#pushChunk(this.#chunk, bytes.subarray(place))
      else if (this.#size === 0) place = this.#pushHead(bytes, place)
      else place += this.#pushBody(bytes.subarray(place))
    }
  }

  #pushHead(bytes: Uint8Array, from: number): number {
    let place = from
    const head = this.#head
    while (place < bytes.length && this.#headFilled < this.#headWanted()) {
      head[this.#headFilled++] = bytes[place++] ?? 0
      if (this.#headFilled === 4) this.#checkLength()
      if (this.#headFilled === HEAD_BYTES) this.#checkNumber()
    }
    if (this.#headFilled < this.#headWanted()) return place
    this.#size = uint32(head, 0)
    if (this.#number === CHUNK_NUMBER) this.#beginChunk()
    else return this.#beginBody(bytes, place)
    return place
  }

  #headWanted(): number {
    return this.#number === CHUNK_NUMBER ? CHUNK_HEAD_BYTES : HEAD_BYTES
  }

  #checkLength(): void {
    const size = uint32(this.#head, 0)
    if (size > this.owner.largest) {
      throw new ProtocolError('too-large', `a frame of ${size} bytes, at most ${this.owner.largest} here`)
    }
    if (size < HEAD_BYTES - 4) throw new ProtocolError('protocol', `a frame of ${size} bytes`)
  }

  #checkNumber(): void {
    const array = this.#head[4] ?? 0
    const number = this.#head[5] ?? 0
    if ((array & 0xf0) !== 0x90 || number > 0x7f) {
      throw new ProtocolError('protocol', 'a message is an array that begins with its number')
    }
    this.#number = number
    this.owner.admit(number, uint32(this.#head, 0))
  }

  /** The frame's head is known. A frame that lies whole in `bytes` is delivered from there, without a copy. */
  #beginBody(bytes: Uint8Array, place: number): number {
    const start = place - HEAD_BYTES
    const end = start + 4 + this.#size
    if (start >= 0 && end <= bytes.length) {
      this.#deliver(bytes.subarray(start + 4, end))
      return end
    }
    this.#filled = 0
    this.#append(this.#head.subarray(4, HEAD_BYTES))
    return place
  }

  #pushBody(bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.#size - this.#filled)
    this.#append(part)
    return part.length
  }

  #append(part: Uint8Array): void {
    const need = this.#filled + part.length
    let buffer = this.#buffer
    if (buffer === null || buffer.length < need) {
      const larger = new Uint8Array(Math.min(this.#size, Math.max(FIRST_BUFFER_BYTES, need * 2)))
      this.#hold(larger.length)
      if (this.#stopped) return
      if (buffer !== null) larger.set(buffer.subarray(0, this.#filled))
      this.#buffer = buffer = larger
    }
    buffer.set(part, this.#filled)
    this.#filled = need
    if (need === this.#size) this.#deliver(buffer.subarray(0, need))
  }

  #deliver(payload: Uint8Array): void {
    this.#reset()
    this.finished++
    this.owner.frame(payload)
  }

  #beginChunk(): void {
    const head = this.#head
    const request = uint32(head, 7)
    const size = uint32(head, 12)
    if (
      head[4] !== 0x93 ||
      head[6] !== 0xce ||
      head[11] !== 0xc6 ||
      size !== this.#size - CHUNK_OVERHEAD ||
      size === 0
    ) {
      throw new ProtocolError('protocol', 'malformed chunk frame')
    }
    const memory = this.owner.receiver?.begin(request, size) ?? null
    if (memory === null) throw new ProtocolError('protocol', `chunk ${request} was not asked for`)
    assert(memory.length >= size, 'a chunk receiver gave too little memory')
    this.#chunk = { request, memory, filled: 0 }
  }

  #pushChunk(chunk: Chunk, bytes: Uint8Array): number {
    const part = bytes.subarray(0, this.#size - CHUNK_OVERHEAD - chunk.filled)
    chunk.memory.set(part, chunk.filled)
    this.#chunkFilled(chunk, part.length)
    return part.length
  }

  #chunkFilled(chunk: Chunk, count: number): void {
    chunk.filled += count
    const whole = chunk.filled === this.#size - CHUNK_OVERHEAD
    if (whole) {
      this.#reset()
      this.finished++
    }
    this.owner.receiver?.progress(chunk.request, count)
    if (whole) this.owner.receiver?.end(chunk.request)
  }

  #reset(): void {
    this.#headFilled = 0
    this.#size = 0
    this.#number = 0
    this.#filled = 0
    this.#chunk = null
    this.#chunkTarget = null
    if (this.#buffer !== null) this.#hold(0)
    this.#buffer = null
  }
}

/** Payload bytes of a chunk frame around the chunk itself. */
export const CHUNK_OVERHEAD = CHUNK_HEAD_BYTES - 4

/** Length prefix and MessagePack prefix of a chunk frame, to be written in front of the chunk's bytes. */
export function chunkHead(request: number, size: number): Uint8Array {
  const head = Buffer.allocUnsafe(CHUNK_HEAD_BYTES)
  head.writeUInt32BE(CHUNK_OVERHEAD + size, 0)
  head.writeUInt16BE(0x9300 | CHUNK_NUMBER, 4)
  head.writeUInt8(0xce, 6)
  head.writeUInt32BE(request, 7)
  head.writeUInt8(0xc6, 11)
  head.writeUInt32BE(size, 12)
  return head
}

function uint32(bytes: Uint8Array, place: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(place)
}
