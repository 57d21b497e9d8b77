/**
 * All downloads of this peer: what its user requested and what it must keep. Two jobs for one file run after each other
 * (the second copies what the first fetched), because the bytes of a file are written in one place at a time.
 * Finds holders for each: its own table, the keepers of the name, the publisher.
 */

import type { HolderFields } from '../../wire/messages/swarm.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { type ChunkMapView, done, type Result, refused, type TransferView } from '../api.js'
import type { Bitmap, FileStamp } from '../env.js'
import { fullBitmap, minus } from './bitmap.js'
import type { Budget } from './budget.js'
import type { DataLinks } from './data-links.js'
import { Download } from './download.js'
import type { FetchingParts } from './fetching.js'
import { chunksOf, holdsSome, isComplete } from './holders.js'
import type { Manifest } from './manifest.js'
import type { Parts } from './parts.js'
import { seek } from './seek.js'

const MAX_REQUESTED = 56
const MAX_KEEPING = 8
const MAX_QUEUED = 20_480
const MAX_LISTED = 32
const BAN_MS = 600_000
const MAX_BANNED = 1_024
/** Downloads whose chunks are shown. */
const MAX_MAPS = 8

export interface Fetched {
  readonly path: string
  readonly sources: readonly { readonly id: PeerId; readonly bytes: number }[]
  readonly seconds: number
}

interface Job {
  readonly manifest: Manifest
  /** Null: a copy of our own, by ring duty. */
  readonly target: string | null
  readonly replace: boolean
  readonly done: (result: Result<Fetched>) => void
  download: Download | null
  paused: boolean
  n: number
}

export class Fetches {
  readonly #parts: Parts
  readonly fetching: FetchingParts
  readonly #jobs = new Map<Hash, Job[]>() // at most MAX_QUEUED in all; the first of each runs, the others wait
  readonly #banned = new Map<PeerId, number>() // at most MAX_BANNED; until when
  #count = 0
  #requested = 0
  #keepingBytes = 0
  #keepingCount = 0

