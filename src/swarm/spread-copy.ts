/**
 * Chunks of one spread file on their way to this peer, which is to keep them: copied from this machine where the file is
 * here, fetched from all holders at once, and durable within a second.
 * Invariant: it ends exactly once, after everything that came was synced or the disk refused.
 */
import type { PeerId } from '../../wire/types.js'
import type { TransferView } from '../api.js'
import type { Bitmap, Cancel } from '../env.js'
import { anyBit, emptyBitmap, fullBitmap, hasBit, indicesOf, minus, setBit } from './bitmap.js'
import { Fetching, type FetchingParts, SYNC_BYTES, TICK_MS } from './fetching.js'
import { bytesOf, type Loose } from './loose.js'
import { chunkBytes, type Manifest } from './manifest.js'

const SYNC_MS = 1_000
/** Without bytes for so long others get the turn. */
const GIVE_UP_MS = 20_000

export interface SpreadCopyJob {
  readonly manifest: Manifest
  /** The chunks to fetch. */
  readonly wanted: Bitmap
  /** The whole file is on this machine. */
  readonly local: boolean
}

export interface SpreadCopyHooks {
  /** Look for holders of these chunks. */
  seek(missing: Bitmap): void
  cheated(peer: PeerId): void
  lied(peer: PeerId): void
  /** Null: all are here, or it was stopped. */
  done(error: string | null): void
}

export class SpreadCopy {
  readonly job: SpreadCopyJob
  readonly #parts: FetchingParts
  readonly #loose: Loose
  readonly #hooks: SpreadCopyHooks
  readonly #total: number
  #verified: Bitmap
  #fetching: Fetching | null = null
  #state: 'opening' | 'copying' | 'fetching' | 'ending' = 'opening'
  #doneBytes = 0
  #unsyncedBytes = 0
  #syncing = false
  #syncedAt: number
  #stopTick: Cancel = () => {}
  #error: string | null = null

  constructor(parts: FetchingParts, loose: Loose, job: SpreadCopyJob, hooks: SpreadCopyHooks) {
    this.#parts = parts
    this.#loose = loose
    this.#hooks = hooks
    this.job = job
    this.#verified = emptyBitmap(job.manifest.chunkCount)
    this.#total = bytesOf(job.manifest.layout, job.wanted)
    this.#syncedAt = parts.env.now()
    loose.begin(job.manifest, (error) => {
      if (this.#state === 'ending') return this.#hooks.done(null)
      if (error !== null) return this.#hooks.done(error)
      if (job.local) this.#copy()
      else this.#fetch()
    })
    // before the next file is looked at
    loose.reserve(job.manifest.id, this.#total)
  }

  /** Whether all of these are being fetched. */
  covers(chunks: Bitmap): boolean {
    return !anyBit(minus(chunks, this.job.wanted))
  }

  /** A peer claims chunks of this file (null: all). */
  offer(peer: PeerId, chunks: Bitmap | null): void {
    this.#fetching?.offer(peer, chunks)
  }

  withdraw(peer: PeerId): void {
    this.#fetching?.withdraw(peer)
  }

  /** Ends soon, with what came so far. */
  stop(error: string | null = null): void {
    const before = this.#state
    this.#error ??= error
    this.#state = 'ending'
    this.#stopFetching()
    if (before === 'fetching') this.#sync()
  }

  get view(): Omit<TransferView, 'n'> {
    const rate = Math.round(this.#fetching?.rate.bytesPerSecond ?? 0)
    const stalled = this.#fetching?.isStalled ?? false
    const left = this.#total - this.#doneBytes
    return {
      name: this.job.manifest.name,
      direction: 'keep',
      done: this.#doneBytes,
      total: this.#total,
      rate,
      etaSeconds: !stalled && rate > 0 ? Math.ceil(left / rate) : null,
      peers: this.#fetching?.peers ?? 0,
      reason: stalled ? (this.#fetching?.reason ?? '') : '',
      state: stalled ? 'stalled' : 'running',
    }
  }

  #copy(): void {
    this.#state = 'copying'
    const { env } = this.#parts
    const { id, name, layout, chunkCount } = this.job.manifest
    env.chunks.loose.copy(id, this.job.wanted, (error) => {
      if (error !== null) env.log('warn', `"${name}" could not be copied on this machine (${error}): it is fetched`)
      env.chunks.loose.sync(id, (have) => {
        for (const index of indicesOf(this.job.wanted)) if (hasBit(have, index)) setBit(this.#verified, index)
        this.#doneBytes = bytesOf(layout, this.#verified)
        this.#loose.reserve(id, this.#total - this.#doneBytes)
        if (have.length === emptyBitmap(chunkCount).length) this.#loose.synced(id, have)
        if (this.#state === 'ending') this.#hooks.done(this.#error)
        else this.#fetch()
      })
    })
  }

  #fetch(): void {
    const { manifest } = this.job
    this.#state = 'fetching'
    if (!anyBit(this.#missing)) {
      this.stop()
      return
    }
    const have = minus(fullBitmap(manifest.chunkCount), this.#missing)
    this.#fetching = new Fetching(
      this.#parts,
      manifest,
      have,
      {
        seek: () => this.#hooks.seek(this.#missing),
        verified: (index) => this.#arrived(index),
        cheated: (peer) => this.#hooks.cheated(peer),
        lied: (peer) => this.#hooks.lied(peer),
      },
      true,
    )
    this.#tick()
  }

  get #missing(): Bitmap {
    return minus(this.job.wanted, this.#verified)
  }

  #tick(): void {
    const now = this.#parts.env.now()
    this.#stopTick = this.#parts.env.after(TICK_MS, () => this.#tick())
    const fetching = this.#fetching
    if (fetching === null) return
    if (fetching.rate.silentMs > GIVE_UP_MS) {
      this.stop(fetching.reason)
      return
    }
    fetching.tick()
    if (this.#unsyncedBytes >= SYNC_BYTES || (this.#unsyncedBytes > 0 && now - this.#syncedAt >= SYNC_MS)) this.#sync()
  }

  #arrived(index: number): void {
    const bytes = chunkBytes(this.job.manifest.layout, index)
    setBit(this.#verified, index)
    this.#doneBytes += bytes
    this.#unsyncedBytes += bytes
    if (!anyBit(this.#missing)) this.stop()
  }

  /** What is synced is promised to others at once. */
  #sync(): void {
    if (this.#syncing) return
    this.#syncing = true
    this.#syncedAt = this.#parts.env.now()
    this.#unsyncedBytes = 0
    const { id } = this.job.manifest
    const before = this.#doneBytes
    this.#parts.env.chunks.loose.sync(id, (have) => {
      this.#syncing = false
      this.#loose.reserve(id, (this.#state === 'ending' ? this.#doneBytes : this.#total) - before)
      this.#loose.synced(id, have)
      if (this.#state !== 'ending') return
      // what came while that sync was under way
      if (this.#unsyncedBytes > 0) this.#sync()
      else this.#hooks.done(this.#error)
    })
  }

  #stopFetching(): void {
    this.#stopTick()
    this.#fetching?.stop()
    this.#fetching = null
  }
}
