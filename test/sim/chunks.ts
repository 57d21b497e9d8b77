/**
 * Chunk bytes of one simulated peer: served, fetched, verified and synced without a byte being moved. Transfers take
 * their size over the link's bandwidth; what was not synced is lost at a kill; a peer may be told to send bad chunks.
 */
import type {
  Bitmap,
  Cancel,
  ChunkFetch,
  ChunkOutcome,
  Chunks,
  FileStamp,
  Layout,
  Link,
  LooseChunks,
} from '../../src/env.js'
import type { Hash } from '../../wire/types.js'
import { bitmapOf, chunkCount, chunkSizeAt, contentOf, fullBitmap, type Part, type SimFiles } from './files.js'
import { type BulkReader, type ChunkContent, SimLink } from './link.js'
import { SimLoose } from './loose.js'
import type { SimProcess } from './process.js'
import type { Random } from './random.js'

const MAX_QUEUED = 64 // chunks that wait on one link, as in the host
const HASH_BYTES_PER_MS = 1_000_000
const READ_MS = 0.3

interface Pending {
  readonly request: ChunkFetch
  readonly part: Omit<Part, 'target'>
}

/** A whole copy that is served. */
interface Whole {
  readonly layout: Layout
  readonly stamp: FileStamp
}

interface Held {
  own: Whole | null
  adopted: Whole | null
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

type Opened = { readonly have: Bitmap } | { readonly error: string }
type Finished = { readonly path: string; readonly stamp: FileStamp } | { readonly error: string }

export class SimChunks implements Chunks {
  readonly #held = new Map<Hash, Held>()
  readonly #parts = new Map<Hash, Part>()
  readonly #readers = new Map<SimLink, Reader>()
  readonly loose: LooseChunks
  onLost: (blob: Hash, reason: string) => void = () => {}

  constructor(private readonly options: ChunkOptions) {
    this.loose = new SimLoose(options.files, {
      whole: (blob) => this.#whole(blob) !== null,
      later: (delayMs, action) => void this.#later(delayMs, action),
      syncTime: () => this.#syncTime(),
    })
  }

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
    this.#heldOf(blob).adopted = { layout, stamp }
  }

  open(blob: Hash, layout: Layout, target: string | null, done: (result: Opened) => void, replace = false): void {
    const result = this.#open(blob, layout, target, replace)
    this.#later(READ_MS, () => done(result))
  }

