/**
 * Where this peer can be dialed: loopback always, more where the user or a joined network asks for it. Ports that were
 * free to choose stay the same over restarts where they can, so that remembered addresses and tickets keep working.
 */
import { OperationalError } from '../../wire/errors.js'
import type { Address } from '../../wire/types.js'
import { type Done, done as ok, refused } from '../api.js'
import type { Env, Link, LinkHandler, Listener } from '../env.js'
import { anyPort, hostOf, isLoopback, isLoopbackHost, isWildcardHost, portOf, toAddress } from './address.js'

export const LOOPBACK = '127.0.0.1'
const MAX_LISTENERS = 16
/** Addresses that a peer entry can carry. */
const MAX_ANNOUNCED = 8

export interface ListeningHooks {
  accepted(link: Link): LinkHandler
  /** The announced addresses are others now. */
  changed(): void
}

export class Listening {
  readonly #env: Pick<Env, 'links' | 'store' | 'log'>
  readonly #hooks: ListeningHooks
  /** Addresses of this machine, announced where a wildcard listens. */
  readonly #hosts: readonly string[]
  readonly #listeners: Listener[] = [] // at most MAX_LISTENERS
  readonly #pending = new Set<string>() // hosts, at most MAX_LISTENERS
  /** Seen and reached by an anchor: where a router forwards to us. */
  readonly #observed = new Map<string, Address>() // by host, at most MAX_ANNOUNCED
  #closed = false

  constructor(env: Pick<Env, 'links' | 'store' | 'log'>, hosts: readonly string[], hooks: ListeningHooks) {
    this.#env = env
    this.#hosts = hosts
    this.#hooks = hooks
  }

  /** Opens one more listener; the answer is the address to tell others. */
  open(wanted: string, done: Done<Address>): void {
    const host = hostOf(wanted)
    if (this.#listeners.length + this.#pending.size >= MAX_LISTENERS) {
      done(refused(`already listening on ${MAX_LISTENERS} addresses`))
      return
    }
    this.#pending.add(wanted)
    if (portOf(wanted) !== 0) {
      this.#listen(wanted, host, portOf(wanted), done, (reason, detail) =>
        done(refused(whyNotListening(reason, wanted, detail))),
      )
      return
    }
    const usual = this.#usualPort(host)
    const anywhere = (): void =>
      this.#listen(wanted, host, 0, done, (reason, detail) => done(refused(whyNotListening(reason, wanted, detail))))
    if (usual === undefined) anywhere()
    else this.#listen(wanted, host, usual, done, anywhere)
  }

  /** Makes sure that others can dial this host of ours; a route of a joined network leads through it. */
  ensure(host: string): void {
    const listening = this.#listeners.some(({ address }) => {
      const other = hostOf(address)
      return other === host || (isWildcardHost(other) && other.includes(':') === host.includes(':'))
    })
    if (listening || isLoopbackHost(host) || isWildcardHost(host) || this.#pending.has(anyPort(host))) return
    this.open(anyPort(host), (result) => {
      if (result.ok)
        this.#env.log('notice', `listening on ${result.value} too, so that the others there can reach this peer`)
      else this.#env.log('warn', result.message)
    })
  }

  /** An anchor saw us at this address and could dial it. */
  reachableAt(address: Address): void {
    const host = hostOf(address)
    if (this.addresses().includes(address) || this.#observed.size >= MAX_ANNOUNCED) return
    this.#observed.set(host, address)
    this.#hooks.changed()
  }

  /** To be told to others: those that reach far first, loopback last. */
  addresses(): readonly Address[] {
    const all = new Set<Address>([...this.#listeners.flatMap((listener) => this.#announced(listener))])
    for (const address of this.#observed.values()) all.add(address)
    const sorted = [...all].sort((a, b) => Number(isLoopback(a)) - Number(isLoopback(b)))
    return sorted.slice(0, MAX_ANNOUNCED)
  }

  /** The ports that we listen on, apart from the hosts. */
  ports(): readonly number[] {
    return [...new Set(this.#listeners.map(({ address }) => portOf(address)))]
  }

  close(): void {
    this.#closed = true
    for (const listener of this.#listeners.splice(0)) listener.close()
  }

  #listen(
    wanted: string,
    host: string,
    port: number,
    done: Done<Address>,
    failed: (reason: string, detail: string) => void,
  ): void {
    const address = port === 0 ? anyPort(host) : toAddress(host, port)
    if (address === undefined) {
      failed('not-local', 'not an address')
      return
    }
    this.#env.links.listen(address, {
      accepted: (link) => this.#hooks.accepted(link),
      listening: (listener) => {
        this.#pending.delete(wanted)
        if (this.#closed) {
          listener.close()
          return
        }
        this.#listeners.push(listener)
        if (portOf(wanted) === 0) this.#keepPort(host, portOf(listener.address))
        this.#hooks.changed()
        done(ok(this.#announced(listener)[0] ?? listener.address))
      },
      failed: (reason, detail) => {
        this.#pending.delete(wanted)
        failed(reason, detail)
      },
    })
  }

  #announced({ address }: Listener): readonly Address[] {
    return announcedAs(address, this.#hosts)
  }

  #usualPort(host: string): number | undefined {
    const stored = this.#env.store.get('meta', portKey(host))
    if (stored === undefined) return undefined
    const port = Number(Buffer.from(stored).toString())
    if (!Number.isInteger(port) || port < 1 || port > 65535) {
      throw new OperationalError(`the stored port of ${host} is unreadable: the data directory is damaged`)
    }
    return port
  }

  #keepPort(host: string, port: number): void {
    if (this.#usualPort(host) === port) return
    this.#env.store.write([{ put: 'meta', key: portKey(host), value: new Uint8Array(Buffer.from(String(port))) }])
  }
}

/** Where others dial what listens at this address of ours; `hosts` are those of this machine. */
export function announcedAs(address: Address, hosts: readonly string[]): readonly Address[] {
  const host = hostOf(address)
  if (!isWildcardHost(host)) return [address]
  const sameKind = hosts.filter((other) => other.includes(':') === host.includes(':'))
  const addresses = [...sameKind, host.includes(':') ? '::1' : LOOPBACK].map((own) => toAddress(own, portOf(address)))
  return addresses.filter((own) => own !== undefined)
}

const portKey = (host: string): string => `membership port ${host}`

/** For the user. */
export function whyNotListening(reason: string, wanted: string, detail: string): string {
  switch (reason) {
    case 'in-use':
      return `cannot listen on ${wanted}: another program uses that port; choose another (--listen host:port)`
    case 'not-local':
      return `cannot listen on ${wanted}: not an address of this machine`
    case 'denied':
      return `cannot listen on ${wanted}: not allowed (ports under 1024 need the administrator)`
    default:
      return `cannot listen on ${wanted}: ${detail}`
  }
}
