/**
 * A pipe and the decoder of what comes out of it, with one owner at a time: first an introduction, then a link. Bytes
 * that follow an introduction in the same read thus reach the link.
 */
import { encodeMessage } from './codec.js'
import { type CloseCode, ProtocolError } from './errors.js'
import { FrameDecoder, type FrameOwner } from './frame.js'
import type { InFlight } from './in-flight.js'
import { CLOSING_MS } from './limits.js'
import type { BytePipe, PipeEvents } from './pipe.js'

/** At most three UTF-8 bytes each: fits the 256 bytes of `close`. */
const REASON_CHARACTERS = 80
const LONE_SURROGATES = /[\ud800-\udfff]/gu

export interface PipeOwner extends FrameOwner {
  /** After each read: time to judge pace. */
  read(): void
  drained(): void
  /** The other end broke a rule, or its unfinished frame had to make room. */
  broken(error: ProtocolError): void
  ended(reason: string): void
}

export class FramedPipe implements PipeEvents {
  readonly pipe: BytePipe
  readonly decoder: FrameDecoder
  #owner: PipeOwner

  constructor(pipe: BytePipe, owner: PipeOwner, inFlight: InFlight) {
    this.pipe = pipe
    this.#owner = owner
    const hold = inFlight.account(() => {
      this.decoder.stop()
      this.#owner.broken(new ProtocolError('busy', 'too many bytes in unfinished frames'))
    })
    this.decoder = new FrameDecoder(owner, hold)
    pipe.events = this
  }

  set owner(owner: PipeOwner) {
    this.#owner = owner
    this.decoder.owner = owner
  }

  /** Says why, where a frame may be written now. */
  sayClose(code: CloseCode, reason: string): void {
    const text = reason.normalize('NFC').slice(0, REASON_CHARACTERS).replace(LONE_SURROGATES, '')
    this.pipe.write(encodeMessage({ type: 'close', code, reason: text }))
  }

  /** Reads nothing more, writes what is queued, and is gone soon. */
  end(): void {
    this.decoder.stop()
    this.pipe.end()
    setTimeout(() => this.pipe.destroy(), CLOSING_MS).unref()
  }

  target(): Uint8Array {
    return this.decoder.target()
  }

  filled(count: number, memory: Uint8Array): void {
    this.#guarded(() => this.decoder.filled(count, memory))
  }

  received(bytes: Uint8Array): void {
    this.#guarded(() => this.decoder.push(bytes))
  }

  drained(): void {
    this.#owner.drained()
  }

  ended(reason: string): void {
    this.decoder.stop()
    this.#owner.ended(reason)
  }

  #guarded(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.decoder.stop()
      this.#owner.broken(error)
      return
    }
    this.#owner.read()
  }
}