  copyLocal(blob: Hash, progress: (doneBytes: number) => void, done: (error: string | null) => void): void {
    const part = this.#parts.get(blob)
    const loose = this.options.files.loose.get(blob)?.durable
    const whole = this.#whole(blob) !== null
    if (part === undefined || !(whole || loose)) {
      this.#later(0, () => done('there is no other copy of this file here'))
      return
    }
    const { layout, have } = part
    this.#later(READ_MS + layout.size / HASH_BYTES_PER_MS, () => {
      for (let index = 0; index < chunkCount(layout); index++) if (whole || loose?.has(index)) have.add(index)
      progress(layout.size)
      done(null)
    })
  }

  fetch(link: Link, request: ChunkFetch): Cancel {
    if (!(link instanceof SimLink)) throw new Error('not a link of the simulator')
    const { blob, loose } = request
    const part = loose ? this.options.files.loose.get(blob) : this.#parts.get(blob)
    if (part === undefined) return this.#later(0, () => request.done('lost'))
    return this.#reader(link).ask({ request, part })
  }

  serve(link: Link, request: number, blob: Hash, index: number): void {
    if (!(link instanceof SimLink)) throw new Error('not a link of the simulator')
    const layout = this.#source(blob, index)
    const why = layout === null ? 'not here' : link.chunksQueued >= MAX_QUEUED ? 'too many requests' : ''
    if (layout === null || why !== '') {
      link.send({ type: 'chunkRefused', request, reason: why })
      return
    }
    const rotten = this.options.files.files.get(this.#whole(blob)?.stamp.path ?? '')?.rotten.has(index) ?? false
    const bad = rotten || this.options.random.chance(this.options.badChunks())
    this.#later(READ_MS, () => {
      link.sendChunk(request, bad ? 'bad' : contentOf(layout, index), chunkSizeAt(layout, index))
      link.watchStall()
    })
  }

  sync(blob: Hash, done: (have: Bitmap) => void): void {
    const part = this.#parts.get(blob)
    if (part === undefined) {
      const whole = this.#whole(blob)
      this.#later(0, () => done(whole === null ? new Uint8Array(0) : fullBitmap(chunkCount(whole.layout))))
      return
    }
    const synced = new Set(part.have)
    this.#later(this.#syncTime(), () => {
      part.durable = new Set([...part.durable, ...synced])
      done(bitmapOf(part.durable, chunkCount(part.layout)))
    })
  }

  finish(blob: Hash, done: (result: Finished) => void): void {
    const part = this.#parts.get(blob)
    const whole = this.#whole(blob)
    if (part === undefined) {
      const result = whole === null ? { error: 'not being written' } : { path: whole.stamp.path, stamp: whole.stamp }
      this.#later(0, () => done(result))
    } else if (part.have.size < chunkCount(part.layout)) this.#later(0, () => done({ error: 'chunks are missing' }))
    else this.#later(this.#syncTime(), () => done(this.#finished(blob, part)))
  }

  check(blobs: readonly Hash[], done: (changed: readonly Hash[]) => void): void {
    const { files } = this.options
    const changed = blobs.filter((blob) => {
      const own = this.#held.get(blob)?.own
      return !own || !files.isUnchanged(own.stamp)
    })
    this.#later(READ_MS, () => done(changed))
  }

  verify(blob: Hash, layout: Layout, done: (whole: boolean) => void): void {
    this.#later(READ_MS + layout.size / HASH_BYTES_PER_MS, () => done(this.#verify(blob, layout)))
  }

  drop(blob: Hash, done: () => void): void {
    const { files } = this.options
    const part = this.#parts.get(blob)
    if (part !== undefined) files.dropPart(blob, part.target)
    this.#parts.delete(blob)
    this.#held.delete(blob)
    if (files.files.delete(ownPath(blob))) files.dropped.push(blob)
    this.#later(READ_MS, done)
  }

  #open(blob: Hash, layout: Layout, target: string | null, replace: boolean): Opened {
    const { files } = this.options
    const path = target ?? ownPath(blob)
    const count = chunkCount(layout)
    const open = this.#parts.get(blob)
    if (open !== undefined) {
      if (open.target === path) return { have: bitmapOf(open.durable, count) }
      return { error: `${open.target} is already being written from the same file` }
    }
    const there = files.files.get(path)
    if (target === null && there !== undefined) {
      this.#heldOf(blob).own = { layout, stamp: there.stamp }
      return { have: fullBitmap(count) }
    }
    if (there !== undefined && !replace) return { error: `${path} exists already` }
    const part = files.part(blob, path, layout)
    this.#parts.set(blob, part)
    return { have: bitmapOf(part.durable, count) }
  }

  #verify(blob: Hash, layout: Layout): boolean {
    const { files } = this.options
    const path = ownPath(blob)
    const file = files.files.get(path)
    if (file?.size === layout.size && file.rotten.size === 0) {
      this.#heldOf(blob).own = { layout, stamp: file.stamp }
      return true
    }
    this.#heldOf(blob).own = null
    files.files.delete(path)
    if (file === undefined) return false
    const part = files.part(blob, path, layout)
    for (let index = 0; index < chunkCount(layout); index++) if (!file.rotten.has(index)) part.have.add(index)
    part.durable = new Set(part.have)
    return false
  }

  #finished(blob: Hash, part: Part): Finished {
    const { files, wallTime } = this.options
    const { stamp } = files.finish(part.target, part.layout, wallTime())
    files.dropPart(blob, part.target)
    this.#parts.delete(blob)
    const held = this.#heldOf(blob)
    const whole = { layout: part.layout, stamp }
    if (part.target === ownPath(blob)) held.own = whole
    else held.adopted = whole
    return { path: stamp.path, stamp }
  }

  /** From where a chunk can be read now; a file that changed is reported and forgotten. */
  #source(blob: Hash, index: number): Layout | null {
    for (let whole = this.#whole(blob); whole !== null; whole = this.#whole(blob)) {
      if (this.options.files.isUnchanged(whole.stamp)) return index < chunkCount(whole.layout) ? whole.layout : null
      this.#forget(blob, whole)
    }
    const part = this.#parts.get(blob)
    if (part?.have.has(index)) return part.layout
    const loose = this.options.files.loose.get(blob)
    return loose?.durable.has(index) ? loose.layout : null
  }

  #forget(blob: Hash, whole: Whole): void {
    const held = this.#heldOf(blob)
    if (held.own === whole) held.own = null
    if (held.adopted === whole) held.adopted = null
    if (this.#whole(blob) === null) this.#later(0, () => this.onLost(blob, `${whole.stamp.path} changed or is gone`))
  }

  #whole(blob: Hash): Whole | null {
    const held = this.#held.get(blob)
    return held?.own ?? held?.adopted ?? null
  }

  #heldOf(blob: Hash): Held {
    const held = this.#held.get(blob) ?? { own: null, adopted: null }
    this.#held.set(blob, held)
    return held
  }

  #syncTime(): number {
    return this.options.random.exponential(this.options.syncMs())
  }

  #reader(link: SimLink): Reader {
    let reader = this.#readers.get(link)
    if (reader === undefined) {
      reader = new Reader(link, this.options.process, this.options.files)
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
    private readonly files: SimFiles,
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

  chunk(number: number, content: ChunkContent, size: number): void {
    this.#bytesAt = this.process.schedule.now
    this.files.receivedBytes += size
    const pending = this.#pending.get(number)
    if (pending === undefined) return
    const { request, part } = pending
    request.progress(size)
    const good = content === contentOf(part.layout, request.index)
    if (good) part.have.add(request.index)
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

/** Where a copy lies that is no user's. */
export const ownPath = (blob: Hash): string => `/blobs/${blob}`
