/**
 * Finds peers of the network on the same local network, by multicast DNS (RFC 6762) and service discovery (RFC 6763): who
 * listens there answers for the subtype of the network's tag with an instance of a random name and its addresses (TXT `a=`).
 * Anybody on that network can answer, so an answer only says where to dial: the link proves the rest.
 * Invariants: nobody is sent elsewhere: an IPv4 address is taken from that very machine only, an IPv6 one (told from the
 * link-local address) where this machine is on its network; and one machine that tells much leaves room for the others.
 */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { BlockList, isIP } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import multicastDns, {
  type MulticastDNS,
  type QueryPacket,
  type ResponseOutgoingPacket,
  type ResponsePacket,
} from 'multicast-dns'
import { isAddress } from '../../wire/field.js'
import type { Address, Hash } from '../../wire/types.js'
import { hostOf, isLoopback } from '../membership/address.js'
import { errorText } from './durable.js'

const PORT = 5353
const GROUP_V4 = '224.0.0.251'
const GROUP_V6 = 'ff02::fb'
const TTL_S = 120
/** Questions after the start: each pause twice the one before (RFC 6762, 5.2), then regularly. */
const FIRST_PAUSE_MS = 1_000
const PAUSE_MS = 30_000
/** Others may answer at once: a shared answer waits a random part of this (RFC 6762, 6). */
const ANSWER_MS = 120
/** The first answers come within this, or nobody is there. */
const FIRST_ANSWERS_MS = 400
const MAX_INTERFACES = 16
/** Machines that told something; one more makes the one that was silent longest go. */
const MAX_TELLERS = 64
const MAX_ADDRESSES = 8

interface Place {
  readonly key: string
  readonly dns: MulticastDNS
}

export class Mdns {
  readonly #name: string
  readonly #instance: string
  readonly #trouble: (text: string) => void
  readonly #places = new Map<string, Place>() // at most MAX_INTERFACES
  /** By the machine that told: when each address was told last. */
  readonly #found = new Map<string, Map<Address, number>>() // at most MAX_TELLERS, each at most MAX_ADDRESSES
  #addresses: () => readonly Address[] = () => []
  #state: 'idle' | 'running' | 'closed' = 'idle'
  #asking: NodeJS.Timeout | null = null
  #answering: NodeJS.Timeout | null = null
  #pauseMs = FIRST_PAUSE_MS
  #firstOver: Promise<void> = Promise.resolve()
  #told = false

  constructor(tag: Hash, trouble: (text: string) => void) {
    const type = '_p2p-tui._tcp.local'
    this.#name = `_${tag.slice(0, 16)}._sub.${type}`
    // says nothing about the peer, and differs from run to run
    this.#instance = `${randomBytes(8).toString('hex')}.${type}`
    this.#trouble = trouble
  }

