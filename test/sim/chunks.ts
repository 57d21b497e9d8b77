/**
 * Chunk bytes of one simulated peer: served, fetched, verified and synced without a byte being moved. Transfers take
 * their size over the link's bandwidth; what was not synced is lost at a kill; a peer may be told to send bad chunks.
 */
import type { Bitmap, Cancel, ChunkFetch, ChunkOutcome, Chunks, FileStamp, Layout, Link } from '../../src/env.js'
import type { Hash } from '../../wire/types.js'
import { bitmapOf, type Copy, chunkCount, chunkSizeAt, contentOf, type SimFiles } from './files.js'
import { type BulkReader, SimLink } from './link.js'
import type { SimProcess } from './process.js'
import type { Random } from './random.js'

const MAX_QUEUED = 64 // chunks that wait on one link, as in the host
const HASH_BYTES_PER_MS = 1_000_000
const READ_MS = 0.3

interface Pending {
  readonly request: ChunkFetch
  readonly copy: Copy
}

export interface ChunkOptions {
  readonly files: SimFiles
  readonly process: SimProcess
  readonly random: Random
  /** Mean time of an fsync. */
  readonly syncMs: () => number
  /** Share of chunks that this peer serves wrong. */
  readonly badChunks: () => number
  readonly wallTime: () => number
}

export class SimChunks implements Chunks {
  readonly #open = new Map<Hash, { readonly copy: Copy; readonly target: string | null }>()
  readonly #adopted = new Map<Hash, { readonly layout: Layout; readonly stamp: FileStamp }>()
  readonly #readers = new Map<SimLink, Reader>()
  onLost: (blob: Hash, reason: string) => void = () => {}

  constructor(private readonly options: ChunkOptions) {}

  hash(
    path: string,
    chunkSizeOf: (sizeBytes: number) => number,
    progress: (doneBytes: number, totalBytes: number) => void,
    done: (result: { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): Cancel {
    const file = this.options.files.files.get(path)
    if (file === undefined) return this.#later(READ_MS, () => done({ error: `File does not exist: ${path}` }))
    return this.#later(READ_MS + file.size / HASH_BYTES_PER_MS, () => {
      progress(file.size, file.size)
      done({ layout: file.layout(chunkSizeOf(file.size)), stamp: file.stamp })
    })
  }

  adopt(blob: Hash, layout: Layout, stamp: FileStamp): void {
    this.#adopted.set(blob, { layout, stamp })
  }

  open(
    blob: Hash,
    layout: Layout,
    target: string | null,
    done: (result: { readonly have: Bitmap } | { readonly error: string }) => void,
  ): void {
    const { copies } = this.options.files
    const targets = copies.get(blob) ?? new Map<string, Copy>()
    copies.set(blob, targets)
    const copy = targets.get(target ?? '') ?? { layout, have: new Set(), durable: new Set(), finished: false }
    targets.set(target ?? '', copy)
    this.#open.set(blob, { copy, target })
    this.#later(READ_MS, () => done({ have: bitmapOf(copy.durable, chunkCount(layout)) }))
  }

