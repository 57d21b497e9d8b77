/**
 * A TLS socket as a byte pipe. Small writes of one turn of the event loop leave as one record and one system call.
 * Where the socket was dialed for it, reads go straight into the memory that the decoder names.
 */
import type { OnReadOpts } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { joinAddress } from './address.js'
import { type BytePipe, NO_EVENTS, type PipeEvents } from './pipe.js'
import { bindingOf, datagramSecretOf } from './secure-link.js'
import type { Address } from './types.js'

/** Before a pipe stands, nothing but the handshake comes in; node needs memory for it all the same. */
const EARLY_BYTES = 4096

/** Reads of a socket that is still to be dialed, handed to its pipe later. */
export class DirectReads {
  readonly onread: OnReadOpts
  pipe: SocketPipe | null = null

  constructor() {
    const early = new Uint8Array(EARLY_BYTES)
    this.onread = {
      buffer: () => this.pipe?.events.target() ?? early,
      callback: (count, memory) => {
        this.pipe?.readInto(count, memory)
        return true
      },
    }
  }
}

export class SocketPipe implements BytePipe {
  readonly local: Address
  readonly remote: Address
  readonly binding: Uint8Array
  readonly datagramSecret: Uint8Array
  events: PipeEvents = NO_EVENTS
  bytesSent = 0
  bytesReceived = 0
  readonly #socket: TLSSocket
  #corked = false

  /** A pipe over a socket whose handshake is over; null where it is gone already. */
  static over(socket: TLSSocket, reads: DirectReads | null = null): SocketPipe | null {
    // A connection that was reset has no addresses any more, even before its end is noticed.
    const { localAddress, localPort, remoteAddress, remotePort } = socket
    if (socket.destroyed || !localAddress || !localPort || !remoteAddress || !remotePort) return null
    const ends = { local: joinAddress(localAddress, localPort), remote: joinAddress(remoteAddress, remotePort) }
    return new SocketPipe(socket, ends, reads)
  }

  private constructor(socket: TLSSocket, ends: Pick<BytePipe, 'local' | 'remote'>, reads: DirectReads | null) {
    this.#socket = socket
    this.local = ends.local
    this.remote = ends.remote
    this.binding = bindingOf(socket)
    this.datagramSecret = datagramSecretOf(socket)
    let reason = 'the connection ended'
    socket.setNoDelay(true)
    socket.on('error', (error) => {
      reason = error.message
    })
    socket.on('close', () => this.events.ended(reason))
    socket.on('drain', () => this.events.drained())
    if (reads !== null) reads.pipe = this
    else socket.on('data', (bytes: Buffer) => this.#received(bytes))
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  write(bytes: Uint8Array): void {
    if (!this.#socket.writable) return
    this.bytesSent += bytes.length
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => this.#uncork())
    }
    this.#socket.write(bytes)
  }

  writeParts(parts: readonly Uint8Array[], done: (error: Error | null) => void): void {
    if (!this.#socket.writable) {
      process.nextTick(done, new Error('the connection ended'))
      return
    }
    this.#socket.cork()
    for (const [place, part] of parts.entries()) {
      this.bytesSent += part.length
      if (place < parts.length - 1) this.#socket.write(part)
      else this.#socket.write(part, (error) => done(error ?? null))
    }
    this.#socket.uncork()
  }

  end(): void {
    this.#uncork()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** `count` bytes came straight into `memory`. */
  readInto(count: number, memory: Uint8Array): void {
    this.bytesReceived += count
    this.events.filled(count, memory)
  }

  #received(bytes: Buffer): void {
    this.bytesReceived += bytes.length
    this.events.received(bytes)
  }

  #uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    this.#socket.uncork()
  }
}