  constructor(parts: Parts, budget: Budget, links: DataLinks) {
    this.#parts = parts
    const banned = (peer: PeerId) => (this.#banned.get(peer) ?? 0) > parts.env.now()
    this.fetching = { env: parts.env, budget, links, banned, answered: parts.chunkAnswered }
  }

  /** Owners of chunks of a spread file, others each time. */
  ownersOf: (manifest: Manifest, missing: Bitmap) => readonly PeerId[] = () => []
  /** Chunks of an unfinished download became servable. */
  onProgress: (id: Hash) => void = () => {}

  /** The unfinished download of a file. */
  of(id: Hash): Download | undefined {
    return this.#jobs.get(id)?.[0]?.download ?? undefined
  }

  isKeeping(id: Hash): boolean {
    return this.#jobs.get(id)?.some((job) => job.target === null) ?? false
  }

  /** Own copies under way or queued. */
  get keepingCount(): number {
    return this.#keepingCount
  }

  /** What the copies under way and those that wait for their turn will take. */
  get keepingBytes(): number {
    return this.#keepingBytes
  }

  /** Fetches to a user's file; the answer follows when the file is there. The returned call cancels. */
  request(manifest: Manifest, target: string, replace: boolean, done: (result: Result<Fetched>) => void): () => void {
    const job: Job = { manifest, target, replace, done, download: null, paused: false, n: 0 }
    if (this.#requested >= MAX_REQUESTED) {
      this.#parts.env.after(0, () => done(refused(`${MAX_REQUESTED} downloads are running: wait for one to end`)))
      return () => {}
    }
    this.#requested++
    this.#enqueue(job)
    return () => this.#cancel(job, 'cancelled')
  }

  /** Makes a durable copy of our own. */
  keep(manifest: Manifest, done: (result: Result<Fetched>) => void): void {
    if (this.isKeeping(manifest.id) || this.#count >= MAX_QUEUED) return
    this.#keepingBytes += manifest.layout.size
    this.#keepingCount++
    this.#enqueue({ manifest, target: null, replace: false, done, download: null, paused: false, n: 0 })
  }

  /** Deletes our own copy, unless a download of the same file is under way; others begin only afterwards. */
  dropCopy(id: Hash): void {
    if (!this.#jobs.has(id)) this.#parts.holdings.dropBlob(id)
  }

  /** The file is not to be kept any more. */
  stopKeeping(id: Hash): void {
    for (const job of [...(this.#jobs.get(id) ?? [])]) if (job.target === null) this.#cancel(job, 'not needed any more')
  }

  /** A holder's claim arrived: running downloads use it at once. */
  offered(id: Hash, holder: HolderFields): void {
    const download = this.of(id)
    if (download === undefined || holder.peer === this.#parts.env.identity.id) return
    if (holdsSome(holder)) download.offer(holder.peer, chunksOf(holder))
    else if (holder.state === 'none') download.withdraw(holder.peer)
  }

  memberLeft(peer: PeerId): void {
    for (const id of this.#jobs.keys()) this.of(id)?.withdraw(peer)
  }

  /** Of the newest unfinished downloads; those that the user asked for come before the copies by ring duty. */
  chunkMaps(): readonly ChunkMapView[] {
    const rank = ({ target }: Job): number => (target === null ? 1 : 0)
    const running: { readonly job: Job; readonly download: Download }[] = []
    for (const [job] of this.#jobs.values())
      if (job?.download?.ended === false) running.push({ job, download: job.download })
    running.sort((a, b) => rank(a.job) - rank(b.job) || b.job.n - a.job.n)
    return running.slice(0, MAX_MAPS).map(({ job: { n }, download: { chunkMap } }) => ({
      n,
      ...chunkMap,
      sources: chunkMap.sources.map((source) => ({ ...source, name: this.#parts.nameOf(source.id) })),
    }))
  }

  #enqueue(job: Job): void {
    const { id } = job.manifest
    const queue = this.#jobs.get(id)
    this.#count++
    job.n = this.#parts.transfers.add({ view: () => viewOf(job), control: (action) => this.#control(job, action) })
    if (queue === undefined) this.#jobs.set(id, [job])
    else queue.push(job)
    this.startNext()
  }

  /** Starts what may run: one job a file, at most MAX_KEEPING of the keeping ones. */
  startNext(): void {
    let keeping = 0
    for (const [job] of this.#jobs.values()) if (job?.download && job.target === null) keeping++
    for (const [job] of this.#jobs.values()) {
      if (job === undefined || job.download !== null || this.#parts.holdings.isBusy(job.manifest.id)) continue
      if (job.target === null && keeping >= MAX_KEEPING) continue
      if (job.target === null) keeping++
      this.#start(job)
    }
  }

  #start(job: Job): void {
    const { holders, holdings, loose } = this.#parts
    const { manifest, target, replace } = job
    const { id } = manifest
    const local = isComplete(holdings.state(id)) || (target !== null && loose.kept(id).length > 0)
    const download = new Download(
      this.fetching,
      { manifest, target, replace, local },
      {
        seek: () => this.#seek(manifest, download),
        verified: () => this.onProgress(id),
        cheated: (peer) => this.ban(id, peer, manifest.name),
        lied: (peer) => holders.demote(id, peer),
        done: (result) => this.#ended(job, download, result),
      },
    )
    job.download = download
    if (job.paused) download.pause()
  }

  #ended(job: Job, download: Download, result: Result<{ readonly path: string; readonly stamp: FileStamp }>): void {
    if (!result.ok) {
      this.#parts.holdings.adoptFile(job.manifest.id)
      this.#remove(job, result)
      return
    }
    const { holdings, env } = this.#parts
    const { manifest, target } = job
    const fetched: Fetched = {
      path: result.value.path,
      sources: [...download.contributed].map(([id, bytes]) => ({ id, bytes })),
      seconds: (env.now() - download.startedAt) / 1000,
    }
    const durable = () => this.#remove(job, done(fetched))
    env.store.write([this.#parts.manifests.putting(manifest)])
    if (target === null) holdings.addBlob(manifest, durable)
    else holdings.addFile(manifest, result.value.stamp, durable)
  }

  #cancel(job: Job, reason: string): boolean {
    if (!this.#jobs.get(job.manifest.id)?.includes(job)) return false
    if (job.download !== null) return job.download.cancel(reason)
    this.#remove(job, refused(reason))
    return true
  }

  #remove(job: Job, result: Result<Fetched>): void {
    const { id } = job.manifest
    const queue = (this.#jobs.get(id) ?? []).filter((other) => other !== job)
    if (queue.length === 0) this.#jobs.delete(id)
    else this.#jobs.set(id, queue)
    this.#count--
    if (job.target === null) {
      this.#keepingBytes -= job.manifest.layout.size
      this.#keepingCount--
    } else this.#requested--
    this.#parts.transfers.end(job.n, job.target !== null)
    this.#parts.env.after(0, () => this.startNext())
    job.done(result)
  }

  #control(job: Job, action: 'pause' | 'resume' | 'cancel'): boolean {
    if (action === 'cancel') return this.#cancel(job, 'cancelled')
    job.paused = action === 'pause'
    if (job.paused) job.download?.pause()
    else job.download?.resume()
    return true
  }

  /** A peer sent a wrong chunk: nothing is fetched from it for a while. */
  ban(id: Hash, peer: PeerId, name: string): void {
    const { env, holders } = this.#parts
    env.log(
      'warn',
      `${this.#parts.nameOf(peer)} sent a wrong chunk of "${name}": nothing is fetched from it for a while`,
    )
    if (this.#banned.size >= MAX_BANNED) this.#banned.clear()
    this.#banned.set(peer, env.now() + BAN_MS)
    holders.demote(id, peer)
    this.#parts.post.tell(peer, { type: 'chunkWrong', manifest: id })
  }

  #seek(manifest: Manifest, download: Download): void {
    const { id, name, publisher, chunkCount } = manifest
    const { holders, roster } = this.#parts
    for (const holder of holders.list(id, MAX_LISTED)) this.offered(id, holder)
    const missing = minus(fullBitmap(chunkCount), download.verified)
    const peers = new Set([...roster.listers(name), publisher, ...this.ownersOf(manifest, missing)])
    const found = (holder: HolderFields) => {
      if (!download.ended) this.offered(id, holder)
    }
    seek(this.#parts, manifest, peers, { found })
  }
}

function viewOf(job: Job): Omit<TransferView, 'n'> {
  const { name, layout } = job.manifest
  const direction = job.target === null ? 'keep' : 'down'
  if (job.download !== null) return { name, direction, ...job.download.view }
  const nothing = { done: 0, total: layout.size, rate: 0, etaSeconds: null, peers: 0 }
  return { name, direction, ...nothing, reason: 'waits for its turn', state: job.paused ? 'paused' : 'running' }
}
