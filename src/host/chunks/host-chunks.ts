/**
 * The data path: chunk bytes between files, workers and links, which the core never sees.
 * A blob may be held twice (a user's own file, and a copy in the blob folder) and be written once at a time.
 * Invariant: operations that make, finish or drop the same blob run one after the other, in the order of the calls.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import { CHUNK_BYTES } from '../../../wire/limits.js'
import { LinkCore } from '../../../wire/link-core.js'
import type { Hash } from '../../../wire/types.js'
import type { Bitmap, Cancel, ChunkFetch, Chunks, FileStamp, Layout, Link } from '../../env.js'
import { faultText as textOf } from '../durable.js'
import type { HostWorkers } from '../workers.js'
import { type CopyOptions, copyChunks } from './copy.js'
import { Download } from './download.js'
import { hashFile } from './hash-file.js'
import { HeldFile } from './held-file.js'
import { chunkBytes, chunkCount, fullBitmap, isFull, layoutFault } from './layout.js'
import { HostLooseChunks } from './loose-chunks.js'
import { MemoryPool } from './memory-pool.js'
import { OpenFiles } from './open-files.js'
import { PartFile, unfinish } from './part-file.js'
import type { Source } from './source.js'
import { changedFiles, isSameFile, stampOf } from './stamp.js'
import { Upload } from './upload.js'
import { rightChunks } from './verify.js'

/** Memory for chunks that come in or are hashed, and for chunks that go out. */
const IN_BYTES = 32 << 20
const OUT_BYTES = 32 << 20

export interface HostChunksOptions {
  readonly stateDirectory: string
  readonly workers: Pick<HostWorkers, 'hash'>
}

interface Held {
  /** In the blob folder. */
  own: HeldFile | null
  /** A user's file. */
  adopted: HeldFile | null
}

export class HostChunks implements Chunks {
  onLost: (blob: Hash, reason: string) => void = () => {}
  readonly loose: HostLooseChunks

  readonly #options: HostChunksOptions
  readonly #files = new OpenFiles()
  readonly #in = new MemoryPool(IN_BYTES, (sizeBytes) => new SharedArrayBuffer(sizeBytes))
  readonly #out = new MemoryPool(OUT_BYTES, (sizeBytes) => new ArrayBuffer(sizeBytes))
  /** These two grow with what the core stores and opens; the core caps both. */
  readonly #held = new Map<Hash, Held>()
  readonly #parts = new Map<Hash, PartFile>()
  readonly #turns = new Map<Hash, Promise<void>>()
  readonly #uploads = new WeakMap<Link, Upload>()
  readonly #downloads = new WeakMap<Link, Download>()
  #waste = new Uint8Array(0)

  constructor(options: HostChunksOptions) {
    this.#options = options
    this.loose = new HostLooseChunks({
      folder: join(options.stateDirectory, 'chunks'),
      inTurn: (blob, action) => this.#inTurn(blob, action),
      wholeOf: (blob) => this.#whole(blob),
      copy: (part, from, chunks, done) => this.#copy(part, from, chunks, () => {}, done),
    })
  }

