/**
 * One command on a running peer, over a connection of its own to the control socket. Shells and attached consoles both
 * come here. Invariant: `call.ended` settles once, also where the peer dies or falls silent after an abort.
 */
import { connect } from 'node:net'
import type { Progress } from '../api.js'
import { LocalConnection } from '../host/local-connection.js'
import type { RunningEntry } from '../host/running.js'

const REQUEST = 1

export type OutputKind = 'json' | 'text' | 'error' | 'message' | 'more'

export interface CallEvents {
  progress(progress: Progress): void
  /** Parts of one kind are to be concatenated. */
  output(kind: OutputKind, bytes: Uint8Array): void
}

/** `lost` says why there is no exit code. */
export type CallEnd = { readonly exit: number } | { readonly lost: string }

export interface RunningCall {
  readonly ended: Promise<CallEnd>
  /** Asks the peer to give the command up; it still answers. */
  abort(): void
  /** The caller goes; the command goes on. */
  leave(): void
}

/** What the caller's terminal can show. */
export interface CallScreen {
  /** 0: nobody looks. */
  readonly columns: number
  /** Made of half blocks. */
  readonly pictures: boolean
}
export const NO_SCREEN: CallScreen = { columns: 0, pictures: false }

export function call(entry: RunningEntry, words: readonly string[], screen: CallScreen, on: CallEvents): RunningCall {
  const socket = connect(entry.socket)
  let resolve: (end: CallEnd) => void = () => {}
  const ended = new Promise<CallEnd>((settle) => {
    resolve = settle
  })
  const end = (how: CallEnd): void => {
    resolve(how)
    socket.destroy()
  }
  const connection = new LocalConnection(socket, {
    message: (message) => {
      switch (message.type) {
        case 'progress':
          return on.progress(message)
        case 'output':
          return on.output(message.kind, message.bytes)
        case 'result':
          return end({ exit: message.exit })
        default:
          return end({ lost: `answered with ${message.type}, which is no answer: another version?` })
      }
    },
    closed: (reason) => end({ lost: reason === '' ? 'ended meanwhile' : `does not answer: ${reason}` }),
  })
  connection.send({
    type: 'command',
    request: REQUEST,
    words: words.map((word) => Buffer.from(word)),
    cwd: Buffer.from(process.cwd()),
    ...screen,
  })
  return {
    ended,
    abort: () => connection.send({ type: 'abort', request: REQUEST }),
    leave: () => {
      connection.send({ type: 'leave', request: REQUEST })
      connection.release()
    },
  }
}
