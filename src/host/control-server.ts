/**
 * The control socket of a running peer: commands from the user's own shells, and consoles that attach. The socket stands
 * in a directory that only this user may enter. Invariant: a caller that goes away aborts its command, unless it said
 * that it leaves; none can stop another's, and none that stands still keeps the peer from ending.
 */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { LocalMessage } from '../../wire/messages.js'
import { LocalConnection } from './local-connection.js'
import { Pictures, type View } from './pictures.js'

const MAX_CALLERS = 64
const OUTPUT_BYTES = 65_536
const MAX_PROGRESS_TEXT = 500
const MAX_REASON_TEXT = 1000
/** For callers to read their last words when the peer ends. */
const CLOSING_MS = 1000

export interface Call {
  readonly words: readonly string[]
  readonly cwd: string
  /** Of the caller's terminal; 0 where there is none. */
  readonly columns: number
  /** It can show half blocks. */
  readonly pictures: boolean
  readonly signal: AbortSignal
  progress(text: string, done: number, total: number, unit: '' | 'bytes' | 'chunks' | 'headers' | 'hashes'): void
}

export interface Answer {
  readonly exit: number
  readonly json: string | null
  readonly text: string
  readonly error: string
  /** After the text, where a shell asks. */
  readonly more: string
  /** In one line, for a console. */
  readonly message: string
}

export interface Control {
  run(call: Call): Promise<Answer>
  /** What attached consoles show; text: why there is nothing to attach to. */
  readonly view: View | string
}

export class ControlServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>() // at most MAX_CALLERS
  readonly #path: string
  readonly #control: Control
  readonly #pictures: Pictures | null

  private constructor(server: Server, path: string, control: Control) {
    this.#server = server
    this.#path = path
    this.#control = control
    this.#pictures = typeof control.view === 'string' ? null : new Pictures(control.view)
  }

  /** Listens on `path`; a socket left there by a dead peer is replaced (the state directory's lock says it is dead). */
  static open(path: string, control: Control): Promise<ControlServer> {
    rmSync(path, { force: true })
    return new Promise((resolve, reject) => {
      const server = createServer()
      const opened = new ControlServer(server, path, control)
      server.maxConnections = MAX_CALLERS
      server.on('connection', (socket) => opened.#serve(socket))
      server.once('error', reject)
      server.listen(path, () => {
        chmodSync(path, 0o600)
        resolve(opened)
      })
    })
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const abort = new AbortController()
    let task: 'none' | 'command' | 'console' = 'none'
    let left = false
    const connection = new LocalConnection(socket, {
      message: (message) => {
        switch (message.type) {
          case 'abort':
            return abort.abort()
          case 'leave':
            left = true
            return
          case 'look':
            // it has not even got the last one
            if (connection.queued > 0) return void socket.destroy()
            return this.#pictures?.look(connection)
          case 'command':
            if (task !== 'none') return void socket.destroy()
            task = 'command'
            return this.#run(connection, message, abort.signal)
          case 'attach':
            if (task !== 'none') return void socket.destroy()
            task = 'console'
            return this.#attach(connection, message.version)
          default:
            return void socket.destroy()
        }
      },
      closed: () => {
        this.#sockets.delete(socket)
        this.#pictures?.detach(connection)
        if (!left) abort.abort()
      },
    })
  }

  #run(connection: LocalConnection, { request, words, cwd, columns, pictures }: Command, signal: AbortSignal): void {
    const call: Call = {
      words: words.map((word) => Buffer.from(word).toString()),
      cwd: Buffer.from(cwd).toString(),
      columns,
      pictures,
      signal,
      progress: (text, done, total, unit) => {
        // stale at once where nobody reads, and another follows
        if (connection.queued > 0) return
        connection.send({
          type: 'progress',
          request,
          text: text.normalize('NFC').slice(0, MAX_PROGRESS_TEXT / 4),
          done: Math.max(0, Math.round(done)),
          total: Math.max(0, Math.round(total)),
          unit,
        })
      },
    }
    this.#control.run(call).then(
      (answer) => reply(connection, request, answer),
      (error: unknown) => {
        const why = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
        reply(connection, request, { exit: 1, json: null, text: '', error: why, more: '', message: why })
      },
    )
  }

  #attach(connection: LocalConnection, version: string): void {
    const { view } = this.#control
    const refusal = typeof view === 'string' ? view : (this.#pictures?.attach(connection, version) ?? null)
    if (refusal === null) return
    connection.send({ type: 'detached', reason: refusal })
    connection.finish()
  }

  /** Ends all calls, tells attached consoles why, and takes the socket away. */
  close(reason: string): Promise<void> {
    this.#pictures?.close(reason.normalize('NFC').slice(0, MAX_REASON_TEXT))
    return new Promise((resolve) => {
      // one that stands still would never read what is queued for it
      const timer = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy()
      }, CLOSING_MS)
      this.#server.close(() => {
        clearTimeout(timer)
        rmSync(this.#path, { force: true })
        resolve()
      })
      // half closed: what a caller still writes must not cost it the last words that are on their way to it
      for (const socket of this.#sockets) socket.end()
    })
  }
}

type Command = Extract<LocalMessage, { readonly type: 'command' }>

function reply(connection: LocalConnection, request: number, answer: Answer): void {
  const parts = [
    ['json', answer.json === null ? '' : `${answer.json}\n`],
    ['text', answer.text === '' ? '' : `${answer.text}\n`],
    ['error', answer.error === '' ? '' : `${answer.error}\n`],
    ['more', answer.more === '' ? '' : `${answer.more}\n`],
    ['message', answer.message],
  ] as const
  for (const [kind, text] of parts) {
    const bytes = Buffer.from(text)
    for (let place = 0; place < bytes.length; place += OUTPUT_BYTES)
      connection.send({ type: 'output', request, kind, bytes: bytes.subarray(place, place + OUTPUT_BYTES) })
  }
  connection.send({ type: 'result', request, exit: answer.exit })
  connection.finish()
}
