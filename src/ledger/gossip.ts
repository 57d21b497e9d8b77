/**
 * What this peer tells the others of its own accord and on demand: new tips, record ids, headers, blocks, records of
 * recent blocks. Invariant: nobody is told of a tip that would not survive a crash.
 */
import { MAX_HEADERS } from '../../wire/messages/ledger.js'
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import type { Chain } from './chain.js'
import { encodeHeader } from './header.js'
import { encodeWork, type Node } from './node.js'
import { Outbox } from './outbox.js'
import type { SignedRecord } from './record.js'

/** Ids that wait to be announced together. */
const INVENTORY_MS = 20
/** Blocks whose records are offered to a peer on another branch of the same work. */
const TIE_BLOCKS = 16

export class Gossip {
  readonly #env: Pick<Env, 'after'>
  readonly #mesh: Pick<Mesh, 'send'>
  readonly #chain: Chain
  /** Linked peers. */
  readonly #outboxes = new Map<PeerId, Outbox>()
  #flushing = false

  constructor(env: Pick<Env, 'after'>, mesh: Pick<Mesh, 'send'>, chain: Chain) {
    this.#env = env
    this.#mesh = mesh
    this.#chain = chain
  }

  /** Begins with our tip and what is pending. */
  linkUp(peer: PeerId, pending: Iterable<Hash>): void {
    const outbox = new Outbox({
      tip: () => this.#announcement(),
      headers: (locator) => ({ type: 'headers', headers: this.#chain.headersAfter(locator, MAX_HEADERS) }),
      block: (block) => {
        const records = this.#chain.body(block)
        return records === undefined ? { type: 'noBlock', block } : { type: 'block', block, records }
      },
      send: (message) => this.#mesh.send(peer, message),
    })
    this.#outboxes.set(peer, outbox)
    for (const id of pending) outbox.addId(id)
    outbox.announceTip()
  }

  linkDown(peer: PeerId): void {
    this.#outboxes.delete(peer)
  }

  drained(peer: PeerId): void {
    this.#outboxes.get(peer)?.drained()
  }

  announceTip(): void {
    for (const outbox of this.#outboxes.values()) outbox.announceTip()
  }

  /** Ids of one moment go out in one message. */
  announceRecord(id: Hash, except: PeerId | null): void {
    for (const [peer, outbox] of this.#outboxes) if (peer !== except) outbox.addId(id)
    if (this.#flushing) return
    this.#flushing = true
    this.#env.after(INVENTORY_MS, () => {
      this.#flushing = false
      for (const outbox of this.#outboxes.values()) outbox.flushIds()
    })
  }

  serveHeaders(peer: PeerId, locator: readonly Hash[]): void {
    this.#outboxes.get(peer)?.serveHeaders(locator)
  }

  /** False when the peer asks for more than it may. */
  serveBlocks(peer: PeerId, blocks: readonly Hash[]): boolean {
    return this.#outboxes.get(peer)?.serveBlocks(blocks) ?? true
  }

  /**
   * Two branches of equal work are a tie that the next block decides, and blocks come on demand only. So each side tells
   * the other what stands in its branch: whoever lacks a record mines it, and the tie ends.
   */
  offerRecent(peer: PeerId): void {
    const outbox = this.#outboxes.get(peer)
    if (outbox === undefined) return
    for (const node of this.#recent()) for (const { id } of this.#chain.records(node)) outbox.addId(id)
    outbox.flushIds()
  }

  /** Those of our newest blocks, by id: each block is decoded once, whatever a peer asks for. */
  recentRecords(ids: readonly Hash[]): ReadonlyMap<Hash, SignedRecord> {
    const blocks = new Set(ids.map((id) => this.#chain.state.place(id)?.block))
    const found = new Map<Hash, SignedRecord>()
    for (const node of this.#recent()) {
      if (blocks.has(node.hash)) for (const signed of this.#chain.records(node)) found.set(signed.id, signed)
    }
    return found
  }

  *#recent(): Generator<Node> {
    let node: Node | null = this.#chain.tip
    for (let count = 0; count < TIE_BLOCKS && node !== null; count++, node = node.parent) yield node
  }

  #announcement(): LedgerMessage | null {
    const { header, height, work } = this.#chain.durableTip
    return height === 0 ? null : { type: 'announce', header: encodeHeader(header), height, work: encodeWork(work) }
  }
}
