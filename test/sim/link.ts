/**
 * A secure link of the simulated network: two ends and a pipe each way. What is sent arrives whole, in order and once,
 * as over TCP; loss shows as delay, a partition as silence until it heals, a kill as an end after a random part of what
 * was under way. Every message is encoded and decoded by the wire codec and checked as the real link checks it.
 */
import { crc32 } from 'node:zlib'
import type { Link, LinkHandler } from '../../src/env.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import { type CloseCode, ProtocolError } from '../../wire/errors.js'
import {
  FRAMES_PER_SECOND,
  FULL_CONTROL_BYTES,
  GREETING_MS,
  QUEUED_CONTROL_BYTES,
  STALL_MS,
} from '../../wire/limits.js'
import type { Service } from '../../wire/messages/link.js'
import { type Message, messages } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'
import type { SimNetwork } from './network.js'
import type { SimProcess } from './process.js'
import { mix, unit } from './random.js'

/** What a kernel holds for a reader that does not read, before the writer's own queue grows. */
const KERNEL_BYTES = 128 * 1024
const RETRANSMIT_MS = 200
const MAX_DESCRIPTION = 300
const MAX_RETRANSMITS = 6
const FRAME_OVERHEAD = 26 // TLS record and length

export type Item =
  | { readonly kind: 'frame'; readonly bytes: Uint8Array; readonly type: string }
  | { readonly kind: 'chunk'; readonly request: number; readonly size: number; readonly content: ChunkContent }
  | { readonly kind: 'end' }

/** Real bytes, or a name that stands for them where there would be too many. */
export type ChunkContent = string | Uint8Array

/** Who consumes chunk frames and refusals of a data link: the simulated chunk service, or the disk of a shared folder. */
export interface BulkReader {
  chunk(request: number, content: ChunkContent, size: number): void
  /** `missing`: which blocks of a request for several. */
  refused(request: number, missing: readonly number[]): void
  ended(): void
}

export interface LinkEnd {
  readonly process: SimProcess
  readonly peer: PeerId
  readonly publicKey: Uint8Array
  readonly datagramSecret: Uint8Array
  readonly dialed: boolean
  readonly local: Address
  readonly remote: Address
}

export class SimLink implements Link {
  readonly serial: number
  bytesSent = 0
  bytesReceived = 0
  closed = false
  bulk: BulkReader | null = null
  /** Chunks that wait in the pipe. */
  chunksQueued = 0
  #service: Service | null = null
  #handler: LinkHandler | null = null
  #full = false
  #secondBegan = 0
  #framesThisSecond = 0
  #out: Pipe | null = null
  #partner: SimLink | null = null

  constructor(
    readonly network: SimNetwork,
    readonly end: LinkEnd,
  ) {
    this.serial = network.serialFor(end.process)
  }

