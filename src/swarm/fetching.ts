/**
 * Asks all sources of one download at once, one chunk from one source, and deals with what comes of it: verified, wrong
 * (the source is banned), refused, late, lost. Requests go round the sources in turn under a share of the global budget,
 * and while some source is still being connected nobody gets a long queue: no source takes all.
 * Invariant: every chunk is verified, waiting in the picker, or outstanding at one source (at two in the end game).
 */
import type { PeerId } from '../../wire/types.js'
import type { Bitmap, ChunkOutcome, Env } from '../env.js'
import { clearBit, emptyBitmap, hasBit, setBit } from './bitmap.js'
import type { Budget } from './budget.js'
import type { DataLinks } from './data-links.js'
import { chunkBytes, type Manifest } from './manifest.js'
import { Picker } from './picker.js'
import { Rate } from './rate.js'
import { type Fetch, Source } from './source.js'

/** How often to call `tick`. */
export const TICK_MS = 500
/** Sync after so many bytes, however soon that is: then a crash loses little. */
export const SYNC_BYTES = 64 * 1024 * 1024
const SEEK_HUNGRY_MS = 1_000
const SEEK_MS = 10_000
const STALLED_MS = 5_000
const MAX_SOURCES = 16
const PATIENCE_MS = 500
const OPENING_DEPTH = 2
const MAX_REFUSALS = 3
const END_GAME_MS = 1_000

export interface FetchingParts {
  readonly env: Env
  readonly budget: Budget
  readonly links: DataLinks
  /** Peers that sent a wrong chunk lately. */
  banned(peer: PeerId): boolean
  /** What came of asking that peer. */
  answered(peer: PeerId, outcome: ChunkOutcome): void
}

export interface FetchingHooks {
  /** Look for holders of what is missing. */
  seek(): void
  verified(index: number, bytes: number, from: PeerId): void
  /** The peer sent a chunk with a wrong hash. */
  cheated(peer: PeerId): void
  /** The peer claimed chunks that it does not deliver. */
  lied(peer: PeerId): void
}

export class Fetching {
  readonly rate: Rate
  readonly #parts: FetchingParts
  readonly #hooks: FetchingHooks
  readonly #manifest: Manifest
  readonly #picker: Picker
  readonly #verified: Bitmap
  readonly #sources = new Map<PeerId, Source>() // at most MAX_SOURCES
  readonly #duplicated = new Set<number>() // chunks in the end game, at most one per source
  readonly #startedAt: number
  readonly #loose: boolean
  readonly #goOn = () => this.pump()
  #turn = 0
  #soughtAt = Number.NEGATIVE_INFINITY
  #running = true

  /** `loose`: the chunks are kept one by one. */
  constructor(parts: FetchingParts, manifest: Manifest, have: Bitmap, hooks: FetchingHooks, loose = false) {
    this.#loose = loose
    this.#parts = parts
    this.#hooks = hooks
    this.#manifest = manifest
    this.#verified = have
    this.#picker = new Picker(manifest.chunkCount, have, () => parts.env.random())
    this.rate = new Rate(parts.env)
    this.#startedAt = parts.env.now()
    parts.budget.join()
  }

