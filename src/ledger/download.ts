/**
 * Fetches the blocks of one proven heavier branch from all peers that claim to have it. Invariants: at most 16 blocks are
 * asked of a peer and 64 of all, none more than WINDOW ahead; a body is stored only after root and signatures were
 * checked; the branch is adopted as soon as its finished part outweighs our chain.
 */
import type { Hash, PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import { decodeBody } from './block.js'
import type { Adoption, Chain } from './chain.js'
import { MAX_BRANCH } from './header-search.js'
import type { Node } from './node.js'
import type { SignedRecord } from './record.js'
import type { Verifier } from './verifier.js'

const WINDOW = 256
const PER_PEER = 16
const IN_FLIGHT = 64
/** Without a block for this long a peer's questions go to others; twice as long after each such strike, */
const STALL_MS = 2000
const TICK_MS = 500
/** for a quarter of the blocks at once; after this many in a row it is no longer asked. */
const MAX_STRIKES = 3

export interface DownloadHooks {
  /** Linked peers that claim at least this work. */
  readonly sources: (work: bigint) => Iterable<PeerId>
  readonly ask: (peer: PeerId, blocks: readonly Hash[]) => void
  readonly adopt: (last: Node, fresh: ReadonlyMap<Hash, readonly SignedRecord[]>) => Adoption
  /** These are not the block's records: the sender's fault. */
  readonly wrong: (peer: PeerId, reason: string) => void
  readonly finished: (outcome: DownloadOutcome) => void
}

/** 'stuck': nobody has what is missing; `silent` peers claimed it and sent nothing. */
export type DownloadOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'stuck'; readonly silent: readonly PeerId[] }
  | { readonly kind: 'invalid'; readonly node: Node }

interface Lane {
  readonly asked: Set<Hash>
  progressMs: number
  strikes: number
  lacks: boolean
}

export class Download {
  /** Who claimed the branch. */
  readonly origin: PeerId
  readonly #env: Pick<Env, 'now' | 'after'>
  readonly #chain: Chain
  readonly #verifier: Verifier
  readonly #hooks: DownloadHooks
  readonly #branch: Node[]
  readonly #indexes = new Map<Hash, number>()
  /** By index, inside the window; no entry: still to be asked for. */
  readonly #phases = new Map<number, 'asked' | 'checking' | 'have'>()
  readonly #lanes = new Map<PeerId, Lane>()
  /** All before it are adopted or staged. */
  #next = 0
  #over = false
  #cancelTick: Cancel = () => {}