  hash(
    path: string,
    chunkSizeOf: (sizeBytes: number) => number,
    progress: (doneBytes: number, totalBytes: number) => void,
    done: (result: { readonly layout: Layout; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): Cancel {
    const abort = new AbortController()
    const { workers } = this.#options
    hashFile({ path, chunkSizeOf, progress, pool: this.#in, workers, signal: abort.signal }).then(
      (result) => {
        if (!abort.signal.aborted) done(result)
      },
      (error: unknown) => {
        const text = textOf(error)
        if (!abort.signal.aborted) done({ error: text })
      },
    )
    return () => abort.abort()
  }

  adopt(blob: Hash, layout: Layout, stamp: FileStamp): void {
    this.#heldOf(blob).adopted = new HeldFile(this.#files, layout, stamp)
  }

  open(
    blob: Hash,
    layout: Layout,
    target: string | null,
    done: (result: { readonly have: Bitmap } | { readonly error: string }) => void,
    replace = false,
  ): void {
    this.#inTurn(blob, async () => {
      const opened = this.#open(blob, layout, target, replace)
      done(
        await opened.then(
          (have) => ({ have }),
          (error: unknown) => ({ error: textOf(error) }),
        ),
      )
    })
  }

  copyLocal(blob: Hash, progress: (doneBytes: number) => void, done: (error: string | null) => void): void {
    const part = this.#parts.get(blob)
    const whole = this.#whole(blob)
    const loose = this.loose.of(blob)
    const from = whole ?? loose
    if (part === undefined || from === undefined) {
      setImmediate(() => done('there is no other copy of this file here'))
      return
    }
    const chunks = whole === undefined && loose !== undefined ? loose.have : fullBitmap(chunkCount(part.layout))
    this.#copy(part, from, chunks, progress, done)
  }

  fetch(link: Link, request: ChunkFetch): Cancel {
    const part = request.loose ? this.loose.of(request.blob) : this.#parts.get(request.blob)
    const download = this.#download(link)
    if (part !== undefined && download !== null) return download.fetch(part, request)
    const late = setImmediate(() => request.done('lost'))
    return () => clearImmediate(late)
  }

  serve(link: Link, request: number, blob: Hash, index: number): void {
    const upload = this.#upload(link)
    if (upload === null) return
    const source = this.#source(blob, index)
    if (source === null) upload.refuse(request, 'not here')
    else upload.serve(request, source, index)
  }

  /** A `chunkRefused` came on a data link. */
  refused(link: Link, request: number): void {
    this.#downloads.get(link)?.refused(request)
  }

  sync(blob: Hash, done: (have: Bitmap) => void): void {
    const part = this.#parts.get(blob)
    if (part === undefined) {
      const held = this.#whole(blob)
      setImmediate(() => done(held ? fullBitmap(chunkCount(held.layout)) : new Uint8Array(0)))
      return
    }
    part.sync().then(done, (error: unknown) => {
      if (!part.closed) this.onLost(blob, `cannot write ${part.target}: ${textOf(error)}`)
      done(part.synced)
    })
  }

  finish(
    blob: Hash,
    done: (result: { readonly path: string; readonly stamp: FileStamp } | { readonly error: string }) => void,
  ): void {
    this.#inTurn(blob, async () => {
      const finished = this.#finish(blob)
      done(
        await finished.then(
          (stamp) => ({ path: stamp.path, stamp }),
          (error: unknown) => ({ error: textOf(error) }),
        ),
      )
    })
  }

  drop(blob: Hash, done: () => void): void {
    const part = this.#parts.get(blob)
    this.#inTurn(blob, async () => {
      try {
        this.#parts.delete(blob)
        this.#held.delete(blob)
        await part?.drop()
        await rm(this.#ownPath(blob), { force: true })
      } catch (error) {
        this.onLost(blob, `cannot remove it: ${textOf(error)}`)
      }
      done()
    })
  }

  check(blobs: readonly Hash[], done: (changed: readonly Hash[]) => void): void {
    changedFiles(blobs, (blob) => this.#held.get(blob)?.own?.stamp).then(done, (error: unknown) => {
      throw error
    })
  }

  verify(blob: Hash, layout: Layout, done: (whole: boolean) => void): void {
    this.#inTurn(blob, async () => done(await this.#verify(blob, layout)))
  }

  /** Makes everything that was fetched durable and closes all files. */
  async close(): Promise<void> {
    await Promise.all(this.#turns.values())
    for (const [blob, part] of this.#parts) {
      await part.sync().catch((error: unknown) => this.onLost(blob, `cannot write ${part.target}: ${textOf(error)}`))
      await part.close()
    }
    await this.loose.close()
    this.#parts.clear()
    this.#held.clear()
    await this.#files.close()
  }

  async #open(blob: Hash, layout: Layout, target: string | null, replace: boolean): Promise<Bitmap> {
    const fault = layoutFault(layout)
    if (fault !== null) throw new OperationalError(`this file cannot be fetched: ${fault}`)
    const path = target ?? this.#ownPath(blob)
    const open = this.#parts.get(blob)
    if (open?.closed === false && open.target === path) return open.synced
    // the core writes a file in one place at a time: what was written elsewhere has been given up
    this.#parts.delete(blob)
    await open?.leave()
    if (target === null) {
      await mkdir(this.#blobFolder, { recursive: true, mode: 0o700 })
      const own = await this.#ownCopy(blob, layout)
      if (own !== null) {
        this.#heldOf(blob).own = own
        return fullBitmap(chunkCount(layout))
      }
    }
    const resumeFolder = join(this.#options.stateDirectory, 'resume')
    const failed = (error: unknown): void => this.onLost(blob, `cannot write ${path}: ${textOf(error)}`)
    const mayReplace = replace || target === null
    const part = await PartFile.open({ blob, layout, target: path, replace: mayReplace, resumeFolder, failed })
    this.#parts.set(blob, part)
    return part.synced
  }

  async #verify(blob: Hash, layout: Layout): Promise<boolean> {
    const path = this.#ownPath(blob)
    const { workers, stateDirectory } = this.#options
    const before = await stampOf(path).catch(() => null)
    const right = await rightChunks({ path, layout, pool: this.#in, workers }).catch(() => null)
    const after = await stampOf(path).catch(() => null)
    const stayed = before !== null && after !== null && isSameFile(before, after)
    if (stayed && right !== null && before.size === layout.size && isFull(right, chunkCount(layout))) {
      this.#heldOf(blob).own = new HeldFile(this.#files, layout, before)
      return true
    }
    const held = this.#heldOf(blob)
    held.own = null
    if (held.adopted === null) this.#held.delete(blob)
    try {
      if (!stayed || right === null) await rm(path, { force: true })
      else await unfinish({ blob, layout, target: path, resumeFolder: join(stateDirectory, 'resume') }, right)
    } catch (error) {
      const reason = textOf(error)
      await rm(path, { force: true }).catch(() => this.onLost(blob, `cannot repair it: ${reason}`))
    }
    return false
  }

  /** A finished copy of an earlier run: it was verified before it got its name. */
  async #ownCopy(blob: Hash, layout: Layout): Promise<HeldFile | null> {
    const stamp = await stampOf(this.#ownPath(blob)).catch(() => null)
    return stamp !== null && stamp.size === layout.size ? new HeldFile(this.#files, layout, stamp) : null
  }

  async #finish(blob: Hash): Promise<FileStamp> {
    const part = this.#parts.get(blob)
    if (part === undefined) {
      const held = this.#whole(blob)
      if (held) return held.stamp
      throw new OperationalError('this file is not being written')
    }
    const stamp = await part.finish()
    this.#parts.delete(blob)
    const held = this.#heldOf(blob)
    const whole = new HeldFile(this.#files, part.layout, stamp)
    if (stamp.path === this.#ownPath(blob)) held.own = whole
    else held.adopted = whole
    return stamp
  }

  /** Our own copy first: nobody else changes it. */
  #source(blob: Hash, index: number): Source | null {
    const file = this.#whole(blob)
    if (file !== undefined && chunkBytes(file.layout, index) > 0) {
      return { blob, layout: file.layout, read: (at, memory) => this.#readHeld(blob, file, at, memory) }
    }
    const part = this.#parts.get(blob)
    if (part?.has(index)) {
      return { blob, layout: part.layout, read: (at, memory) => this.#readPart(blob, part, at, memory) }
    }
    const loose = this.loose.of(blob)
    if (!loose?.holds(index)) return null
    return { blob, layout: loose.layout, loose: true, read: (at, memory) => loose.read(at, memory) }
  }

  /** A part may be finished or closed while its chunk waits in a queue: then the whole file has it. */
  async #readPart(blob: Hash, part: PartFile, index: number, memory: Uint8Array): Promise<void> {
    // closed, and not yet among the whole ones: the turn that finishes it puts it there
    if (part.closed) await this.#turns.get(blob)
    const file = this.#whole(blob)
    await (part.closed && file ? file : part).read(index, memory)
  }

  async #readHeld(blob: Hash, file: HeldFile, index: number, memory: Uint8Array): Promise<void> {
    try {
      await file.read(index, memory)
    } catch (error) {
      const other = this.#forget(blob, file)
      if (other === null) throw error
      await this.#readHeld(blob, other, index, memory)
    }
  }

  /** Forgets a copy that is not what it was; answers the other one. */
  #forget(blob: Hash, file: HeldFile): HeldFile | null {
    const held = this.#held.get(blob)
    if (held === undefined) return null
    if (held.own === file) held.own = null
    if (held.adopted === file) held.adopted = null
    const other = held.own ?? held.adopted
    if (other === null) this.#held.delete(blob)
    return other
  }

  #whole(blob: Hash): HeldFile | undefined {
    const held = this.#held.get(blob)
    return held?.own ?? held?.adopted ?? undefined
  }

  #copy(
    part: CopyOptions['part'],
    from: CopyOptions['from'],
    chunks: Bitmap,
    progress: (doneBytes: number) => void,
    done: (error: string | null) => void,
  ): void {
    copyChunks({ part, from, chunks, pool: this.#in, workers: this.#options.workers, progress }).then(
      () => done(null),
      (error: unknown) => done(textOf(error)),
    )
  }

  #heldOf(blob: Hash): Held {
    const held = this.#held.get(blob) ?? { own: null, adopted: null }
    this.#held.set(blob, held)
    return held
  }

  #upload(link: Link): Upload | null {
    if (!(link instanceof LinkCore)) return null
    const lost = ({ blob, loose }: Source, index: number, reason: string): void =>
      loose ? this.loose.unreadable(blob, index, reason) : this.onLost(blob, reason)
    const upload = this.#uploads.get(link) ?? new Upload({ link, pool: this.#out, lost })
    this.#uploads.set(link, upload)
    return upload
  }

  #download(link: Link): Download | null {
    if (!(link instanceof LinkCore)) return null
    const known = this.#downloads.get(link)
    if (known !== undefined) return known
    const download = new Download({
      link,
      pool: this.#in,
      workers: this.#options.workers,
      waste: (sizeBytes) => this.#wasteOf(sizeBytes),
      unwritable: ({ blob, loose }, error) => {
        if (loose) this.loose.unwritable(blob, textOf(error))
        else this.onLost(blob, `cannot write ${this.#parts.get(blob)?.target}: ${textOf(error)}`)
      },
    })
    this.#downloads.set(link, download)
    return download
  }

  /** All links share it: nobody reads it. */
  #wasteOf(sizeBytes: number): Uint8Array {
    if (this.#waste.length < sizeBytes) this.#waste = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes))
    return this.#waste
  }

  #inTurn(blob: Hash, action: () => Promise<void>): void {
    const before = this.#turns.get(blob) ?? Promise.resolve()
    const turn = before.then(action).finally(() => {
      if (this.#turns.get(blob) === turn) this.#turns.delete(blob)
    })
    this.#turns.set(blob, turn)
  }

  get #blobFolder(): string {
    return join(this.#options.stateDirectory, 'blobs')
  }

  #ownPath(blob: Hash): string {
    return join(this.#blobFolder, blob)
  }
}
