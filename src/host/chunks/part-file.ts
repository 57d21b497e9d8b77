/**
 * A file that is being written, chunk by chunk at their places: a sparse `.part` beside its target until it is whole.
 * Invariant: `written` chunks were verified; `synced` ones are durable and in the resume state; the target appears only
 * whole, and takes an existing file's place only where that was asked for.
 */
import { type FileHandle, link, open, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { OperationalError } from '../../../wire/errors.js'
import type { Hash } from '../../../wire/types.js'
import type { Bitmap, FileStamp, Layout } from '../../env.js'
import { errorCode, errorText } from '../durable.js'
import { chunkBytes, chunkCount, emptyBitmap, hasBit, isFull, setBit } from './layout.js'
import { readFully, writeFully } from './positional.js'
import { forgetResumeState, loadResumeState, saveResumeState, syncParent } from './resume-state.js'
import { stampOf } from './stamp.js'

/** Unsynced data is bounded in bytes and in time. */
const SYNC_BYTES = 64 << 20
const SYNC_MS = 5_000
const PART_NAMES = 100

export interface PartOptions {
  readonly blob: Hash
  readonly layout: Layout
  readonly target: string
  /** An existing target may be replaced. */
  readonly replace: boolean
  /** Folder of resume states. */
  readonly resumeFolder: string
  /** A sync in the background failed. */
  readonly failed: (error: unknown) => void
}

export class PartFile {
  readonly layout: Layout
  readonly target: string
  /** Nothing may be written any more. */
  closed = false
  readonly #options: PartOptions
  readonly #handle: FileHandle
  readonly #path: string
  readonly #file: string
  readonly #written: Bitmap
  #synced: Bitmap
  #dirtyBytes = 0
  #timer: NodeJS.Timeout | null = null
  #syncing: Promise<Bitmap> | null = null
  /** Reads and writes under way. */
  #busy = 0
  #idle: () => void = () => {}

  /** For `PartFile.open`. */
  constructor(options: PartOptions, handle: FileHandle, at: { path: string; file: string; have: Bitmap }) {
    this.#options = options
    this.layout = options.layout
    this.target = options.target
    this.#handle = handle
    this.#path = at.path
    this.#file = at.file
    this.#written = Uint8Array.from(at.have)
    this.#synced = Uint8Array.from(at.have)
  }

  /** Resumes the `.part` of an earlier run where it is still there, else begins a new one. */
  static async open(options: PartOptions): Promise<PartFile> {
    try {
      if (!options.replace) await refuseExisting(options.target)
      return (await resume(options)) ?? (await begin(options))
    } catch (error) {
      if (error instanceof OperationalError) throw error
      throw new OperationalError(`cannot write ${options.target}: ${errorText(error)}`)
    }
  }

  /** Chunks that are durable. */
  get synced(): Bitmap {
    return Uint8Array.from(this.#synced)
  }

  has(index: number): boolean {
    return hasBit(this.#written, index)
  }

  get whole(): boolean {
    return isFull(this.#written, chunkCount(this.layout))
  }

  /** Writes one verified chunk; throws what the disk says. */
  async write(index: number, chunk: Uint8Array): Promise<void> {
    await this.#use(() => writeFully(this.#handle, chunk, index * this.layout.chunkSize))
    if (this.has(index)) return
    setBit(this.#written, index)
    this.#dirtyBytes += chunk.length
    if (this.#dirtyBytes >= SYNC_BYTES) this.#syncSoon()
    else this.#timer ??= setTimeout(() => this.#syncSoon(), SYNC_MS)
  }

  /** Reads one chunk that was written, into the first bytes of `memory`. */
  async read(index: number, memory: Uint8Array): Promise<void> {
    const bytes = memory.subarray(0, chunkBytes(this.layout, index))
    await this.#use(() => readFully(this.#handle, bytes, index * this.layout.chunkSize))
  }

  /** All chunks written before this call are durable afterwards; answers which ones are. */
  async sync(): Promise<Bitmap> {
    while (this.#syncing !== null) await this.#syncing
    if (Buffer.compare(this.#written, this.#synced) === 0) return this.synced
    this.#syncing = this.#save().finally(() => {
      this.#syncing = null
    })
    return this.#syncing
  }

  /** Makes the whole file durable and puts it in its place; answers its stamp. */
  async finish(): Promise<FileStamp> {
    const { target } = this
    if (!this.whole) throw new OperationalError(`${target} is not complete yet`)
    await this.sync()
    try {
      if (this.#options.replace) await rename(this.#path, target)
      else await moveWithoutReplacing(this.#path, target)
      await syncParent(target)
      await this.close()
      await forgetResumeState(this.#options.resumeFolder, this.#options.blob)
      return await stampOf(target)
    } catch (error) {
      if (error instanceof OperationalError) throw error
      throw new OperationalError(`cannot write ${target}: ${errorText(error)}`)
    }
  }

  /** Deletes what was written. */
  async drop(): Promise<void> {
    await this.close()
    await forgetResumeState(this.#options.resumeFolder, this.#options.blob)
    await rm(this.#path, { force: true })
  }

  /** Ends it so that all that came can be resumed. */
  async leave(): Promise<void> {
    try {
      if (!this.closed) await this.sync()
    } finally {
      await this.close()
    }
  }

  /** Ends reading and writing; what was synced can be resumed. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    await this.#handle.close()
  }

  async #save(): Promise<Bitmap> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#dirtyBytes = 0
    const have = Uint8Array.from(this.#written)
    await this.#use(async () => {
      await this.#handle.sync()
      const { blob, layout, target, resumeFolder } = this.#options
      await saveResumeState(resumeFolder, blob, layout, { part: this.#path, file: this.#file, target, have })
    })
    this.#synced = have
    return Uint8Array.from(have)
  }

  #syncSoon(): void {
    if (this.closed) return
    this.sync().catch((error: unknown) => this.#options.failed(error))
  }

  async #use<T>(action: () => Promise<T>): Promise<T> {
    if (this.closed) throw new OperationalError(`${this.target} is not being written any more`)
    this.#busy++
    try {
      return await action()
    } finally {
      if (--this.#busy === 0) this.#idle()
    }
  }
}

/** Makes a finished file an unfinished one again, of which only these chunks are right: it is resumed like any other. */
export async function unfinish(options: Omit<PartOptions, 'replace' | 'failed'>, have: Bitmap): Promise<void> {
  const { blob, layout, target, resumeFolder } = options
  const part = `${target}.part`
  const handle = await open(target, 'r+')
  try {
    await handle.truncate(layout.size)
    await handle.sync()
    await saveResumeState(resumeFolder, blob, layout, { part, file: await identityOf(handle), target, have })
  } finally {
    await handle.close()
  }
  await rename(target, part)
  await syncParent(target)
}

async function resume(options: PartOptions): Promise<PartFile | null> {
  const state = await loadResumeState(options.resumeFolder, options.blob, options.layout)
  if (state === null) return null
  let handle: FileHandle
  try {
    handle = await open(state.part, 'r+')
  } catch {
    return null // moved or deleted: begin anew
  }
  const { size } = await handle.stat()
  const isOurs = (await identityOf(handle)) === state.file && size === options.layout.size
  if (isOurs && state.target === options.target) {
    return new PartFile(options, handle, { path: state.part, file: state.file, have: state.have })
  }
  await handle.close()
  // wanted elsewhere now: nothing would ever remove the old part
  if (isOurs) await rm(state.part, { force: true })
  return null
}

async function begin(options: PartOptions): Promise<PartFile> {
  const { layout, target } = options
  await refuseFullDisk(dirname(target), layout.size)
  const { handle, path } = await createPart(target)
  try {
    await handle.truncate(layout.size)
    const file = await identityOf(handle)
    const have = emptyBitmap(chunkCount(layout))
    // from now on a crash leaves a file that the next run knows
    await saveResumeState(options.resumeFolder, options.blob, layout, { part: path, file, target, have })
    return new PartFile(options, handle, { path, file, have })
  } catch (error) {
    await handle.close()
    await rm(path, { force: true })
    throw error
  }
}

/** An inode is given away again; with the time of birth it is not. */
async function identityOf(handle: FileHandle): Promise<string> {
  const { ino, birthtimeNs } = await handle.stat({ bigint: true })
  return `${ino} ${birthtimeNs}`
}

/** `<target>.part`, or with a number where another download into the same target has that. */
async function createPart(target: string): Promise<{ handle: FileHandle; path: string }> {
  for (let number = 1; number <= PART_NAMES; number++) {
    const path = number === 1 ? `${target}.part` : `${target}.${number}.part`
    try {
      return { handle: await open(path, 'wx+', 0o644), path }
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }
  throw new OperationalError(`${PART_NAMES} unfinished downloads stand beside ${target}: remove old *.part files`)
}

async function refuseExisting(target: string): Promise<void> {
  const found = await stat(target).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
  if (found !== null)
    throw new OperationalError(`${target} is already there: pick another path, or replace it with --force`)
}

async function refuseFullDisk(directory: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const free = bavail * bsize
  if (free >= sizeBytes) return
  const mib = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`
  throw new OperationalError(`the disk of ${directory} is full: ${mib(sizeBytes)} are needed, ${mib(free)} are free`)
}

async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    await refuseExisting(to)
    // a file system without hard links: there the check and the move are two steps
    return rename(from, to)
  }
  await rm(from)
}
