/**
 * One file on its way to this peer: opened or resumed, copied from this machine where it is here already, fetched from
 * all holders at once, synced now and then, finished. A source that is lost or cheats never ends it; only its user, the
 * disk, or the last chunk does.
 */

import type { PeerId } from '../../wire/types.js'
import { type ChunkMapView, done, type Result, refused, type TransferView } from '../api.js'
import type { Bitmap, Cancel, FileStamp } from '../env.js'
import { countBits, emptyBitmap, hasBit, setBit } from './bitmap.js'
import { Fetching, type FetchingParts, SYNC_BYTES, TICK_MS } from './fetching.js'
import { chunkBytes, type Manifest } from './manifest.js'

const SYNC_MS = 5_000

export interface DownloadJob {
  readonly manifest: Manifest
  /** Absolute path of the finished file; null: the own blob folder. */
  readonly target: string | null
  /** Replace a file that stands there. */
  readonly replace: boolean
  /** The content is on this machine already: copy it. */
  readonly local: boolean
}

export interface DownloadHooks {
  /** Look for holders. */
  seek(): void
  /** More chunks can be served to others. */
  verified(): void
  cheated(peer: PeerId): void
  lied(peer: PeerId): void
  done(result: Result<{ readonly path: string; readonly stamp: FileStamp }>): void
}

type SourceView = ChunkMapView['sources'][number]
type State = 'opening' | 'copying' | 'fetching' | 'finishing' | 'cancelling' | 'done' | 'failed'

export class Download {
  readonly job: DownloadJob
  /** Verified bytes by peer; at most one entry a chunk. */
  readonly contributed = new Map<PeerId, number>()
  readonly startedAt: number
  readonly #parts: FetchingParts
  readonly #hooks: DownloadHooks
  #state: State = 'opening'
  #paused = false
  #reason = ''
  #have: Bitmap
  /** In base64; null once a bit has changed. */
  #haveText: string | null = null
  #missing: number
  #doneBytes = 0
  #fetching: Fetching | null = null
  #stopTick: Cancel = () => {}
  #syncedAt: number
  #unsyncedBytes = 0
  #syncing = false

