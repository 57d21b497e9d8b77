import type { ChunkFetch, Link, LinkHandler } from '../../src/env.js'
import { decodeMessage, encodeMessage, LENGTH_BYTES } from '../../wire/codec.js'
import type { Message } from '../../wire/messages.js'
import type { Address, PeerId } from '../../wire/types.js'

import type { TestPeer } from './peer.js'
/** One end of a data link. */
export class TestLink implements Link {
  static last = 0
  readonly serial = ++TestLink.last
  readonly remote = 'test:1' as Address
  readonly local = 'test:2' as Address
  readonly publicKey = new Uint8Array(32)
  bytesSent = 0
  bytesReceived = 0
  closed = false
  other: TestLink | null = null
  handler: LinkHandler | null = null
  readonly fetches = new Map<number, { fetch: ChunkFetch; over: boolean }>()
  nextRequest = 0

  constructor(
    readonly owner: TestPeer,
    readonly peer: PeerId,
    readonly dialed: boolean,
  ) {}

  send(message: Message): 'sent' {
    const { other } = this
    if (this.closed || other === null) return 'sent'
    const copy = decodeMessage(encodeMessage(message).subarray(LENGTH_BYTES))
    this.owner.later(2, () => {
      if (other.closed || !other.owner.up) return
      if (copy.type === 'chunkRefused') other.settle(copy.request, 'refused')
      else other.handler?.message(other, copy)
    })
    return 'sent'
  }

  settle(request: number, outcome: 'ok' | 'bad' | 'lost' | 'refused' | 'timeout'): void {
    const open = this.fetches.get(request)
    this.fetches.delete(request)
    if (open !== undefined && !open.over) open.fetch.done(outcome)
  }

  promote(): void {}

  close(): void {
    this.break()
    this.other?.break()
  }

  break(): void {
    if (this.closed) return
    this.closed = true
    this.owner.later(1, () => {
      for (const request of [...this.fetches.keys()]) this.settle(request, 'lost')
      this.handler?.closed(this, 'normal', '', 'them')
    })
  }
}
