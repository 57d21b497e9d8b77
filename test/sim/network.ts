/**
 * The simulated network: machines with addresses, listeners, dialing with all its failures, and the faults between
 * peers. Cuts are per pair of peers and direction, so that a partition may run through one machine as well.
 */
import type { DialOptions, Links, ListenOptions } from '../../src/env.js'
import type { CloseCode } from '../../wire/errors.js'
import type { Message } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { Dropped } from '../../wire/udp-channels.js'
import { type DatagramFaults, NO_FAULTS, type SimDatagrams, secretOf } from './datagrams.js'
import { Dial } from './dial.js'
import { Pipe, SimLink } from './link.js'
import type { SimProcess } from './process.js'
import { mix, unit } from './random.js'
import type { Schedule } from './schedule.js'

export interface NetworkOptions {
  /** Share of packets lost; on a reliable link a loss costs time. */
  readonly loss: number
  /** One way between two machines; each pair of machines has its own base in this range, each message some jitter. */
  readonly latencyMs: readonly [low: number, high: number]
  /** Of one link and direction. */
  readonly bytesPerMs: number
}

/** Changes what peers say: how tests plant bugs and liars. */
export interface Tamper {
  /** What is sent instead; null: nothing. */
  outgoing(link: SimLink, message: Message): Message | null
  incoming(link: SimLink, message: Message): void
}

const LOOPBACK_MS = 0.1
const FIRST_FREE_PORT = 49_152

/** One machine. */
export interface SimHost {
  readonly name: string
  readonly number: number
  /** Its address in the network; loopback it has besides. */
  readonly ip: string
}

/** Who a process is to others; the link layer proves it. */
export interface Face {
  readonly process: SimProcess
  readonly host: SimHost
  readonly id: PeerId
  readonly publicKey: Uint8Array
  readonly networkTag: string
}

export interface Listening {
  readonly face: Face
  readonly address: Address
  readonly ip: string
  readonly port: number
  readonly accepted: ListenOptions['accepted']
}

/** A peer cut another off for breaking a rule: in a world of honest peers, a bug. */
export interface Violation {
  /** Number of the peer that cut. */
  readonly by: number
  readonly peer: PeerId
  readonly code: CloseCode
  readonly reason: string
}

/** Codes that accuse the other side. */
const ACCUSING: ReadonlySet<CloseCode> = new Set(['protocol', 'too-large', 'flood', 'wrong-peer'])

export class SimNetwork {
  frames = 0
  /** What happened to datagrams on the way. */
  readonly flung = { datagrams: 0, 'datagrams lost': 0, 'datagrams doubled': 0, 'datagrams held back': 0 }
  datagramFaults: DatagramFaults = NO_FAULTS
  tamper: Tamper | null = null
  loss: number
  bytesPerMs: number
  readonly violations: Violation[] = []
  readonly #listening = new Set<Listening>()
  readonly #links = new Set<SimLink>()
  readonly #cuts = new Set<number>()
  readonly #stalled = new Set<Pipe>()
  readonly #hostOf = new Map<SimProcess, SimHost>()
  readonly #dropped: Dropped = { unknown: 0, malformed: 0, forged: 0, replayed: 0 }
  readonly #datagrams = new Map<SimProcess, SimDatagrams>()
  readonly #serials = new Map<SimProcess, number>()
  readonly #ports = new Map<SimHost, number>()
  readonly #down = new Set<SimHost>()
  /** Behind a firewall: nothing from outside reaches a listener there. */
  readonly #walled = new Set<SimHost>()
  readonly #hosts = new Map<string, SimHost>()
  #connections = 0

  constructor(
    readonly schedule: Schedule,
    readonly seed: number,
    readonly options: NetworkOptions,
  ) {
    this.loss = options.loss
    this.bytesPerMs = options.bytesPerMs
  }

  host(name: string): SimHost {
    let host = this.#hosts.get(name)
    if (host === undefined) {
      const number = this.#hosts.size + 1
      host = { name, number, ip: `10.0.${number >> 8}.${number & 255}` }
      this.#hosts.set(name, host)
    }
    return host
  }

  lossNow(): number {
    return this.loss
  }

