/**
 * An ordered, secured stream of bytes between two ends of one network, under a link. TLS sockets and memory implement
 * it; everything above (introductions, frames, limits) is shared.
 */
import type { Address } from './types.js'

/** Called by the pipe, never inside a call of its own methods. */
export interface PipeEvents {
  /** Memory for the next read, where the pipe can read straight into it; answered by `filled`. */
  target(): Uint8Array
  filled(count: number, memory: Uint8Array): void
  /** Bytes came in memory of the pipe's own, valid during the call. */
  received(bytes: Uint8Array): void
  /** All that was queued has been handed to the system. */
  drained(): void
  /** The last call: nothing is read or written any more. */
  ended(reason: string): void
}

export interface BytePipe {
  readonly local: Address
  readonly remote: Address
  /** 32 bytes that only the two ends of this very connection know (RFC 8446 section 7.5). */
  readonly binding: Uint8Array
  /** Keys for the datagrams of this connection, known to its two ends: see udp-channels.ts. */
  readonly datagramSecret: Uint8Array
  readonly bytesSent: number
  readonly bytesReceived: number
  /** Written and not yet handed to the system. */
  readonly queuedBytes: number
  events: PipeEvents
  /** Queues bytes, which must not change until written. */
  write(bytes: Uint8Array): void
  /** Writes several parts as one; `done` tells when they may be reused. */
  writeParts(parts: readonly Uint8Array[], done: (error: Error | null) => void): void
  /** Ends after what is queued. */
  end(): void
  /** Ends now. */
  destroy(): void
}

/** The events of a pipe that nobody has taken yet. */
export const NO_EVENTS: PipeEvents = {
  target: () => new Uint8Array(1),
  filled: () => {},
  received: () => {},
  drained: () => {},
  ended: () => {},
}