  /** Peers that deliver or could. */
  get peers(): number {
    return [...this.#sources.values()].filter((source) => source.state === 'open').length
  }

  /** Nothing has come for long. */
  get isStalled(): boolean {
    return this.rate.silentMs > STALLED_MS
  }

  /** Why nothing comes, in the user's words. */
  get reason(): string {
    const sources = [...this.#sources.values()]
    const resting = sources.find((source) => source.state === 'resting')
    if (sources.length === 0) return 'nobody who is online holds the missing chunks'
    if (sources.some((source) => source.state === 'opening')) return 'connecting to the holders'
    return resting === undefined ? 'the holders online lack the missing chunks' : resting.reason
  }

  /** Those that are asked, in the order in which they were found. */
  sources(): Iterable<Source> {
    return this.#sources.values()
  }

  /** A peer claims chunks (null: all). */
  offer(peer: PeerId, chunks: Bitmap | null): void {
    if (!this.#running || this.#parts.banned(peer)) return
    const known = this.#sources.get(peer)
    if (known !== undefined) this.#claims(known, unite(known.chunks, chunks))
    else if (this.#sources.size < MAX_SOURCES || this.#makeRoom(chunks)) this.#add(peer, chunks)
    this.pump()
  }

  /** The peer left or holds nothing any more. */
  withdraw(peer: PeerId): void {
    const source = this.#sources.get(peer)
    if (source === undefined) return
    this.#sources.delete(peer)
    this.#claims(source, emptyBitmap(this.#manifest.chunkCount))
    this.#abandon(source)
    source.release()
    this.pump()
  }

  /** Gives every source what it may have, one chunk each round. */
  pump(): void {
    if (!this.#running) return
    const open = [...this.#sources.values()].filter((source) => source.state === 'open')
    const turn = open.length === 0 ? 0 : this.#turn++ % open.length
    const order = [...open.slice(turn), ...open.slice(0, turn)]
    for (let asked = true; asked; ) {
      asked = false
      for (const source of order) asked = (this.#hasRoom(source, open.length) && this.#askNext(source)) || asked
    }
  }

  /** Wakes rested sources, plays the end game, and looks for more holders now and then. */
  tick(): void {
    const now = this.#parts.env.now()
    for (const source of this.#sources.values()) {
      if (source.state === 'resting' && source.restUntil <= now) this.#open(source)
      if (source.link?.closed && source.outstanding.size === 0) source.rest('the connection was lost')
    }
    this.pump()
    if (this.#picker.waiting === 0) this.#endGame(now)
    if (now - this.#soughtAt < (this.#isHungry ? SEEK_HUNGRY_MS : SEEK_MS)) return
    this.#soughtAt = now
    this.#hooks.seek()
  }

  stop(): void {
    this.#running = false
    for (const source of this.#sources.values()) {
      this.#abandon(source)
      source.release()
    }
    this.#sources.clear()
    this.#parts.budget.leave(this.#goOn)
  }

  get #isHungry(): boolean {
    return this.#sources.size < 4 || this.peers < this.#sources.size || this.rate.silentMs > PATIENCE_MS
  }

  #add(peer: PeerId, chunks: Bitmap | null): void {
    const source = new Source(this.#parts.env, peer, chunks)
    if (chunks !== null) this.#picker.rarity.add(chunks)
    this.#sources.set(peer, source)
    this.#open(source)
  }

  #claims(source: Source, chunks: Bitmap | null): void {
    if (source.chunks !== null) this.#picker.rarity.remove(source.chunks)
    source.chunks = chunks === null ? null : chunks.slice()
    if (chunks !== null) this.#picker.rarity.add(chunks)
  }

  /** Makes room for a new source at the cost of one that does nothing. */
  #makeRoom(chunks: Bitmap | null): boolean {
    for (const source of this.#sources.values()) {
      if (source.state !== 'resting' && !(this.#isSpent(source) && this.#picker.offers(chunks))) continue
      this.withdraw(source.peer)
      return true
    }
    return false
  }

  /** Where many hold a part each, those that gave theirs make way. */
  #isSpent({ state, outstanding, chunks }: Source): boolean {
    return state === 'open' && outstanding.size === 0 && !this.#picker.offers(chunks)
  }

  #open(source: Source): void {
    source.state = 'opening'
    source.release = this.#parts.links.use(source.peer, (link, reason) => {
      if (this.#sources.get(source.peer) !== source || source.state !== 'opening') return
      if (link === null) return source.rest(`no connection to a holder: ${reason}`)
      source.opened(link)
      this.pump()
    })
  }

  #hasRoom(source: Source, openCount: number): boolean {
    if (source.state !== 'open') return false
    const { chunkSize } = this.#manifest.layout
    const share = this.#parts.budget.shareOf(openCount, chunkSize)
    const tail = Math.max(1, Math.ceil(this.#picker.waiting / openCount))
    const calm = this.#connecting() ? OPENING_DEPTH : share
    return source.outstanding.size < Math.min(source.depth(chunkSize), share, tail, calm)
  }

  #connecting(): boolean {
    const now = this.#parts.env.now()
    if (now - this.#startedAt > 4 * PATIENCE_MS) return false
    return [...this.#sources.values()].some((source) => source.state === 'opening' && now - source.since < PATIENCE_MS)
  }

  #askNext(source: Source): boolean {
    if (!this.#picker.offers(source.chunks)) return false
    if (!this.#parts.budget.take(this.#manifest.layout.chunkSize)) {
      this.#parts.budget.wait(this.#goOn)
      return false
    }
    this.#ask(source, this.#picker.take(source.chunks))
    return true
  }

  #ask(source: Source, index: number): void {
    const { env } = this.#parts
    const { id, layout } = this.#manifest
    if (source.link === null) return
    const fetch: Fetch = { index, bytes: chunkBytes(layout, index), since: env.now(), cancel: () => {} }
    source.outstanding.set(index, fetch)
    fetch.cancel = env.chunks.fetch(source.link, {
      blob: id,
      index,
      loose: this.#loose,
      stallMs: source.stallMs(layout.chunkSize),
      progress: (bytes) => {
        source.rate.add(bytes)
        this.rate.add(bytes)
      },
      done: (outcome) => {
        if (!this.#forget(source, fetch)) return
        this.#parts.answered(source.peer, outcome)
        this.#outcome(source, fetch, outcome)
        this.#giveBack(1)
        this.pump()
      },
    })
  }

  /** True the first time: after a cancel nothing counts any more. */
  #forget(source: Source, fetch: Fetch): boolean {
    if (source.outstanding.get(fetch.index) !== fetch) return false
    return source.outstanding.delete(fetch.index)
  }

  /** Only once everything is in order again: others go on at once. */
  #giveBack(chunks: number): void {
    for (let i = 0; i < chunks; i++) this.#parts.budget.give(this.#manifest.layout.chunkSize)
  }

  #outcome(source: Source, fetch: Fetch, outcome: ChunkOutcome): void {
    if (outcome === 'ok') {
      this.#deliver(source, fetch)
      return
    }
    this.#missed(fetch)
    this.#failed(source, fetch.index, outcome)
  }

  /** Somebody else is to be asked, unless somebody was. */
  #missed({ index }: Fetch): void {
    this.#duplicated.delete(index)
    const asked = [...this.#sources.values()].some((source) => source.outstanding.has(index))
    if (!asked && !hasBit(this.#verified, index)) this.#picker.putBack(index)
  }

  #deliver(source: Source, fetch: Fetch): void {
    source.delivered()
    for (const other of this.#sources.values()) {
      const twin = other.outstanding.get(fetch.index)
      if (twin === undefined || !this.#forget(other, twin)) continue
      twin.cancel()
      this.#giveBack(1)
    }
    this.#duplicated.delete(fetch.index)
    if (hasBit(this.#verified, fetch.index)) return
    setBit(this.#verified, fetch.index)
    this.#hooks.verified(fetch.index, fetch.bytes, source.peer)
  }

  #failed(source: Source, index: number, outcome: Exclude<ChunkOutcome, 'ok'>): void {
    if (this.#sources.get(source.peer) !== source) return
    switch (outcome) {
      case 'bad':
        this.withdraw(source.peer)
        this.#hooks.cheated(source.peer)
        return
      case 'refused':
        this.#refused(source, index)
        return
      case 'timeout':
        source.rest('a holder sent nothing for too long')
        this.#abandon(source)
        this.#parts.links.discard(source.peer, 'no chunk came in time')
        return
      case 'lost':
        if (source.state === 'open') source.rest('the connection to a holder was lost')
        this.#abandon(source)
        return
    }
  }

  #refused(source: Source, index: number): void {
    const { chunkCount } = this.#manifest
    if (source.chunks === null) this.#claims(source, complement(this.#verified, chunkCount))
    if (source.chunks !== null && hasBit(source.chunks, index)) {
      clearBit(source.chunks, index)
      this.#picker.rarity.lower(index)
    }
    if (++source.refusals < MAX_REFUSALS) return
    this.withdraw(source.peer)
    this.#hooks.lied(source.peer)
  }

  /** Takes back all that a source was asked for. */
  #abandon(source: Source): void {
    const fetches = [...source.outstanding.values()]
    source.outstanding.clear()
    for (const fetch of fetches) {
      fetch.cancel()
      this.#missed(fetch)
    }
    this.#giveBack(fetches.length)
  }

  /** All chunks were asked for: sources with nothing to do ask again for the oldest that others owe. */
  #endGame(now: number): void {
    for (const idle of this.#sources.values()) {
      if (idle.state !== 'open' || idle.outstanding.size > 0) continue
      const late = this.#latest(idle, now)
      if (late === undefined || !this.#parts.budget.take(this.#manifest.layout.chunkSize)) continue
      this.#duplicated.add(late.index)
      this.#ask(idle, late.index)
    }
  }

  #latest(idle: Source, now: number): Fetch | undefined {
    let late: Fetch | undefined
    for (const source of this.#sources.values()) {
      for (const fetch of source.outstanding.values()) {
        if (now - fetch.since < END_GAME_MS || this.#duplicated.has(fetch.index)) continue
        if (idle.chunks !== null && !hasBit(idle.chunks, fetch.index)) continue
        if (late === undefined || fetch.since < late.since) late = fetch
      }
    }
    return late
  }
}

/** Claims arrive by several ways and in any order; chunks only become more. */
function unite(a: Bitmap | null, b: Bitmap | null): Bitmap | null {
  return a === null || b === null ? null : a.map((byte, at) => byte | (b[at] ?? 0))
}

/** The chunks that are still missing. */
function complement(verified: Bitmap, count: number): Bitmap {
  const missing = emptyBitmap(count)
  for (let index = 0; index < count; index++) if (!hasBit(verified, index)) setBit(missing, index)
  return missing
}