  /** One way, with jitter keyed by `key`. */
  latency(from: SimProcess, to: SimProcess, key: number): number {
    const a = this.#hostOf.get(from)
    const b = this.#hostOf.get(to)
    if (a === undefined || a === b) return LOOPBACK_MS * (1 + unit(this.seed, key, 3))
    const [low, high] = this.options.latencyMs
    const pair = a.number < (b?.number ?? 0) ? mix(a.number, b?.number ?? 0) : mix(b?.number ?? 0, a.number)
    return low + (high - low) * (0.8 * unit(this.seed, pair, 4) + 0.2 * unit(this.seed, key, 3))
  }

  register(face: Face, datagrams: SimDatagrams): void {
    datagrams.onDropped = (why) => this.#dropped[why]++
    this.#datagrams.set(face.process, datagrams)
    this.#hostOf.set(face.process, face.host)
    this.#down.delete(face.host)
  }

  /** Datagrams that were refused so far, over all lives of all peers, and why. */
  get dropped(): Readonly<Record<string, number>> {
    const { unknown, malformed, forged, replayed } = this.#dropped
    return {
      'datagrams unknown': unknown,
      'datagrams malformed': malformed,
      'datagrams forged': forged,
      'datagrams replayed': replayed,
    }
  }

  /** Where datagrams of a process go in and out. */
  datagramsOf(process: SimProcess): SimDatagrams | undefined {
    return this.#datagrams.get(process)
  }