  get peer(): PeerId {
    return this.end.peer
  }
  get publicKey(): Uint8Array {
    return this.end.publicKey
  }
  get datagramSecret(): Uint8Array {
    return this.end.datagramSecret
  }
  get dialed(): boolean {
    return this.end.dialed
  }
  get local(): Address {
    return this.end.local
  }
  get remote(): Address {
    return this.end.remote
  }
  get process(): SimProcess {
    return this.end.process
  }
  get service(): Service | null {
    return this.#service
  }
  get out(): Pipe {
    if (this.#out === null) throw new Error('link without a pipe')
    return this.#out
  }

  /** The other end, for checkers. */
  get partner(): SimLink {
    if (this.#partner === null) throw new Error('link without a partner')
    return this.#partner
  }

  meet(partner: SimLink): void {
    this.#partner = partner
  }

  connect(out: Pipe): void {
    this.#out = out
  }

  /** The peer got the link: from now on it hears of messages. */
  open(handler: LinkHandler): void {
    this.#handler = handler
    this.process.after(GREETING_MS, () => {
      if (this.#service === null) this.close('timeout', 'no hello in time')
    })
  }

  send(given: Message): 'sent' | 'full' {
    const { tamper } = this.network
    const message = tamper === null ? given : tamper.outgoing(this, given)
    if (this.closed || message === null) return 'sent'
    const bytes = encodeMessage(message)
    this.bytesSent += bytes.length
    this.network.frames++
    this.out.push({ kind: 'frame', bytes, type: message.type })
    const queued = this.out.outstanding - KERNEL_BYTES
    if (this.#service !== 'data' && queued > QUEUED_CONTROL_BYTES) {
      this.#cut('slow', 'reads too slowly')
      return 'full'
    }
    if (queued > FULL_CONTROL_BYTES) this.#full = true
    return this.#full ? 'full' : 'sent'
  }

  sendChunk(request: number, content: ChunkContent, size: number): void {
    if (this.closed) return
    this.bytesSent += size
    this.chunksQueued++
    this.out.push({ kind: 'chunk', request, content, size })
  }

  promote(service: Service): void {
    this.#service = service
    if (service === 'control' && !this.closed) this.network.datagramsOf(this.process)?.linked(this)
  }

  close(code: CloseCode, reason: string): void {
    if (this.closed) return
    this.network.closing(this, code, reason)
    this.out.push({
      kind: 'frame',
      bytes: encodeMessage({ type: 'close', code, reason: short(reason) }),
      type: 'close',
    })
    this.#cut(code, reason)
  }

  /** The process is gone: nobody hears of it on this side, and the other side gets what the kernel still had. */
  kill(survives: number, silent: boolean): void {
    if (this.closed) return
    this.closed = true
    this.out.truncate(survives)
    if (!silent) this.out.push({ kind: 'end' })
  }

  /** Something came out of the other side's pipe. */
  arrive(item: Item): void {
    if (this.closed) return
    if (item.kind === 'end') this.#ended('lost', 'connection reset', 'network')
    else if (item.kind === 'chunk') this.#chunk(item)
    else this.#frame(item.bytes)
  }

  /** The pipe has room again. */
  drained(): void {
    if (!this.#full || this.closed || this.out.outstanding - KERNEL_BYTES > 0) return
    this.#full = false
    this.process.at(this.process.schedule.now, 'drained', () => {
      if (!this.closed) this.#handler?.drained(this)
    })
  }

  /** Links whose output does not move at all for long are cut. */
  watchStall(): void {
    const before = this.out.delivered
    this.process.after(STALL_MS, () => {
      if (this.closed || this.chunksQueued === 0) return
      if (this.out.delivered === before) this.close('slow', 'data link stalled')
      else this.watchStall()
    })
  }

  #frame(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length
    let message: Message
    try {
      this.#countFrame()
      message = decodeMessage(bytes.subarray(LENGTH_BYTES))
      this.#check(message)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.close(error.code, error.message)
      return
    }
    this.network.tamper?.incoming(this, message)
    this.network.schedule.trace?.(
      `${' '.repeat(15)}from p${this.partner.process.index} #${this.serial} ${describe(message)}`,
    )
    if (message.type === 'close') this.#ended(message.code, message.reason, 'them')
    else if (message.type === 'chunkRefused' && this.bulk !== null) this.bulk.refused(message.request, [])
    else if (message.type === 'folderBlocksRefused' && this.bulk !== null) {
      this.bulk.refused(message.request, message.missing)
    } else this.#handler?.message(this, message)
  }

  #chunk(item: Item & { kind: 'chunk' }): void {
    this.bytesReceived += item.size
    if (this.bulk !== null) this.bulk.chunk(item.request, item.content, item.size)
    else this.close('protocol', 'a chunk that nobody asked for')
  }

  #countFrame(): void {
    const { now } = this.process.schedule
    if (now - this.#secondBegan >= 1000) {
      this.#secondBegan = now
      this.#framesThisSecond = 0
    }
    if (++this.#framesThisSecond > FRAMES_PER_SECOND) {
      throw new ProtocolError('flood', `more than ${FRAMES_PER_SECOND} frames a second`)
    }
  }

  /** As in the real link: a message needs the right phase and the right sender. */
  #check(message: Message): void {
    const { phase, sender } = messages[message.type]
    const service = this.#service
    const now = service === null ? 'greeting' : service === 'data' ? 'data' : 'control'
    if (phase !== 'any' && phase !== now) throw new ProtocolError('protocol', `${message.type} while in ${now}`)
    const theirs = this.dialed ? 'listener' : 'dialer'
    if (sender !== 'both' && sender !== theirs)
      throw new ProtocolError('protocol', `${message.type} from the ${theirs}`)
  }

