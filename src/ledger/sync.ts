/**
 * Keeps our chain the heaviest that any linked peer can show: follows claims of more work (hello, announcements), one at a
 * time, headers first, then blocks. Invariant: an unproven claim costs memory only; a peer whose claim fails is cut off.
 */
import type { LedgerMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { Claim, Mesh } from '../mesh.js'
import { Asked } from './asked.js'
import type { Adoption, Chain } from './chain.js'
import { Download, type DownloadOutcome } from './download.js'
import { decodeHeader, headerHash } from './header.js'
import { HeaderSearch, type SearchResult } from './header-search.js'
import { decodeWork, type Node } from './node.js'
import type { SignedRecord } from './record.js'
import type { Verifier } from './verifier.js'

type Announce = Extract<LedgerMessage, { readonly type: 'announce' }>

/** Announcements dated too far ahead that are kept for a peer. */
const MAX_HELD = 16
/** A peer that could not help is asked again after this. */
const REST_MS = 5000
/** Blocks asked of a peer over all downloads and not answered. */
const MAX_EXPECTED = 1024

interface Neighbour {
  claim: Claim | null
  /** env.now() before which it is not asked again. */
  restsUntilMs: number
  /** At most MAX_HELD. */
  readonly held: Announce[]
  /** At most MAX_EXPECTED: a late answer is no offence, an unasked one is. */
  readonly expected: Asked
  /** Questions for headers that are not answered. */
  headersDue: number
}

export interface SyncHooks {
  readonly adopt: (last: Node, fresh: ReadonlyMap<Hash, readonly SignedRecord[]>) => Adoption
  /** Began, went on or ended. */
  readonly changed: () => void
  /** A peer announced another tip of the same work: it may have records that we lack, and we some that it lacks. */
  readonly tied: (peer: PeerId) => void
}

export class Sync {
  readonly #env: Pick<Env, 'now' | 'wallTime' | 'after'>
  readonly #mesh: Pick<Mesh, 'send' | 'blame' | 'claim'>
  readonly #chain: Chain
  readonly #verifier: Verifier
  readonly #hooks: SyncHooks
  /** Linked peers. */
  readonly #neighbours = new Map<PeerId, Neighbour>()
  #search: HeaderSearch | null = null
  #download: Download | null = null
  #cancelRetry: Cancel | null = null

  constructor(
    env: Pick<Env, 'now' | 'wallTime' | 'after'>,
    mesh: Pick<Mesh, 'send' | 'blame' | 'claim'>,
    chain: Chain,
    verifier: Verifier,
    hooks: SyncHooks,
  ) {
    this.#env = env
    this.#mesh = mesh
    this.#chain = chain
    this.#verifier = verifier
    this.#hooks = hooks
  }

  /** Heights reached and aimed at; null when in step with all peers. */
  view(): { readonly done: number; readonly total: number } | null {
    const total = this.#download?.height ?? this.#search?.claim.height
    if (total === undefined) return null
    return { done: Math.min(this.#chain.tip.height, total), total }
  }

  linkUp(peer: PeerId): void {
    // a replaced link: answers to what was asked over the old one may still come
    const { expected, headersDue } = this.#neighbours.get(peer) ?? { expected: new Asked(), headersDue: 0 }
    this.linkDown(peer)
    const claim = this.#mesh.claim(peer) ?? null
    this.#neighbours.set(peer, { claim, restsUntilMs: 0, held: [], expected, headersDue })
    this.#consider()
  }

  linkDown(peer: PeerId): void {
    this.#neighbours.delete(peer)
    this.#download?.linkDown(peer)
    if (this.#search?.peer !== peer) return
    this.#search.cancel()
    this.#search = null
    this.#consider()
    this.#hooks.changed()
  }

  announced(from: PeerId, message: Announce): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour === undefined) return
    const hash = headerHash(message.header)
    const claim = { tip: hash, height: message.height, work: decodeWork(message.work) }
    const { previous } = decodeHeader(message.header)
    const parent = this.#chain.node(previous) ?? this.#download?.node(previous)
    if (parent === undefined) {
      // we lack what is below: its headers will prove the claim, or not
      raise(neighbour, claim)
      this.#meet(from, claim)
      this.#consider()
      return
    }
    const known = this.#chain.node(hash) ?? this.#download?.node(hash)
    const checked = known ? { kind: 'ok' as const, node: known } : this.#check(message.header, parent)
    if (checked.kind === 'bad') {
      this.#mesh.blame(from, 'protocol', `announced a header: ${checked.reason}`)
      return
    }
    if (checked.kind === 'early') {
      this.#hold(neighbour, message)
      return
    }
    if (checked.node.work !== claim.work || checked.node.height !== claim.height) {
      this.#mesh.blame(from, 'protocol', 'announced another work or height than its header has')
      return
    }
    raise(neighbour, claim)
    this.#meet(from, claim)
    if (known !== undefined || checked.node.work <= this.#chain.tip.work) return
    if (this.#download === null && this.#search === null) this.#fetch(from, [checked.node])
    else this.#download?.extend(checked.node)
  }

  headers(from: PeerId, headers: readonly Uint8Array[]): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour === undefined) return
    if (neighbour.headersDue === 0) {
      this.#mesh.blame(from, 'protocol', 'unsolicited headers')
      return
    }
    neighbour.headersDue--
    if (this.#search?.peer === from) this.#search.receive(headers)
  }

  block(from: PeerId, block: Hash, records: readonly Uint8Array[]): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour === undefined) return
    if (!neighbour.expected.answered(block)) {
      this.#mesh.blame(from, 'protocol', 'unsolicited block')
      return
    }
    this.#download?.receive(from, block, records)
  }

  noBlock(from: PeerId, block: Hash): void {
    const neighbour = this.#neighbours.get(from)
    if (neighbour === undefined) return
    if (!neighbour.expected.answered(block)) {
      this.#mesh.blame(from, 'protocol', 'unsolicited answer')
      return
    }
    this.#download?.lacks(from, block)
  }

  #meet(peer: PeerId, { tip, work }: Claim): void {
    if (work === this.#chain.tip.work && tip !== this.#chain.tip.hash) this.#hooks.tied(peer)
  }

  #check(header: Uint8Array, parent: Node) {
    return this.#chain.check(header, parent, this.#env.wallTime())
  }

  /** Too new is not wrong: our clock may be slow, or time passes. */
  #hold(neighbour: Neighbour, message: Announce): void {
    neighbour.held.push(message)
    if (neighbour.held.length > MAX_HELD) neighbour.held.shift()
    this.#retryLater()
  }

  /** Follows the heaviest claim above our work, unless something is followed already. */
  #consider(): void {
    if (this.#search !== null || this.#download !== null) return
    const now = this.#env.now()
    let best: { readonly peer: PeerId; readonly claim: Claim; readonly neighbour: Neighbour } | null = null
    let resting = false
    for (const [peer, neighbour] of this.#neighbours) {
      const { claim } = neighbour
      if (claim === null || claim.work <= this.#chain.tip.work) continue
      if (neighbour.restsUntilMs > now) resting = true
      else if (best === null || claim.work > best.claim.work) best = { peer, claim, neighbour }
    }
    if (best === null) {
      if (resting) this.#retryLater()
      return
    }
    const { peer, claim, neighbour } = best
    const mesh: Pick<Mesh, 'send'> = {
      send: (to, message) => {
        neighbour.headersDue++
        return this.#mesh.send(to, message)
      },
    }
    const search: HeaderSearch = new HeaderSearch(this.#env, mesh, this.#chain, { peer, claim }, (result) => {
      if (this.#search === search) this.#searched(search, result)
    })
    this.#search = search
    this.#hooks.changed()
  }

  #searched(search: HeaderSearch, result: SearchResult): void {
    search.cancel()
    this.#search = null
    if (result.kind === 'heavier') {
      this.#fetch(search.peer, result.branch)
      return
    }
    this.#rest(search.peer)
    if (result.kind === 'broken') this.#mesh.blame(search.peer, result.code, result.reason)
    this.#consider()
    this.#hooks.changed()
  }

  #fetch(origin: PeerId, branch: readonly Node[]): void {
    const download: Download = new Download(
      this.#env,
      this.#chain,
      this.#verifier,
      { origin, branch },
      {
        sources: (work) => this.#claiming(work),
        ask: (peer, blocks) => this.#ask(peer, blocks),
        adopt: this.#hooks.adopt,
        wrong: (peer, reason) => this.#mesh.blame(peer, 'protocol', reason),
        finished: (outcome) => this.#fetched(download, outcome),
      },
    )
    this.#download = download
    this.#hooks.changed()
  }

  #fetched(download: Download, outcome: DownloadOutcome): void {
    if (this.#download !== download) return
    this.#download = null
    this.#chain.unstage()
    if (outcome.kind !== 'done') this.#rest(download.origin)
    if (outcome.kind === 'stuck') {
      for (const peer of outcome.silent) this.#mesh.blame(peer, 'slow', 'claimed blocks and did not send them')
    } else if (outcome.kind === 'invalid') {
      this.#chain.refuse(outcome.node.hash)
      this.#mesh.blame(download.origin, 'protocol', `its block ${outcome.node.height} is invalid`)
    }
    this.#consider()
    this.#hooks.changed()
  }

  *#claiming(work: bigint): Generator<PeerId> {
    for (const [peer, { claim }] of this.#neighbours) {
      if (claim !== null && claim.work >= work) yield peer
    }
  }

  #ask(peer: PeerId, blocks: readonly Hash[]): void {
    const expected = this.#neighbours.get(peer)?.expected
    if (expected === undefined) return
    for (const block of blocks) expected.add(block)
    if (expected.size > MAX_EXPECTED) {
      this.#mesh.blame(peer, 'slow', 'never answered for blocks')
      return
    }
    this.#mesh.send(peer, { type: 'getBlocks', blocks })
  }

  #rest(peer: PeerId): void {
    const neighbour = this.#neighbours.get(peer)
    if (neighbour !== undefined) neighbour.restsUntilMs = this.#env.now() + REST_MS
  }

  /** Looks again at what was held or rests. */
  #retryLater(): void {
    this.#cancelRetry ??= this.#env.after(REST_MS, () => {
      this.#cancelRetry = null
      for (const [peer, { held }] of this.#neighbours) {
        for (const message of held.splice(0)) this.announced(peer, message)
      }
      this.#consider()
    })
  }
}

/** An honest peer's work never shrinks, so a lower claim takes nothing back of a higher one. */
function raise(neighbour: Neighbour, claim: Claim): void {
  if (neighbour.claim === null || claim.work > neighbour.claim.work) neighbour.claim = claim
}
