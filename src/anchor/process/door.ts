/**
 * The ports of one task, held by the supervisor so that they are never free while the task's process restarts.
 * Connections are accepted here, before any byte of them is read, and wait until the process takes them.
 * Invariant: at most MAX_WAITING wait, the oldest makes room, and none longer than WAIT_MS: its dialer has given up by then.
 */
import { createServer, type Server, type Socket } from 'node:net'
import { joinAddress, splitAddress } from '../../../wire/address.js'
import { INTRODUCTION_MS } from '../../../wire/limits.js'
import type { Address } from '../../../wire/types.js'

const MAX_WAITING = 64
const WAIT_MS = INTRODUCTION_MS
/** Connections that the system may queue before we accept them. */
const BACKLOG = 256

/** A connection on its way to the process. */
export interface Caller {
  readonly serial: number
  readonly socket: Socket
  /** Where it was accepted. */
  readonly address: Address
  /** By the monotonic clock. */
  readonly untilMs: number
}

interface Waiting extends Caller {
  readonly timer: NodeJS.Timeout
}

/** Why a port cannot be had: `code` is the system's. */
export class PortError extends Error {
  override readonly name = 'PortError'
  constructor(
    readonly code: string | undefined,
    message: string,
  ) {
    super(message)
  }
}

export class Door {
  /** Somebody waits. */
  onCaller: () => void = () => {}
  readonly #servers: Server[] = [] // one for each `open`
  #waiting: Waiting[] = [] // at most MAX_WAITING, oldest first
  #serial = 0
  #closed = false

  /** Binds one address; port 0 takes a free one. Throws PortError. */
  open(address: string): Promise<Address> {
    const { host, port } = splitAddress(address)
    const server = createServer({ pauseOnConnect: true, noDelay: true })
    return new Promise((resolve, reject) => {
      let stands = false
      server.on('error', (error: NodeJS.ErrnoException) => {
        // later ones: the system could not accept one connection; the next may come
        if (!stands) reject(new PortError(error.code, error.message))
      })
      server.listen({ host, port, backlog: BACKLOG, ipv6Only: host.includes(':') }, () => {
        stands = true
        this.#servers.push(server)
        const bound = server.address()
        const own = joinAddress(host, typeof bound === 'object' && bound !== null ? bound.port : port)
        server.on('connection', (socket) => this.#arrived(socket, own))
        resolve(own)
      })
    })
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** The one that waits longest; from now on it is the caller's. */
  next(): Caller | null {
    const first = this.#waiting.shift()
    if (first === undefined) return null
    clearTimeout(first.timer)
    return first
  }

  /** Nobody took it: it waits on, before all others. */
  giveBack(caller: Caller): void {
    this.#wait(caller, (waiting) => this.#waiting.unshift(waiting))
  }

  close(): void {
    this.#closed = true
    for (const server of this.#servers.splice(0)) server.close()
    for (const waiting of this.#waiting.splice(0)) drop(waiting)
  }

  #arrived(socket: Socket, address: Address): void {
    // whoever dialed may hang up meanwhile: the process that takes the connection meets its end
    socket.on('error', () => socket.destroy())
    const caller = { serial: ++this.#serial, socket, address, untilMs: performance.now() + WAIT_MS }
    this.#wait(caller, (waiting) => this.#waiting.push(waiting))
    this.onCaller()
  }

  #wait(caller: Caller, place: (waiting: Waiting) => void): void {
    const { serial, socket, untilMs } = caller
    if (this.#closed || socket.destroyed) return void socket.destroy()
    if (this.#waiting.length >= MAX_WAITING) this.next()?.socket.destroy()
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other.serial !== serial)
      socket.destroy()
    }, untilMs - performance.now())
    place({ ...caller, timer })
  }
}

function drop({ socket, timer }: Waiting): void {
  clearTimeout(timer)
  socket.destroy()
}
