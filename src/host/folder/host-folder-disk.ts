/**
 * The folder's disk: its worker thread scans and writes (folder-worker.ts); bytes go between links and worker in shared
 * memory. Invariant: memory for what comes in and for what goes out is bounded, whatever peers do.
 */
import { resolve } from 'node:path'
import { assert } from '../../../wire/errors.js'
import { CHUNK_BYTES } from '../../../wire/limits.js'
import { LinkCore } from '../../../wire/link-core.js'
import type { Link, LogLevel } from '../../env.js'
import {
  type Assembly,
  type BlocksOutcome,
  type DiskState,
  type FolderDisk,
  type FolderHooks,
  type FolderPath,
  MAX_ASSEMBLIES,
  type Opening,
  type Piece,
  type RemoveOutcome,
  type TrashItem,
  type WantedBlock,
  type WriteJob,
  type WriteOutcome,
} from '../../folder-disk.js'
import { MemoryPool } from '../chunks/memory-pool.js'
import { BlockDownload } from './block-download.js'
import { BlockUpload } from './block-upload.js'
import { FolderThread } from './folder-thread.js'
import { HostAssembly, written } from './host-assembly.js'
import { ScanCalls } from './scan-calls.js'
import type { FromThread } from './thread-messages.js'
import { WriteCalls } from './write-calls.js'

const IN_BYTES = 32 << 20
const OUT_BYTES = 32 << 20
/** A thread that dies so often within `DEATHS_MS` dies of itself. */
const MAX_DEATHS = 3
const DEATHS_MS = 60_000

export interface HostFolderDiskOptions {
  /** The folder, or the one file that is shared. */
  readonly root: string
  /** It is the folder of this peer from now on. */
  readonly opened?: () => void
  readonly fatal: (reason: string) => void
  readonly log: (level: LogLevel, text: string) => void
}

export class HostFolderDisk implements FolderDisk {
  readonly root: string
  readonly #options: HostFolderDiskOptions
  readonly #thread: FolderThread
  readonly #scan: ScanCalls
  readonly #calls: WriteCalls
  readonly #in = new MemoryPool(IN_BYTES, (sizeBytes) => new SharedArrayBuffer(sizeBytes))
  readonly #out = new MemoryPool(OUT_BYTES, (sizeBytes) => new SharedArrayBuffer(sizeBytes))
  readonly #downloads = new WeakMap<Link, BlockDownload>()
  readonly #uploads = new WeakMap<Link, BlockUpload>()
  readonly #assemblies = new Set<HostAssembly>() // at most MAX_ASSEMBLIES
  #serial = 0
  #waste = new Uint8Array(0)
  readonly #diedAtMs: number[] = [] // at most MAX_DEATHS