  constructor(
    env: Pick<Env, 'now' | 'after'>,
    chain: Chain,
    verifier: Verifier,
    goal: { readonly origin: PeerId; readonly branch: readonly Node[] },
    hooks: DownloadHooks,
  ) {
    this.#env = env
    this.#chain = chain
    this.#verifier = verifier
    this.#hooks = hooks
    this.origin = goal.origin
    this.#branch = [...goal.branch]
    for (const [index, node] of this.#branch.entries()) this.#indexes.set(node.hash, index)
    this.#fill()
    this.#cancelTick = env.after(TICK_MS, () => this.#tick())
  }

  /** Height of the branch's end. */
  get height(): number {
    return this.#branch.at(-1)?.height ?? 0
  }

  /** A node of the branch, as a parent for announced headers. */
  node(hash: Hash): Node | undefined {
    const index = this.#indexes.get(hash)
    return index === undefined ? undefined : this.#branch[index]
  }

  /** Lengthens the branch; false if the node does not stand on its end. */
  extend(node: Node): boolean {
    if (node.parent !== this.#branch.at(-1) || this.#branch.length >= MAX_BRANCH) return false
    this.#indexes.set(node.hash, this.#branch.length)
    this.#branch.push(node)
    this.#fill()
    return true
  }

  linkDown(peer: PeerId): void {
    const lane = this.#lanes.get(peer)
    if (lane === undefined) return
    this.#release(lane)
    this.#lanes.delete(peer)
    this.#fill()
  }

  lacks(peer: PeerId, block: Hash): void {
    const lane = this.#lanes.get(peer)
    if (lane === undefined || !this.#indexes.has(block)) return
    lane.lacks = true
    this.#release(lane)
    this.#fill()
  }

  receive(peer: PeerId, block: Hash, encoded: readonly Uint8Array[]): void {
    const index = this.#indexes.get(block)
    const node = index === undefined ? undefined : this.#branch[index]
    const lane = this.#lanes.get(peer)
    if (index === undefined || node === undefined || lane === undefined) return
    lane.asked.delete(block)
    lane.progressMs = this.#env.now()
    lane.strikes = 0
    const phase = this.#phases.get(index)
    if (index < this.#next || phase === 'checking' || phase === 'have') {
      this.#fill()
      return
    }
    const body = decodeBody(node.header.root, encoded)
    if (body.kind === 'invalid') {
      this.#end({ kind: 'invalid', node })
      return
    }
    if (body.kind === 'wrong') {
      this.#phases.delete(index)
      lane.lacks = true
      this.#hooks.wrong(peer, body.reason)
      this.#fill()
      return
    }
    this.#phases.set(index, 'checking')
    this.#verifier.verify(body.records, (bad) => {
      if (this.#over) return
      if (bad.length > 0) this.#end({ kind: 'invalid', node })
      else this.#checked(index, node, body.records)
    })
    this.#fill()
  }

  cancel(): void {
    this.#over = true
    this.#cancelTick()
  }

  #checked(index: number, node: Node, records: readonly SignedRecord[]): void {
    this.#phases.set(index, 'have')
    if (index > this.#next) {
      this.#chain.stage(node, records)
      this.#fill()
      return
    }
    let last = node
    while (this.#phases.get(this.#next) === 'have') {
      last = this.#branch[this.#next] ?? last
      this.#phases.delete(this.#next++)
    }
    const adoption = this.#hooks.adopt(last, new Map([[node.hash, records]]))
    // adopting may have ended this download
    if (this.#over) return
    if (adoption.kind === 'invalid') {
      this.#end({ kind: 'invalid', node: adoption.node })
      return
    }
    if (adoption.kind === 'lighter') this.#chain.stage(node, records)
    if (this.#next === this.#branch.length) {
      this.#end({ kind: 'done' })
      return
    }
    this.#fill()
  }

  /** Asks for what is missing, the earliest first, from whoever is least busy. */
  #fill(): void {
    if (this.#over) return
    const batches = new Map<PeerId, Hash[]>()
    let room = IN_FLIGHT - [...this.#lanes.values()].reduce((sum, lane) => sum + lane.asked.size, 0)
    const end = Math.min(this.#next + WINDOW, this.#branch.length)
    for (let index = this.#next; index < end && room > 0; index++) {
      const node = this.#branch[index]
      if (node === undefined || this.#phases.has(index)) continue
      const peer = this.#leastBusy()
      if (peer === null) break
      this.#phases.set(index, 'asked')
      peer.lane.asked.add(node.hash)
      batches.set(peer.id, [...(batches.get(peer.id) ?? []), node.hash])
      room--
    }
    for (const [peer, blocks] of batches) this.#hooks.ask(peer, blocks)
  }

  #leastBusy(): { readonly id: PeerId; readonly lane: Lane } | null {
    let best: { readonly id: PeerId; readonly lane: Lane } | null = null
    for (const id of this.#hooks.sources(this.#branch[this.#next]?.work ?? 0n)) {
      const lane = this.#lanes.get(id) ?? { asked: new Set(), progressMs: 0, strikes: 0, lacks: false }
      if (!this.#lanes.has(id)) this.#lanes.set(id, lane)
      if (lane.lacks || lane.strikes >= MAX_STRIKES) continue
      if (lane.asked.size >= PER_PEER >> (2 * lane.strikes)) continue
      if (best === null || lane.asked.size < best.lane.asked.size) best = { id, lane }
    }
    if (best !== null && best.lane.asked.size === 0) best.lane.progressMs = this.#env.now()
    return best
  }

  #tick(): void {
    const now = this.#env.now()
    for (const lane of this.#lanes.values()) {
      if (lane.asked.size === 0 || now - lane.progressMs < STALL_MS * 2 ** lane.strikes) continue
      lane.strikes++
      this.#release(lane)
    }
    this.#fill()
    if (this.#over) return
    const waiting = [...this.#phases.values()].some((phase) => phase !== 'have')
    if (!waiting) {
      const struck = [...this.#lanes].filter(([, lane]) => lane.strikes >= MAX_STRIKES)
      this.#end({ kind: 'stuck', silent: struck.map(([peer]) => peer) })
      return
    }
    this.#cancelTick = this.#env.after(TICK_MS, () => this.#tick())
  }

  /** Takes back what was asked of a peer, so that others can be asked. */
  #release(lane: Lane): void {
    for (const block of lane.asked) {
      const index = this.#indexes.get(block)
      if (index !== undefined && this.#phases.get(index) === 'asked') this.#phases.delete(index)
    }
    lane.asked.clear()
  }

  #end(outcome: DownloadOutcome): void {
    this.cancel()
    this.#hooks.finished(outcome)
  }
}
