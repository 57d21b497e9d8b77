/**
 * The disk of a shared folder in memory, for one life of a simulated peer: a thread that carries out calls in order,
 * each after a time of its own, and a watcher that reports what users changed once it is quiet. What was under way at a
 * crash is gone; the tree stays, as far as it had got.
 */

import type { Link } from '../../src/env.js'
import { blockBytes } from '../../src/folder/content.js'
import {
  type Assembly,
  type BlocksOutcome,
  type DiskState,
  type FolderDisk,
  type FolderHooks,
  type FolderPath,
  isSameState,
  MAX_ASSEMBLIES,
  MAX_TRASH_LISTED,
  type Opening,
  type Piece,
  type RemoveOutcome,
  type TrashItem,
  type WantedBlock,
  type WriteJob,
  type WriteOutcome,
} from '../../src/folder-disk.js'
import { assembled, BlockReader, type Gathered, hashAt, readBlock, serveBlocks } from './folder-blocks.js'
import { FolderThread } from './folder-thread.js'
import type { SimTree } from './folder-tree.js'
import { FolderWatch } from './folder-watch.js'
import { SimLink } from './link.js'
import type { SimProcess } from './process.js'
import type { Random } from './random.js'

const RESCAN_MS = 60_000
const RENAME_MS = 0.2

export interface FolderDiskOptions {
  readonly tree: SimTree
  readonly process: SimProcess
  readonly random: Random
  /** Mean time of an fsync. */
  readonly syncMs?: number
  /** Share of changes of which the system says nothing: the next scan finds them. */
  readonly missedEvents?: number
  readonly rescanMs?: number
  /** Share of requests that are served with wrong bytes. */
  readonly badBlocks?: () => number
  /** Called right after each change that this disk made by itself: the moment for a crash or an edit that hurts. */
  readonly onOwn?: (path: FolderPath) => void
}

export class SimFolderDisk implements FolderDisk {
  readonly root = '/folder'
  readonly #tree: SimTree
  readonly #readers = new Map<SimLink, BlockReader>()
  readonly #assemblies = new Set<Gathered>()
  readonly #thread: FolderThread
  /** From an opening until the next loss or closing. */
  #watch: FolderWatch | null = null

  constructor(private readonly options: FolderDiskOptions) {
    this.#tree = options.tree
    this.#thread = new FolderThread(options.process, options.random)
  }

