/**
 * The control socket of a running peer: commands from the user's own shells. The socket stands in a directory that
 * only this user may enter. Invariant: a caller that goes away aborts its command; none can stop another's.
 */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { LocalConnection } from './local-connection.js'

const MAX_CALLERS = 64
const OUTPUT_BYTES = 65_536
const MAX_PROGRESS_TEXT = 500

export interface Call {
  readonly words: readonly string[]
  readonly cwd: string
  readonly signal: AbortSignal
  progress(text: string, done: number, total: number, unit: '' | 'bytes' | 'chunks' | 'headers' | 'hashes'): void
}

export interface Answer {
  readonly exit: number
  readonly json: string | null
  readonly text: string
  readonly error: string
}

export class ControlServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>() // at most MAX_CALLERS
  readonly #path: string

  private constructor(server: Server, path: string) {
    this.#server = server
    this.#path = path
  }

  /** Listens on `path`; a socket left there by a dead peer is replaced (the state directory's lock says it is dead). */
  static open(path: string, run: (call: Call) => Promise<Answer>): Promise<ControlServer> {
    rmSync(path, { force: true })
    return new Promise((resolve, reject) => {
      const server = createServer()
      const control = new ControlServer(server, path)
      server.maxConnections = MAX_CALLERS
      server.on('connection', (socket) => control.#serve(socket, run))
      server.once('error', reject)
      server.listen(path, () => {
        chmodSync(path, 0o600)
        resolve(control)
      })
    })
  }

  #serve(socket: Socket, run: (call: Call) => Promise<Answer>): void {
    this.#sockets.add(socket)
    const abort = new AbortController()
    let begun = false
    const connection = new LocalConnection(socket, {
      message: (message) => {
        if (message.type === 'abort') return abort.abort()
        if (message.type !== 'command' || begun) return void socket.destroy()
        begun = true
        const { request } = message
        const call: Call = {
          words: message.words.map((word) => Buffer.from(word).toString()),
          cwd: Buffer.from(message.cwd).toString(),
          signal: abort.signal,
          progress: (text, done, total, unit) =>
            connection.send({
              type: 'progress',
              request,
              text: text.normalize('NFC').slice(0, MAX_PROGRESS_TEXT / 4),
              done: Math.max(0, Math.round(done)),
              total: Math.max(0, Math.round(total)),
              unit,
            }),
        }
        run(call).then(
          (answer) => reply(connection, request, answer),
          (error: unknown) =>
            reply(connection, request, {
              exit: 1,
              json: null,
              text: '',
              error: `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
            }),
        )
      },
      closed: () => {
        this.#sockets.delete(socket)
        abort.abort()
      },
    })
  }

  /** Ends all calls and takes the socket away. */
  close(): Promise<void> {
    for (const socket of this.#sockets) socket.end()
    return new Promise((resolve) => {
      this.#server.close(() => {
        rmSync(this.#path, { force: true })
        resolve()
      })
      for (const socket of this.#sockets) socket.destroySoon()
    })
  }
}

function reply(connection: LocalConnection, request: number, answer: Answer): void {
  const parts = [
    ['json', answer.json === null ? '' : `${answer.json}\n`],
    ['text', answer.text === '' ? '' : `${answer.text}\n`],
    ['error', answer.error === '' ? '' : `${answer.error}\n`],
  ] as const
  for (const [kind, text] of parts) {
    const bytes = Buffer.from(text)
    for (let place = 0; place < bytes.length; place += OUTPUT_BYTES)
      connection.send({ type: 'output', request, kind, bytes: bytes.subarray(place, place + OUTPUT_BYTES) })
  }
  connection.send({ type: 'result', request, exit: answer.exit })
  connection.finish()
}