  copyLocal(blob: Hash, progress: (doneBytes: number) => void, done: (error: string | null) => void): void {
    const open = this.#open.get(blob)
    if (open === undefined) return void this.#later(0, () => done('not open'))
    const { layout, have } = open.copy
    this.#later(READ_MS + layout.size / HASH_BYTES_PER_MS, () => {
      for (let index = 0; index < chunkCount(layout); index++) {
        if (this.#holds(blob, index)) have.add(index)
      }
      progress(layout.size)
      done(null)
    })
  }

  fetch(link: Link, request: ChunkFetch): Cancel {
    const open = this.#open.get(request.blob)
    if (open === undefined) throw new Error('fetch of a blob that is not open')
    if (!(link instanceof SimLink)) throw new Error('not a link of the simulator')
    return this.#reader(link).ask({ request, copy: open.copy })
  }

  serve(link: Link, request: number, blob: Hash, index: number): void {
    if (!(link instanceof SimLink)) throw new Error('not a link of the simulator')
    const layout = this.#adopted.get(blob)?.layout ?? this.#copies(blob)[0]?.layout
    if (layout === undefined || !this.#holds(blob, index)) {
      link.send({ type: 'chunkRefused', request, reason: 'not here' })
      if (layout !== undefined) this.#later(0, () => this.onLost(blob, 'changed or gone'))
      return
    }
    if (link.chunksQueued >= MAX_QUEUED) {
      link.send({ type: 'chunkRefused', request, reason: 'too many requests' })
      return
    }
    const bad = this.options.random.chance(this.options.badChunks())
    this.#later(READ_MS, () => {
      link.sendChunk(request, bad ? 'bad' : contentOf(layout, index), chunkSizeAt(layout, index))
      link.watchStall()
    })
  }

  sync(blob: Hash, done: (have: Bitmap) => void): void {
    const copy = this.#open.get(blob)?.copy
    const synced = new Set(copy?.have)
    this.#later(this.options.random.exponential(this.options.syncMs()), () => {
      if (copy !== undefined) copy.durable = new Set([...copy.durable, ...synced])
      done(bitmapOf(synced, copy === undefined ? 0 : chunkCount(copy.layout)))
    })
  }

  finish(
    blob: Hash,
    done: (result: { readonly path: string; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): void {
    const open = this.#open.get(blob)
    if (open === undefined) return void this.#later(0, () => done({ error: 'not open' }))
    const { copy, target } = open
    if (copy.have.size < chunkCount(copy.layout))
      return void this.#later(0, () => done({ error: 'chunks are missing' }))
    this.#later(this.options.random.exponential(this.options.syncMs()), () => {
      copy.durable = new Set(copy.have)
      copy.finished = true
      const path = target ?? `/blobs/${blob}`
      const { stamp } = this.options.files.finish(path, copy.layout, this.options.wallTime())
      done({ path, stamp })
    })
  }

  drop(blob: Hash, done: () => void): void {
    const targets = this.options.files.copies.get(blob)
    for (const [target, copy] of targets ?? []) {
      if (target === '' || !copy.finished) targets?.delete(target)
    }
    this.#open.delete(blob)
    this.#adopted.delete(blob)
    this.#later(READ_MS, done)
  }

  /** Whether this machine has the right bytes of a chunk now, for serving and for the checker. */
  #holds(blob: Hash, index: number): boolean {
    if (this.#copies(blob).some((copy) => copy.have.has(index))) return true
    const adopted = this.#adopted.get(blob)
    if (adopted === undefined) return false
    const { path, inode, mtimeMs } = adopted.stamp
    const now = this.options.files.files.get(path)?.stamp
    return now !== undefined && now.inode === inode && now.mtimeMs === mtimeMs
  }

  #copies(blob: Hash): readonly Copy[] {
    return [...(this.options.files.copies.get(blob)?.values() ?? [])]
  }

  #reader(link: SimLink): Reader {
    let reader = this.#readers.get(link)
    if (reader === undefined) {
      reader = new Reader(link, this.options.process)
      this.#readers.set(link, reader)
      link.bulk = reader
    }
    return reader
  }

  #later(delayMs: number, action: () => void): Cancel {
    const { process } = this.options
    return process.at(process.schedule.now + delayMs, 'chunks', action)
  }
}

/** The requests that one data link has under way. */
class Reader implements BulkReader {
  readonly #pending = new Map<number, Pending>() // the core bounds its requests
  #requests = 0
  #bytesAt = 0

  constructor(
    private readonly link: SimLink,
    private readonly process: SimProcess,
  ) {}

  ask(pending: Pending): Cancel {
    const number = this.#requests++
    const { blob, index } = pending.request
    if (this.link.closed) {
      this.process.at(this.process.schedule.now, 'chunks', () => pending.request.done('lost'))
      return () => {}
    }
    this.#pending.set(number, pending)
    this.link.send({ type: 'chunkGet', request: number, blob, index })
    this.#watch(number, pending)
    return () => {
      this.#pending.delete(number)
    }
  }

  chunk(number: number, content: string, size: number): void {
    this.#bytesAt = this.process.schedule.now
    const pending = this.#pending.get(number)
    if (pending === undefined) return
    const { request, copy } = pending
    request.progress(size)
    const good = content === contentOf(copy.layout, request.index)
    if (good) copy.have.add(request.index)
    this.#answer(number, good ? 'ok' : 'bad')
  }

  refused(number: number): void {
    this.#answer(number, 'refused')
  }

  ended(): void {
    for (const number of [...this.#pending.keys()]) this.#answer(number, 'lost')
  }

  #answer(number: number, outcome: ChunkOutcome): void {
    const pending = this.#pending.get(number)
    this.#pending.delete(number)
    pending?.request.done(outcome)
  }

  #watch(number: number, pending: Pending): void {
    const asked = this.process.schedule.now
    this.process.after(pending.request.stallMs, () => {
      if (!this.#pending.has(number)) return
      if (this.#bytesAt > asked) this.#watch(number, pending)
      else this.#answer(number, 'timeout')
    })
  }
}