  open(
    marker: string | null,
    known: Iterable<readonly [path: FolderPath, state: DiskState]>,
    hooks: FolderHooks,
    done: (opening: Opening) => void,
    adopt = false,
  ): void {
    const agreed = new Map(known)
    this.#thread.ask(1, () => {
      const opening = this.#opening(marker, adopt)
      this.#thread.tell(() => done(opening))
      if ('error' in opening) return
      this.#watch?.stop()
      this.#watch = new FolderWatch({
        tree: this.#tree,
        thread: this.#thread,
        hooks,
        agreed: opening.was === 'same' ? agreed : new Map(),
        missedEvents: this.options.missedEvents ?? 0,
        rescanMs: this.options.rescanMs ?? RESCAN_MS,
      })
    })
  }

  close(done: () => void): void {
    this.#thread.close()
    for (const gathered of [...this.#assemblies]) this.#over(gathered)
    this.#watch?.stop()
    this.#thread.ask(0, () => this.#thread.tell(done))
  }

  rescan(): void {
    this.#thread.ask(1, () => this.#watch?.scan())
  }

  assemble(job: WriteJob): Assembly {
    if (this.#assemblies.size >= MAX_ASSEMBLIES) throw new Error('too many assemblies are open')
    const gathered: Gathered = {
      job,
      blocks: new Map(),
      copy: (blocks, done) => {
        this.#thread.ask(0.1 * blocks.length, () => {
          const missing = blocks.filter(({ index, from }) => {
            const size = blockBytes(job.content.size, index)
            const bytes = readBlock(this.#tree, from, size, hashAt(job.content.blocks, index))
            if (bytes !== null) gathered.blocks.set(index, bytes)
            return bytes === null
          })
          this.#thread.tell(() => done(missing.map(({ index }) => index)))
        })
      },
      finish: (done) => this.#finish(gathered, done),
      drop: () => this.#over(gathered),
    }
    this.#assemblies.add(gathered)
    return gathered
  }

  fetch(
    link: Link,
    blocks: readonly WantedBlock[],
    stallMs: number,
    progress: (bytes: number) => void,
    done: (outcome: BlocksOutcome) => void,
  ): void {
    this.#reader(simulated(link)).ask({ blocks, stallMs, progress, done })
  }

  serve(link: Link, request: number, pieces: readonly Piece[]): void {
    const { random, badBlocks } = this.options
    this.#thread.ask(0.3, () => {
      const spoil = badBlocks !== undefined && random.chance(badBlocks())
      serveBlocks(this.#tree, simulated(link), request, pieces, spoil)
    })
  }

  makeDirectory(path: FolderPath, replaces: DiskState | null, done: (outcome: WriteOutcome) => void): void {
    this.#thread.ask(0.1, () => {
      if (this.#tree.things.get(path)?.kind === 'directory') return this.#written(this.#agree(path), done)
      const cleared = this.#clear(path, replaces)
      const wrong = cleared ?? this.#unwritable(path, null)
      if (wrong !== null && cleared === null) this.#watch?.mistaken(path, replaces)
      if (wrong !== null) return this.#thread.tell(() => done(wrong))
      this.#written(
        this.#own(path, () => this.#tree.mkdir(path)),
        done,
      )
    })
  }

  remove(path: FolderPath, expected: DiskState, done: (outcome: RemoveOutcome) => void): void {
    this.#thread.ask(0.1, () => {
      const isThere = this.#tree.things.has(path)
      const wrong = isThere ? this.#clear(path, expected) : null
      if (!isThere) this.#agree(path)
      this.#thread.tell(() => done(wrong ?? { outcome: 'ok' }))
    })
  }

  setExecutable(
    path: FolderPath,
    expected: DiskState,
    executable: boolean,
    done: (outcome: WriteOutcome) => void,
  ): void {
    this.#thread.ask(0.1, () => {
      const wrong = this.#unwritable(path, expected)
      if (wrong !== null) return this.#thread.tell(() => done(wrong))
      this.#written(
        this.#own(path, () => this.#tree.chmod(path, executable)),
        done,
      )
    })
  }

  trash(done: (items: readonly TrashItem[]) => void): void {
    this.#thread.ask(0.2, () => {
      const newest = this.#tree.trash.slice(-MAX_TRASH_LISTED).toReversed()
      const items = newest.map(({ id, path, time, file }) => ({ id, path, size: file.bytes.length, time }))
      this.#thread.tell(() => done(items))
    })
  }

  restore(id: string, done: (error: string | null) => void): void {
    this.#user(done, () => {
      const place = this.#tree.trash.findIndex((item) => item.id === id)
      const item = this.#tree.trash[place]
      if (item === undefined) throw new Error('nothing like that is in the trash')
      if (this.#tree.things.has(item.path)) this.#tree.putIntoTrash(item.path)
      this.#tree.makeParents(item.path)
      this.#tree.trash.splice(place, 1)
      this.#tree.put(item.path, item.file)
    })
  }

  rename(from: FolderPath, to: FolderPath, replace: boolean, done: (error: string | null) => void): void {
    this.#user(done, () => {
      if (this.#tree.things.has(to)) {
        if (!replace) throw new Error(`${to} is there already`)
        this.#tree.putIntoTrash(to)
      }
      this.#tree.rename(from, to)
    })
  }

  discard(path: FolderPath, done: (error: string | null) => void): void {
    this.#user(done, () => this.#tree.putIntoTrash(path))
  }

  #user(done: (error: string | null) => void, action: () => void): void {
    this.#thread.ask(0.1, () => {
      let wrong: string | null = null
      try {
        action()
      } catch (error) {
        wrong = error instanceof Error ? error.message : String(error)
      }
      this.#thread.tell(() => done(wrong))
    })
  }

  // ---- opening

  #opening(marker: string | null, adopt: boolean): Opening {
    const there = this.#tree.marker
    if (there !== null) return { marker: there, was: there === marker ? 'same' : 'other' }
    if (marker !== null && !adopt) return { error: 'the marker of the folder is gone: is its disk mounted?' }
    const made = Buffer.from(this.options.random.bytes(16)).toString('hex')
    this.#tree.marker = made
    return { marker: made, was: marker === null ? 'new' : 'other' }
  }

  // ---- writing

  /** Two steps, between which a crash leaves the old file in the trash and nothing in its place. */
  #finish(gathered: Gathered, done: (outcome: WriteOutcome) => void): void {
    const { path, mtimeMs, executable } = gathered.job
    let wrong: Refused | null = null
    const bytes = assembled(gathered)
    if (bytes === null) throw new Error(`${path} was finished with blocks missing`)
    this.#over(gathered)
    this.#thread.ask(this.options.random.exponential(this.options.syncMs ?? 2), () => {
      wrong = this.#hasRoom(bytes.length)
        ? this.#clear(path, gathered.job.replaces)
        : { outcome: 'full', reason: 'the disk is full' }
    })
    this.#thread.ask(RENAME_MS, () => {
      const refused = wrong ?? this.#unwritable(path, null)
      if (wrong === null && refused !== null) this.#watch?.mistaken(path, gathered.job.replaces)
      if (refused !== null) return this.#thread.tell(() => done(refused))
      const file = { kind: 'file', inode: this.#tree.newInode(), mtimeMs, executable, bytes } as const
      const state = this.#own(path, () => {
        this.#tree.makeParents(path)
        this.#tree.put(path, file)
      })
      this.#written(state, done)
    })
  }

  #written(state: DiskState | null, done: (outcome: WriteOutcome) => void): void {
    if (state === null) throw new Error('what was written is not there')
    this.#thread.tell(() => done({ outcome: 'ok', state }))
  }

  /** Makes way: what is expected there goes to the trash, or away where it is an empty directory. */
  #clear(path: FolderPath, expected: DiskState | null): Refused | null {
    const wrong = this.#unwritable(path, expected)
    if (wrong !== null || expected === null) return wrong
    if (expected.kind === 'file') this.#own(path, () => this.#tree.putIntoTrash(path))
    else if (this.#tree.below(path).length > 0) return { outcome: 'skipped', reason: 'the directory is not empty' }
    else this.#own(path, () => this.#tree.take(path))
    return null
  }

  #unwritable(path: FolderPath, expected: DiskState | null): Refused | null {
    const tree = this.#tree
    const refusal = tree.refusals.get(path)
    if (refusal !== undefined) return { outcome: refusal, reason: 'this disk refuses it' }
    if (tree.marker === null) return { outcome: 'failed', reason: 'the marker of the folder is gone' }
    const inTheWay = [...ancestors(path)].some((above) => tree.things.get(above)?.kind === 'file')
    if (inTheWay) return { outcome: 'failed', reason: 'a file stands where its directory should be' }
    if (!isSameState(tree.stateOf(path), expected)) return { outcome: 'changed', reason: 'it was changed meanwhile' }
    return null
  }

  /** Answers what stands there then, whatever users do right after. */
  #own(path: FolderPath, action: () => void): DiskState | null {
    if (this.#watch === null) action()
    else this.#watch.own(path, action)
    const state = this.#agree(path)
    this.options.onOwn?.(path)
    return state
  }

  #agree(path: FolderPath): DiskState | null {
    return this.#watch === null ? this.#tree.stateOf(path) : this.#watch.agree(path)
  }

  #over(gathered: Gathered): void {
    gathered.blocks.clear()
    this.#assemblies.delete(gathered)
  }

  #hasRoom(bytes: number): boolean {
    return this.#tree.usedBytes + bytes <= this.#tree.capacity
  }

  #reader(link: SimLink): BlockReader {
    let reader = this.#readers.get(link)
    if (reader === undefined) {
      reader = new BlockReader(link, this.#thread, (bytes) => this.#hasRoom(bytes))
      this.#readers.set(link, reader)
      link.bulk = reader
    }
    return reader
  }
}

type Refused = Extract<WriteOutcome, { readonly reason: string }>

function simulated(link: Link): SimLink {
  if (!(link instanceof SimLink)) throw new Error('not a link of the simulator')
  return link
}

function* ancestors(path: FolderPath): Generator<FolderPath> {
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) yield path.slice(0, slash)
}