  serialFor(process: SimProcess): number {
    const serial = (this.#serials.get(process) ?? 0) + 1
    this.#serials.set(process, serial)
    return serial
  }

  // ---- faults

  severed(from: SimProcess, to: SimProcess): boolean {
    return !this.passes(from.index, to.index)
  }

  /** Whether there is no cut between these peers, by their numbers. */
  passes(from: number, to: number): boolean {
    return !this.#cuts.has(pairKey(from, to))
  }

  /** Nothing gets from `from` to `to` any more; the other direction stays. */
  cut(from: number, to: number): void {
    this.#cuts.add(pairKey(from, to))
  }

  /** From now on this machine can only dial out. */
  wall(host: SimHost): void {
    this.#walled.add(host)
  }

  heal(): void {
    this.#cuts.clear()
    const waiting = [...this.#stalled]
    this.#stalled.clear()
    for (const pipe of waiting) pipe.resume()
  }

  /** A pipe met a cut: it waits for `heal`. */
  stall(pipe: Pipe): void {
    this.#stalled.add(pipe)
  }

  /** The process ended: its kernel closes what it had (not where the machine lost power). */
  kill(process: SimProcess, survives: number, powerLost: boolean): void {
    for (const listening of [...this.#listening]) {
      if (listening.face.process === process) this.#listening.delete(listening)
    }
    for (const link of [...this.#links]) {
      if (link.process !== process) continue
      link.kill(survives, powerLost)
      this.#links.delete(link)
    }
    this.#datagrams.delete(process)
    const host = this.#hostOf.get(process)
    if (powerLost && host !== undefined) this.#down.add(host)
  }

  closing(link: SimLink, code: CloseCode, reason: string): void {
    this.schedule.note('closing', link.process.index, 0, `${link.peer.slice(0, 8)} #${link.serial} ${code}: ${reason}`)
    if (!ACCUSING.has(code)) return
    this.violations.push({ by: link.process.index, peer: link.peer, code, reason })
  }

  forget(link: SimLink): void {
    this.#links.delete(link)
  }

  /** Links that both ends still hold open, with the peer's number. */
  links(): Iterable<SimLink> {
    return this.#links
  }

  // ---- listening and dialing

  /** Addresses on which other processes of this machine listen. */
  localListeners(face: Face): readonly Address[] {
    return [...this.#listening]
      .filter(({ face: other }) => other.host === face.host && other.process !== face.process)
      .map(({ address }) => address)
  }

  listen(face: Face, wanted: string, options: ListenOptions): void {
    const { ip, port: asked } = parse(wanted)
    const wildcard = ip === '0.0.0.0' || ip === '[::]'
    const answer = (action: () => void): void => {
      face.process.at(this.schedule.now + 0.2, 'listen', action)
    }
    if (!wildcard && !isLoopback(ip) && ip !== face.host.ip) {
      answer(() => options.failed('not-local', `${ip} is not an address of this machine`))
      return
    }
    const port = asked === 0 ? this.#freePort(face.host) : asked
    if ([...this.#listening].some((other) => clash(other, face.host, ip, port))) {
      answer(() => options.failed('in-use', `${wanted} is in use`))
      return
    }
    const address = `${ip}:${port}` as Address
    const listening: Listening = { face, address, ip, port, accepted: options.accepted }
    this.#listening.add(listening)
    answer(() => options.listening({ address, close: () => void this.#listening.delete(listening) }))
  }

  dial(face: Face, address: Address, options: DialOptions): () => void {
    return new Dial(this, face, address, options).cancel
  }

  /** The listener behind an address as seen from a machine, or why there is none. */
  find(from: SimHost, address: Address): Listening | 'unknown-host' | 'silent' | 'refused' {
    const { ip, port } = parse(address)
    if (!/^[\d.]+$|^\[.*\]$|^localhost$/.test(ip)) return 'unknown-host'
    const loopback = isLoopback(ip)
    const host = loopback ? from : [...this.#hosts.values()].find((other) => other.ip === ip)
    if (host === undefined || this.#down.has(host)) return 'silent'
    if (host !== from && this.#walled.has(host)) return 'silent'
    const found = [...this.#listening].find((other) => clash(other, host, loopback ? '127.0.0.1' : ip, port))
    return found ?? 'refused'
  }

  /** Makes the two ends of a link; `notBefore`: the dialer hears of it then. */
  join(dialer: Face, listening: Listening, notBefore: number): readonly [dialed: SimLink, accepted: SimLink] {
    const there = listening.face
    const ip = isLoopback(listening.ip) || dialer.host === there.host ? '127.0.0.1' : dialer.host.ip
    const from = `${ip}:${this.#freePort(dialer.host)}` as Address
    const to = `${listening.ip === '0.0.0.0' ? there.host.ip : listening.ip}:${listening.port}` as Address
    const key = mix(this.#connections++, dialer.process.index, there.process.index)
    const datagramSecret = secretOf(key)
    const near = {
      process: dialer.process,
      peer: there.id,
      publicKey: there.publicKey,
      datagramSecret,
      local: from,
      remote: to,
    }
    const far = {
      process: there.process,
      peer: dialer.id,
      publicKey: dialer.publicKey,
      datagramSecret,
      local: to,
      remote: from,
    }
    const dialed = new SimLink(this, { ...near, dialed: true })
    const accepted = new SimLink(this, { ...far, dialed: false })
    dialed.meet(accepted)
    accepted.meet(dialed)
    this.#connect(dialed, accepted, mix(key, 1), this.schedule.now)
    this.#connect(accepted, dialed, mix(key, 2), notBefore)
    return [dialed, accepted]
  }

  #connect(from: SimLink, to: SimLink, key: number, notBefore: number): void {
    const pipe = new Pipe(this, from, to, key, notBefore)
    from.connect(pipe)
    this.#links.add(from)
  }

  #freePort(host: SimHost): number {
    const port = this.#ports.get(host) ?? FIRST_FREE_PORT
    this.#ports.set(host, port + 1)
    return port
  }
}

/** The Links of one process. */
export class SimLinks implements Links {
  constructor(
    private readonly network: SimNetwork,
    private readonly face: Face,
  ) {}

  dial(address: Address, options: DialOptions): () => void {
    return this.network.dial(this.face, address, options)
  }

  listen(address: Address | `${string}:0`, options: ListenOptions): void {
    this.network.listen(this.face, address, options)
  }
}

const pairKey = (from: number, to: number): number => from * 0x1_0000 + to

const isLoopback = (ip: string): boolean => ip.startsWith('127.') || ip === '[::1]' || ip === 'localhost'

function parse(address: string): { ip: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { ip: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}

/** Whether a listener answers at (host, ip, port). */
function clash(listening: Listening, host: SimHost, ip: string, port: number): boolean {
  if (listening.face.host !== host || listening.port !== port) return false
  if (listening.ip === '0.0.0.0' || ip === '0.0.0.0') return true
  return listening.ip === ip || (isLoopback(listening.ip) && isLoopback(ip))
}