  constructor(parts: FetchingParts, job: DownloadJob, hooks: DownloadHooks) {
    this.#parts = parts
    this.#hooks = hooks
    this.job = job
    this.startedAt = parts.env.now()
    this.#syncedAt = this.startedAt
    this.#have = emptyBitmap(job.manifest.chunkCount)
    this.#missing = job.manifest.chunkCount
    const { id, layout } = job.manifest
    const opened = (opened: { readonly have: Bitmap } | { readonly error: string }) => {
      if ('error' in opened) return this.#fail(opened.error)
      if (this.#state === 'cancelling') return this.#discard()
      this.#resume(opened.have)
      if (job.local && this.#missing > 0) this.#copy()
      else this.#fetch()
    }
    parts.env.chunks.open(id, layout, job.target, opened, job.replace)
  }

  /** Chunks that others may have from here already. */
  get verified(): Bitmap {
    return this.#have
  }

  get ended(): boolean {
    return this.#state === 'done' || this.#state === 'failed'
  }

  has(index: number): boolean {
    return hasBit(this.#have, index)
  }

  /** A peer claims chunks of this file (null: all). */
  offer(peer: PeerId, chunks: Bitmap | null): void {
    this.#fetching?.offer(peer, chunks)
  }

  withdraw(peer: PeerId): void {
    this.#fetching?.withdraw(peer)
  }

  pause(): void {
    this.#paused = true
    this.#stopFetching()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#state === 'fetching') this.#fetch()
  }

  /** Gives up and deletes what came so far; a copy from this machine is finished instead. */
  cancel(reason: string): boolean {
    if (this.#state !== 'opening' && this.#state !== 'fetching') return false
    const opened = this.#state === 'fetching'
    this.#stopFetching()
    this.#state = 'cancelling'
    this.#reason = reason
    if (opened) this.#discard()
    return true
  }

  /** The disk failed: what came is kept for another try. */
  broken(reason: string): void {
    if (!this.ended && this.#state !== 'cancelling') this.#fail(reason)
  }

  get view(): Omit<TransferView, 'n' | 'name' | 'direction'> {
    const { size } = this.job.manifest.layout
    const rate = Math.round(this.#fetching?.rate.bytesPerSecond ?? 0)
    const state = this.#shown()
    const etaSeconds = state === 'running' && rate > 0 ? Math.ceil((size - this.#doneBytes) / rate) : null
    const reason = state === 'stalled' ? (this.#fetching?.reason ?? '') : this.#reason
    return { done: this.#doneBytes, total: size, rate, etaSeconds, reason, peers: this.#fetching?.peers ?? 0, state }
  }

  /** Where its chunks stand. */
  get chunkMap(): Omit<ChunkMapView, 'n' | 'sources'> & { readonly sources: readonly Omit<SourceView, 'name'>[] } {
    const sources = [...(this.#fetching?.sources() ?? [])]
    this.#haveText ??= Buffer.from(this.#have).toString('base64')
    return {
      chunks: this.job.manifest.chunkCount,
      have: this.#haveText,
      coming: sources.flatMap(({ peer, outstanding }) =>
        [...outstanding.keys()].map((index) => ({ index, from: peer })),
      ),
      sources: sources.map(({ peer, state, rate, reason }) => ({
        id: peer,
        state,
        bytes: this.contributed.get(peer) ?? 0,
        rate: Math.round(rate.bytesPerSecond),
        reason: state === 'resting' ? reason : '',
      })),
    }
  }

  #shown(): TransferView['state'] {
    if (this.#state === 'done' || this.#state === 'failed') return this.#state
    if (this.#state === 'cancelling') return 'failed'
    if (this.#paused) return 'paused'
    return this.#fetching?.isStalled ? 'stalled' : 'running'
  }

  #resume(have: Bitmap): void {
    const { layout, chunkCount } = this.job.manifest
    this.#have = have.slice()
    this.#haveText = null
    this.#missing = chunkCount - countBits(have)
    this.#doneBytes = 0
    for (let index = 0; index < chunkCount; index++) if (this.has(index)) this.#doneBytes += chunkBytes(layout, index)
  }

  #copy(): void {
    this.#state = 'copying'
    const { env } = this.#parts
    const { id, name } = this.job.manifest
    env.chunks.copyLocal(
      id,
      (doneBytes) => {
        this.#doneBytes = doneBytes
      },
      (error) => {
        if (error !== null) env.log('warn', `"${name}" could not be copied on this machine (${error}): it is fetched`)
        env.chunks.sync(id, (have) => {
          this.#resume(have)
          this.#fetch()
        })
      },
    )
  }

  #fetch(): void {
    if (this.#missing === 0) {
      this.#finish()
      return
    }
    this.#state = 'fetching'
    if (this.#paused) return
    this.#fetching = new Fetching(this.#parts, this.job.manifest, this.#have.slice(), {
      seek: () => this.#hooks.seek(),
      verified: (index, bytes, from) => this.#verified(index, bytes, from),
      cheated: (peer) => this.#hooks.cheated(peer),
      lied: (peer) => this.#hooks.lied(peer),
    })
    this.#tick()
  }

  #tick(): void {
    const now = this.#parts.env.now()
    this.#stopTick = this.#parts.env.after(TICK_MS, () => this.#tick())
    this.#fetching?.tick()
    if (now - this.#syncedAt >= SYNC_MS || this.#unsyncedBytes >= SYNC_BYTES) this.#sync(now)
  }

  /** A crash loses at most what came since: what was synced is never fetched or hashed again. */
  #sync(now: number): void {
    if (this.#syncing || this.#unsyncedBytes === 0) return
    this.#syncing = true
    this.#syncedAt = now
    this.#unsyncedBytes = 0
    this.#parts.env.chunks.sync(this.job.manifest.id, () => {
      this.#syncing = false
    })
  }

  #verified(index: number, bytes: number, from: PeerId): void {
    setBit(this.#have, index)
    this.#haveText = null
    this.#missing--
    this.#doneBytes += bytes
    this.#unsyncedBytes += bytes
    this.contributed.set(from, (this.contributed.get(from) ?? 0) + bytes)
    this.#hooks.verified()
    if (this.#missing === 0) this.#finish()
  }

  #finish(): void {
    this.#stopFetching()
    this.#state = 'finishing'
    this.#parts.env.chunks.finish(this.job.manifest.id, (finished) => {
      if ('error' in finished) return this.#fail(finished.error)
      this.#state = 'done'
      this.#hooks.done(done(finished))
    })
  }

  #fail(reason: string): void {
    this.#stopFetching()
    this.#state = 'failed'
    this.#reason = reason
    this.#hooks.done(refused(reason))
  }

  /** Only then may another download of the same file begin: what it opens must not be deleted. */
  #discard(): void {
    this.#parts.env.chunks.drop(this.job.manifest.id, () => this.#fail(this.#reason))
  }

  #stopFetching(): void {
    this.#stopTick()
    this.#fetching?.stop()
    this.#fetching = null
  }
}