  /** Asks and answers from now on; `addresses` are this peer's own, asked anew for each answer. */
  start(addresses: () => readonly Address[]): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    this.#addresses = addresses
    this.#firstOver = new Promise((resolve) => setTimeout(resolve, FIRST_ANSWERS_MS).unref())
    this.#ask()
  }

  /** Tells everybody once more, unasked: this peer's addresses have changed. */
  announce(): void {
    if (this.#state === 'running') this.#answerSoon()
  }

  /** Addresses of others that were told lately; right after the start it waits for the first answers. */
  async peers(): Promise<readonly Address[]> {
    await this.#firstOver
    const now = performance.now()
    for (const [teller, told] of this.#found) {
      for (const [address, at] of told) if (now - at > TTL_S * 1000) told.delete(address)
      if (told.size === 0) this.#found.delete(teller)
    }
    return [...this.#found.values()].flatMap((told) => [...told.keys()])
  }

  /** Says goodbye (an answer without time to live) and closes the sockets. */
  async close(): Promise<void> {
    const wasRunning = this.#state === 'running'
    this.#state = 'closed'
    if (this.#asking !== null) clearTimeout(this.#asking)
    if (this.#answering !== null) clearTimeout(this.#answering)
    if (!wasRunning) return
    await Promise.all(
      [...this.#places.values()].map(async ({ dns }) => {
        const goodbye = this.#answer(0)
        if (goodbye !== null) await new Promise<void>((resolve) => dns.respond(goodbye, () => resolve()))
        await new Promise<void>((resolve) => dns.destroy(() => resolve()))
      }),
    )
    this.#places.clear()
  }

  #ask(): void {
    this.#open()
    for (const { dns } of this.#places.values()) dns.query(this.#name, 'PTR')
    this.#asking = setTimeout(() => this.#ask(), this.#pauseMs)
    this.#asking.unref()
    this.#pauseMs = Math.min(PAUSE_MS, 2 * this.#pauseMs)
  }

  /** One socket for each network that this machine is on now, of either family. */
  #open(): void {
    const here = new Set<string>()
    for (const [device, infos] of Object.entries(networkInterfaces())) {
      for (const info of infos ?? []) {
        const v6 = info.family === 'IPv6'
        const key = v6 ? `::%${device}` : info.address
        if (info.internal) continue
        here.add(key)
        if (!this.#places.has(key) && this.#places.size < MAX_INTERFACES) this.#join(key, v6)
      }
    }
    for (const [key, { dns }] of this.#places) {
      if (here.has(key)) continue
      this.#places.delete(key)
      dns.destroy()
    }
  }

  #join(key: string, v6: boolean): void {
    const socket = createSocket({ type: v6 ? 'udp6' : 'udp4', reuseAddr: true, ...(v6 ? { ipv6Only: true } : {}) })
    socket.unref()
    const place: Place = {
      key,
      dns: multicastDns({
        socket,
        type: v6 ? 'udp6' : 'udp4',
        ip: v6 ? GROUP_V6 : GROUP_V4,
        port: PORT,
        interface: key,
        bind: v6 ? '::' : '0.0.0.0',
      }),
    }
    this.#places.set(key, place)
    place.dns.on('error', (error: Error) => this.#broken(place, error))
    // a network that goes away, or a damaged packet of anybody
    place.dns.on('warning', () => {})
    place.dns.on('query', (packet) => this.#asked(packet))
    place.dns.on('response', (packet, { address }) => this.#heard(packet, address))
  }

  #broken({ key, dns }: Place, error: Error): void {
    this.#places.delete(key)
    dns.destroy()
    if (this.#told || this.#state !== 'running') return
    this.#told = true
    this.#trouble(
      `peers on the local network are not found by themselves (mDNS: ${errorText(error)}): use invite --lan`,
    )
  }

  #asked(packet: QueryPacket): void {
    const questions = packet.questions ?? []
    if (questions.some(({ name, type }) => type === 'PTR' && name.toLowerCase() === this.#name)) this.#answerSoon()
  }

  #answerSoon(): void {
    if (this.#answering !== null || this.#state !== 'running') return
    this.#answering = setTimeout(() => {
      this.#answering = null
      const answer = this.#answer(TTL_S)
      if (answer !== null) for (const { dns } of this.#places.values()) dns.respond(answer)
    }, Math.random() * ANSWER_MS)
    this.#answering.unref()
  }

  #answer(ttl: number): ResponseOutgoingPacket | null {
    const open = this.#addresses().filter((address) => !isLoopback(address))
    if (open.length === 0) return null
    const data = open.slice(0, MAX_ADDRESSES).map((address) => `a=${address}`)
    return {
      answers: [{ name: this.#name, type: 'PTR', ttl, data: this.#instance }],
      additionals: [{ name: this.#instance, type: 'TXT', ttl, data }],
    }
  }

  #heard({ answers, additionals }: ResponsePacket, teller: string): void {
    const records = [...(answers ?? []), ...(additionals ?? [])]
    const named = new Set<string>()
    for (const record of records)
      if (record.type === 'PTR' && record.name.toLowerCase() === this.#name) named.add(record.data)
    named.delete(this.#instance)
    if (named.size === 0) return
    const near = nearby()
    for (const record of records) {
      if (record.type !== 'TXT' || !named.has(record.name)) continue
      const texts = [record.data].flat().slice(0, MAX_ADDRESSES)
      for (const text of texts) this.#take(teller, String(text), record.ttl ?? TTL_S, near)
    }
  }

  #take(teller: string, text: string, ttl: number, near: BlockList): void {
    const address = text.startsWith('a=') ? text.slice(2) : ''
    if (!isAddress(address)) return
    const host = hostOf(address)
    const family = isIP(host)
    if (family === 0 || !(family === 4 ? host === teller : near.check(host, 'ipv6'))) return
    const told = this.#found.get(teller) ?? new Map<Address, number>()
    if (ttl === 0) told.delete(address)
    else if (told.has(address) || told.size < MAX_ADDRESSES) told.set(address, performance.now())
    // at the end: whoever was silent longest stands first
    this.#found.delete(teller)
    this.#found.set(teller, told)
    const [oldest] = this.#found.keys()
    if (this.#found.size > MAX_TELLERS && oldest !== undefined) this.#found.delete(oldest)
  }
}

/** All IPv6 addresses of the networks that this machine is on. */
function nearby(): BlockList {
  const list = new BlockList()
  for (const infos of Object.values(networkInterfaces())) for (const info of infos ?? []) addTo(list, info)
  return list
}

function addTo(list: BlockList, { internal, address, cidr, family }: NetworkInterfaceInfo): void {
  const bits = Number(cidr?.split('/')[1])
  if (!internal && family === 'IPv6' && Number.isInteger(bits)) list.addSubnet(address, bits, 'ipv6')
}
