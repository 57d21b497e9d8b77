/** One end of the user's own control socket: the frames and messages of the network, phase 'local' only. */
import type { Socket } from 'node:net'
import { decodeMessage, encodeMessage, entryOf } from '../../wire/codec.js'
import { ProtocolError } from '../../wire/errors.js'
import { FrameDecoder } from '../../wire/frame.js'
import { CONTROL_FRAME_BYTES } from '../../wire/limits.js'
import { localMessages } from '../../wire/messages/local.js'
import type { LocalMessage } from '../../wire/messages.js'
import { errorCode } from './error-text.js'

export interface LocalHandler {
  message(message: LocalMessage): void
  /** Called once; `reason` is empty where the other end just closed. */
  closed(reason: string): void
}

/** How the system tells that a process died with bytes unread. */
const GONE: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE'])

export class LocalConnection {
  readonly #socket: Socket
  readonly #handler: LocalHandler
  #over = false

  constructor(socket: Socket, handler: LocalHandler) {
    this.#socket = socket
    this.#handler = handler
    const decoder = new FrameDecoder({
      largest: CONTROL_FRAME_BYTES,
      receiver: null,
      admit: (number, size) => {
        const entry = entryOf(number)
        if (entry.phase !== 'local') throw new ProtocolError('protocol', `${entry.type} has no place here`)
        if (size > entry.limit) throw new ProtocolError('too-large', `${entry.type} of ${size} bytes`)
      },
      frame: (payload) => {
        const message = decodeMessage(payload)
        if (isLocal(message)) handler.message(message)
      },
    })
    socket.on('data', (data) => {
      try {
        decoder.push(data)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        this.#end(error.message)
      }
    })
    socket.on('error', (error) => this.#end(GONE.has(errorCode(error)) ? '' : error.message))
    socket.on('close', () => this.#end(''))
  }

  send(message: LocalMessage): void {
    if (!this.#over && this.#socket.writable) this.#socket.write(encodeMessage(message))
  }

  /** Bytes that the other end has not taken yet. */
  get queued(): number {
    return this.#socket.writableLength
  }

  /** Sends what is queued, then closes. */
  finish(): void {
    this.#socket.end()
  }

  /** Closes, and keeps this process from ending no longer: the other end may stand still. */
  release(): void {
    this.#socket.end()
    this.#socket.unref()
  }

  #end(reason: string): void {
    if (this.#over) return
    this.#over = true
    this.#socket.destroy()
    this.#handler.closed(reason)
  }
}

function isLocal(message: { readonly type: string }): message is LocalMessage {
  return message.type in localMessages
}
