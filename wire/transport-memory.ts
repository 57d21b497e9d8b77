/**
 * Links inside one process, for tests and for peers as a library: the same introductions, frames and limits as over
 * TCP, on pipes that copy bytes from one end to the other between two turns of the event loop.
 */
import { randomBytes } from 'node:crypto'
import type { Cancel, DialOptions, ListenOptions } from '../src/env.js'
import { joinAddress, splitAddress } from './address.js'
import { HalfOpen } from './half-open.js'
import { MemoryPipe } from './memory-pipe.js'
import { OpenLinks } from './open-links.js'
import { NetworkKey } from './secure-link.js'
import type { Transport, TransportOptions } from './transport.js'
import type { Address } from './types.js'
import { DATAGRAM_SECRET_BYTES } from './udp-channels.js'

const FIRST_FREE_PORT = 20_000
const LAST_PORT = 65_535

interface Door {
  readonly key: NetworkKey
  readonly accept: (pipe: MemoryPipe) => void
}

/** The world that memory transports share: hosts and who listens where. */
export class MemoryWorld {
  /** One entry for each `listen` of our own process. */
  readonly doors = new Map<Address, Door>()
  readonly hosts = new Set(['127.0.0.1', '::1', 'localhost'])
  #nextPort = FIRST_FREE_PORT

  freePort(): number {
    this.#nextPort = this.#nextPort >= LAST_PORT ? FIRST_FREE_PORT : this.#nextPort + 1
    return this.#nextPort
  }
}

export class MemoryTransport implements Transport {
  readonly #world: MemoryWorld
  readonly #key: NetworkKey
  readonly #links: OpenLinks
  readonly #halfOpen = new HalfOpen()
  readonly #listening = new Set<Address>()
  /** Gives up a dial that is not decided. */
  readonly #dials = new Set<Cancel>()

  constructor(world: MemoryWorld, options: TransportOptions) {
    this.#world = world
    this.#key = new NetworkKey(options.psk)
    this.#links = new OpenLinks(options.identity, options.links)
  }

  dial(address: Address, options: DialOptions): Cancel {
    let decided = false
    let pipe: MemoryPipe | null = null
    const decide = (): void => {
      decided = true
      clearTimeout(timer)
      this.#dials.delete(cancel)
    }
    const fail = (...why: Parameters<DialOptions['failed']>): void => {
      if (decided) return
      decide()
      process.nextTick(() => options.failed(...why))
    }
    const giveUp = (...why: Parameters<DialOptions['failed']>): void => {
      fail(...why)
      pipe?.destroy()
    }
    const cancel = (): void => giveUp('cancelled', 'given up')
    const timer = setTimeout(() => giveUp('timeout', `no answer within ${options.timeoutMs} ms`), options.timeoutMs)
    this.#dials.add(cancel)
    setImmediate(() => {
      if (decided) return
      const near = this.#connect(address, fail)
      if (near === null) return
      pipe = near
      this.#links.introduce(near, {
        dialed: true,
        expect: options.expect,
        introduced: (link) => {
          decide()
          return options.opened(link)
        },
        failed: fail,
      })
    })
    return () => {
      if (!decided) cancel()
    }
  }

  listen(address: Address | `${string}:0`, options: ListenOptions): void {
    setImmediate(() => {
      const { host, port } = splitAddress(address)
      const bound = joinAddress(host, port === 0 ? this.#world.freePort() : port)
      if (!this.#world.hosts.has(host)) {
        options.failed('not-local', `${host} is not a host of this world`)
      } else if (this.#world.doors.has(bound)) {
        options.failed('in-use', `${bound} is taken`)
      } else {
        this.#world.doors.set(bound, { key: this.#key, accept: (pipe) => this.#accept(pipe, options) })
        this.#listening.add(bound)
        options.listening({ address: bound, close: () => this.#stopListening(bound) })
      }
    })
  }

  async close(): Promise<void> {
    for (const address of [...this.#listening]) this.#stopListening(address)
    for (const cancel of [...this.#dials]) cancel()
    this.#halfOpen.dropAll()
    await this.#links.close()
  }

  /** The dialer's end of a new pipe, whose other end is being accepted. */
  #connect(address: Address, fail: DialOptions['failed']): MemoryPipe | null {
    const { host, port } = splitAddress(address)
    const door = this.#world.doors.get(joinAddress(host, port))
    if (!this.#world.hosts.has(host)) fail('unknown-host', `${host} is not a host of this world`)
    else if (door === undefined) fail('refused', `nobody listens on ${address}`)
    else if (door.key.identity !== this.#key.identity) fail('wrong-network', 'another network listens there')
    else {
      const local = joinAddress(host, this.#world.freePort())
      const binding = new Uint8Array(randomBytes(32))
      const datagramSecret = new Uint8Array(randomBytes(DATAGRAM_SECRET_BYTES))
      const [near, far] = MemoryPipe.pair(local, address, { binding, datagramSecret })
      door.accept(far)
      return near
    }
    return null
  }

  #accept(pipe: MemoryPipe, options: ListenOptions): void {
    const known = this.#halfOpen.add(() => pipe.destroy())
    this.#links.introduce(pipe, {
      dialed: false,
      introduced: (link) => {
        known()
        return options.accepted(link)
      },
      failed: known,
    })
  }

  #stopListening(address: Address): void {
    if (this.#listening.delete(address)) this.#world.doors.delete(address)
  }
}