  #cut(code: CloseCode, reason: string): void {
    this.out.push({ kind: 'end' })
    this.#ended(code, reason, 'us')
  }

  #ended(code: CloseCode, reason: string, by: 'us' | 'them' | 'network'): void {
    this.closed = true
    this.network.forget(this)
    this.network.datagramsOf(this.process)?.unlinked(this)
    this.process.at(this.process.schedule.now, 'closed', () => {
      this.bulk?.ended()
      this.#handler?.closed(this, code, reason, by)
    })
  }
}

const short = (reason: string): string => (reason.length <= 80 ? reason : `${reason.slice(0, 79)}…`)

/** One direction of a link. At most one arrival is scheduled; the rest waits in order behind it. */
export class Pipe {
  readonly #queue: { readonly item: Item; readonly size: number; readonly ready: number }[] = []
  #armed = false
  #number = 0
  #busyUntil = 0
  #lastReady = 0
  #stalled = false
  outstanding = 0
  /** Items that arrived. */
  delivered = 0

  constructor(
    private readonly network: SimNetwork,
    private readonly from: SimLink,
    private readonly to: SimLink,
    /** Differs for each direction of each link of a run. */
    private readonly key: number,
    notBefore: number,
  ) {
    this.#lastReady = notBefore
  }

  push(item: Item): void {
    const { schedule, bytesPerMs } = this.network
    const size = sizeOf(item)
    this.#busyUntil = Math.max(this.#busyUntil, schedule.now) + size / bytesPerMs
    this.#lastReady = Math.max(this.#lastReady, this.#busyUntil + this.#delay())
    this.#queue.push({ item, size, ready: this.#lastReady })
    this.outstanding += size
    this.#arm(this.#lastReady)
  }

  /** Only the first `share` (0..1) of what is under way still arrives. */
  truncate(share: number): void {
    const kept = Math.floor(share * (this.#queue.length + 1))
    for (const lost of this.#queue.splice(kept)) this.outstanding -= lost.size
  }

  /** The way is free again: TCP notices at its next retransmission. */
  resume(): void {
    if (!this.#stalled) return
    this.#stalled = false
    const wait = unit(this.network.seed, this.key, this.#number, 5) * 2 * RETRANSMIT_MS
    this.#lastReady = Math.max(this.#lastReady, this.network.schedule.now + wait)
    this.#arm(this.network.schedule.now + wait)
  }

  /** Latency, jitter and the time that lost packets cost, keyed by (direction, number). */
  #delay(): number {
    const { seed } = this.network
    const number = this.#number++
    let delay = this.network.latency(this.from.process, this.to.process, mix(this.key, number))
    for (let retry = 0; retry < MAX_RETRANSMITS; retry++) {
      if (unit(seed, this.key, number, 100 + retry) >= this.network.lossNow()) break
      delay += RETRANSMIT_MS * 2 ** retry
    }
    return delay
  }

  #arm(earliest: number): void {
    const [head] = this.#queue
    if (this.#armed || this.#stalled || head === undefined) return
    this.#armed = true
    const time = Math.max(head.ready, Math.min(earliest, head.ready))
    this.to.process.at(time, nameOf(head.item), () => this.#arrive(), checksum(head.item))
  }

  #arrive(): void {
    this.#armed = false
    if (this.network.severed(this.from.process, this.to.process)) {
      this.#stalled = true
      this.network.stall(this)
      return
    }
    const head = this.#queue.shift()
    if (head === undefined) return
    this.outstanding -= head.size
    this.delivered++
    if (head.item.kind === 'chunk') this.from.chunksQueued--
    this.#arm(this.network.schedule.now)
    this.to.arrive(head.item)
    this.from.drained()
  }
}

function sizeOf(item: Item): number {
  if (item.kind === 'end') return 1
  return FRAME_OVERHEAD + (item.kind === 'chunk' ? item.size : item.bytes.length)
}

/** One line for the trace: hashes by their first digits, bytes by their count. */
function describe(message: Message): string {
  const brief = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return String(value)
    if (value instanceof Uint8Array) return `${value.length} bytes`
    return typeof value === 'string' && value.length === 64 ? value.slice(0, 8) : value
  }
  return JSON.stringify(message, brief).slice(0, MAX_DESCRIPTION)
}

const nameOf = (item: Item): string => (item.kind === 'frame' ? item.type : item.kind)

function checksum(item: Item): number {
  if (item.kind === 'frame') return crc32(item.bytes)
  return item.kind === 'chunk' ? mix(item.request, crc32(item.content)) : 0
}