  constructor(options: HostFolderDiskOptions) {
    this.#options = options
    this.root = resolve(options.root)
    this.#thread = new FolderThread(this.root, {
      receive: (message) => this.#receive(message),
      ended: (reason) => this.#ended(reason),
    })
    this.#scan = new ScanCalls((request) => this.#thread.send(request))
    this.#calls = new WriteCalls((request) => this.#thread.send(request))
  }

  open(
    marker: string | null,
    known: Iterable<readonly [path: FolderPath, state: DiskState]>,
    hooks: FolderHooks,
    done: (opening: Opening) => void,
    adopt = false,
  ): void {
    const opened = (opening: Opening): void => {
      if ('marker' in opening) this.#options.opened?.()
      done(opening)
    }
    this.#scan.open(marker, known, hooks, opened, adopt)
  }

  close(done: () => void): void
  /** For the host: what was asked before is written, then the thread ends. */
  close(): Promise<void>
  close(done?: () => void): Promise<void> | undefined {
    for (const assembly of this.#assemblies) assembly.drop()
    if (done === undefined) return this.#end()
    this.#scan.close(done)
    return undefined
  }

  rescan(): void {
    this.#scan.rescan()
  }

  assemble(job: WriteJob): Assembly {
    assert(this.#assemblies.size < MAX_ASSEMBLIES, 'at most MAX_ASSEMBLIES are open at once')
    const assembly = new HostAssembly(++this.#serial, job, this.#calls, () => this.#assemblies.delete(assembly))
    this.#assemblies.add(assembly)
    return assembly
  }

  fetch(
    link: Link,
    blocks: readonly WantedBlock[],
    stallMs: number,
    progress: (bytes: number) => void,
    done: (outcome: BlocksOutcome) => void,
  ): void {
    const wanted = blocks.map(({ assembly, index }) => {
      assert(assembly instanceof HostAssembly && assembly.sizeOf(index) > 0, 'blocks are those of our assemblies')
      return { assembly, index }
    })
    const download = this.#download(link)
    if (download !== null) download.fetch({ blocks: wanted, stallMs, progress, done })
    else setImmediate(() => done('lost'))
  }

  serve(link: Link, request: number, pieces: readonly Piece[]): void {
    this.#upload(link)?.serve(request, pieces)
  }

  /** A `folderBlocksRefused` came; false where nothing was fetched on that link. */
  refused(link: Link, request: number, missing: readonly number[]): boolean {
    const download = this.#downloads.get(link)
    download?.refused(request, missing)
    return download !== undefined
  }

  makeDirectory(path: FolderPath, replaces: DiskState | null, done: (outcome: WriteOutcome) => void): void {
    this.#calls.call<'makeDirectory'>({ kind: 'makeDirectory', path, replaces }, (outcome) => done(written(outcome)))
  }

  remove(path: FolderPath, expected: DiskState, done: (outcome: RemoveOutcome) => void): void {
    this.#calls.call<'remove'>({ kind: 'remove', path, expected }, done)
  }

  setExecutable(
    path: FolderPath,
    expected: DiskState,
    executable: boolean,
    done: (outcome: WriteOutcome) => void,
  ): void {
    const call = { kind: 'setExecutable', path, expected, executable } as const
    this.#calls.call<'setExecutable'>(call, (outcome) => done(written(outcome)))
  }

  trash(done: (items: readonly TrashItem[]) => void): void {
    this.#calls.call<'trash'>({ kind: 'trash' }, done)
  }

  restore(id: string, done: (error: string | null) => void): void {
    this.#calls.call<'restore'>({ kind: 'restore', id }, done)
  }

  rename(from: FolderPath, to: FolderPath, replace: boolean, done: (error: string | null) => void): void {
    this.#calls.call<'rename'>({ kind: 'rename', from, to, replace }, done)
  }

  discard(path: FolderPath, done: (error: string | null) => void): void {
    this.#calls.call<'discard'>({ kind: 'discard', path }, done)
  }

  async #end(): Promise<void> {
    await new Promise<void>((resolve) => this.#scan.close(resolve))
    await this.#thread.end()
  }

  #receive(message: FromThread): void {
    if (message.kind === 'answer') this.#calls.receive(message)
    else if (message.kind === 'warning') this.#options.log('warn', message.text)
    else this.#scan.receive(message)
  }

  /** The folder counts as lost, and opening it again starts another thread. */
  #ended(reason: string): void {
    this.#options.log('error', `the thread of the shared folder died: ${reason}`)
    for (const assembly of this.#assemblies) assembly.drop()
    this.#calls.ended(reason)
    this.#scan.ended(reason)
    this.#diedAtMs.push(performance.now())
    if (this.#diedAtMs.length < MAX_DEATHS) return
    const first = this.#diedAtMs.shift() ?? 0
    if (performance.now() - first > DEATHS_MS) return
    this.#options.fatal(`the thread of the shared folder died again and again (${reason})`)
  }

  #download(link: Link): BlockDownload | null {
    if (!(link instanceof LinkCore)) return null
    const waste = (sizeBytes: number): Uint8Array => this.#wasteOf(sizeBytes)
    const download = this.#downloads.get(link) ?? new BlockDownload({ link, pool: this.#in, calls: this.#calls, waste })
    this.#downloads.set(link, download)
    return download
  }

  #upload(link: Link): BlockUpload | null {
    if (!(link instanceof LinkCore)) return null
    const upload = this.#uploads.get(link) ?? new BlockUpload({ link, pool: this.#out, calls: this.#calls })
    this.#uploads.set(link, upload)
    return upload
  }

  /** All links share it: nobody reads it. */
  #wasteOf(sizeBytes: number): Uint8Array {
    if (this.#waste.length < sizeBytes) this.#waste = new Uint8Array(Math.min(CHUNK_BYTES, sizeBytes))
    return this.#waste
  }
}
