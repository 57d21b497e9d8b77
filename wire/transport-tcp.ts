/**
 * Links over TCP and TLS, v4 and v6. A dial's own timer runs from connect to introduction, since a silent listener
 * never times out by itself; failures are told apart for the user.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { Cancel, DialFailure, DialOptions, Link, Listener, ListenOptions } from '../src/env.js'
import { joinAddress, splitAddress } from './address.js'
import { Deadline } from './deadline.js'
import { HalfOpen } from './half-open.js'
import type { Introduction } from './introduction.js'
import { OpenLinks } from './open-links.js'
import { acceptSecure, dialSecure, NetworkKey } from './secure-link.js'
import { DirectReads, SocketPipe } from './socket-pipe.js'
import type { Transport, TransportOptions } from './transport.js'
import type { Address } from './types.js'

/** Connections that the system may queue before we accept them. */
const BACKLOG = 256

const NOT_OURS = "whoever answered does not hold this network's secret"

const FAILURES: ReadonlyMap<string, DialFailure> = new Map([
  ['ECONNREFUSED', 'refused'],
  ['ETIMEDOUT', 'timeout'],
  ['ENOTFOUND', 'unknown-host'],
  ['EAI_AGAIN', 'unknown-host'],
  ['EAI_NODATA', 'unknown-host'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EAFNOSUPPORT', 'unreachable'],
  ['EINVAL', 'unreachable'],
  ['EACCES', 'unreachable'],
  ['EPERM', 'unreachable'],
  ['EPROTO', 'wrong-network'],
])

export interface TcpOptions extends TransportOptions {
  /** Ports that another process bound: who listens on one of these gets the connections that come by `take`. */
  readonly handed?: ReadonlySet<string>
}

export class TcpTransport implements Transport {
  readonly #key: NetworkKey
  readonly #links: OpenLinks
  readonly #halfOpen = new HalfOpen()
  readonly #refused: (remote: string, reason: string) => void
  /** One entry for each `listen` of our own. */
  readonly #servers = new Set<Server>()
  /** One entry for each `dial` of our own that is not decided. */
  readonly #dials = new Set<Dial>()
  readonly #handed: ReadonlySet<string>
  readonly #takers = new Map<string, ListenOptions>() // one for each handed address at most
  #closed = false

  constructor(options: TcpOptions) {
    this.#handed = options.handed ?? new Set()
    this.#refused = options.refused ?? (() => {})
    this.#key = new NetworkKey(options.psk)
    this.#links = new OpenLinks(options.identity, options.links)
  }

  dial(address: Address, options: DialOptions): Cancel {
    const dial = new Dial(address, this.#key, this.#links, options, () => this.#dials.delete(dial))
    this.#dials.add(dial)
    return () => dial.fail('cancelled', 'given up')
  }

  listen(address: Address | `${string}:0`, options: ListenOptions): void {
    if (this.#handed.has(address)) this.#listenHanded(address, options)
    else this.#listenHere(address, options)
  }

  /** A connection that was accepted elsewhere, of which no byte was read. It is closed where nobody listens there. */
  take(connection: Socket, address: Address): void {
    const options = this.#takers.get(address)
    if (options === undefined || this.#closed) connection.destroy()
    else this.#accept(connection, options)
  }

  #listenHanded(address: string, options: ListenOptions): void {
    const { host, port } = splitAddress(address)
    process.nextTick(() => {
      if (this.#closed) return
      if (this.#takers.has(address)) return options.failed('in-use', 'somebody listens there already')
      this.#takers.set(address, options)
      options.listening({ address: joinAddress(host, port), close: () => this.#takers.delete(address) })
    })
  }

  #listenHere(address: Address | `${string}:0`, options: ListenOptions): void {
    const { host, port } = splitAddress(address)
    const server = createServer({ noDelay: true }, (connection) => this.#accept(connection, options))
    this.#servers.add(server)
    let stands = false
    server.on('error', (error: NodeJS.ErrnoException) => {
      if (stands) return // the system could not accept one connection; the next may come
      this.#servers.delete(server)
      options.failed(listenFailure(error.code), error.message)
    })
    server.listen({ host, port, backlog: BACKLOG, ipv6Only: host.includes(':') }, () => {
      // closing a server that is not listening yet closes nothing: it would keep the process alive
      if (this.#closed) return void server.close()
      stands = true
      options.listening(this.#listener(server, host))
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    const servers = [...this.#servers].map((server) => new Promise((resolve) => server.close(resolve)))
    this.#servers.clear()
    for (const dial of [...this.#dials]) dial.fail('cancelled', 'the peer closes')
    this.#halfOpen.dropAll()
    await this.#links.close()
    await Promise.all(servers)
  }

  #listener(server: Server, host: string): Listener {
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : 0
    return {
      address: joinAddress(host, port),
      close: () => {
        if (this.#servers.delete(server)) server.close()
      },
    }
  }

  #accept(connection: Socket, options: ListenOptions): void {
    const remote = `${connection.remoteAddress}:${connection.remotePort}`
    const socket = acceptSecure(connection, this.#key)
    let introduction: Introduction | null = null
    let reason = 'hung up'
    const refused = (): void => {
      if (known()) this.#refused(remote, reason)
    }
    const known = this.#halfOpen.add((why) => {
      reason = why
      refused()
      introduction?.abandon()
      socket.destroy()
      connection.destroy()
    })
    for (const either of [socket, connection]) {
      either.on('error', (error: Error) => {
        reason = error.message
      })
      either.on('close', refused)
    }
    // Node tells of a failed handshake only so; `close` follows.
    socket.on('_tlsError', (error: Error) => {
      reason = error.message
    })
    socket.once('secure', () => {
      const pipe = SocketPipe.over(socket)
      if (pipe === null) {
        socket.destroy()
        return
      }
      introduction = this.#links.introduce(pipe, {
        dialed: false,
        introduced: (link: Link) => {
          known()
          return options.accepted(link)
        },
        failed: (_failure, detail) => {
          reason = detail
          refused()
        },
      })
    })
  }
}

/** One dial, from connect to introduction; ends in exactly one of `opened` and `failed`. */
class Dial {
  readonly #options: DialOptions
  readonly #over: () => void
  readonly #deadline: Deadline
  readonly #socket
  #decided = false
  #introduction: Introduction | null = null

  constructor(address: Address, key: NetworkKey, links: OpenLinks, options: DialOptions, over: () => void) {
    this.#options = options
    this.#over = over
    this.#deadline = new Deadline(() => this.fail('timeout', `no answer within ${options.timeoutMs} ms`))
    this.#deadline.start(options.timeoutMs)
    const reads = options.service === 'data' ? new DirectReads() : null
    const onread = reads === null ? {} : { onread: reads.onread }
    const socket = dialSecure({ ...splitAddress(address), key, ...onread })
    this.#socket = socket
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const failure = dialFailure(error.code)
      this.fail(failure, failure === 'wrong-network' ? NOT_OURS : error.message)
    })
    socket.on('close', () => this.fail('closed', 'the other end hung up'))
    socket.once('secureConnect', () => {
      const pipe = this.#decided ? null : SocketPipe.over(socket, reads)
      if (pipe === null) {
        this.fail('closed', 'the other end hung up')
        return
      }
      this.#introduction = links.introduce(pipe, {
        dialed: true,
        expect: options.expect,
        introduced: (link) => {
          this.#decide()
          return options.opened(link)
        },
        failed: (failure, detail) => this.fail(failure, detail, true),
      })
    })
  }

  /** `ending`: the introduction ends the connection by itself, after saying why. */
  fail(failure: DialFailure, detail: string, ending = false): void {
    if (this.#decided) return
    this.#decide()
    if (!ending) {
      this.#introduction?.abandon()
      this.#socket.destroy()
    }
    process.nextTick(() => this.#options.failed(failure, detail))
  }

  #decide(): void {
    this.#decided = true
    this.#deadline.clear()
    this.#over()
  }
}

function dialFailure(code: string | undefined): DialFailure {
  if (code === undefined) return 'closed'
  return FAILURES.get(code) ?? (code.startsWith('ERR_SSL') ? 'wrong-network' : 'closed')
}

/** Why a port cannot be had, from the system's code. */
export function listenFailure(code: string | undefined): 'in-use' | 'not-local' | 'denied' {
  if (code === 'EADDRINUSE') return 'in-use'
  return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'not-local'
}
