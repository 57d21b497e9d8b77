/**
 * A directory on a simulated machine: what users see and change. It outlives the process, as a disk does; times are the
 * machine's own, and no two changes of one file leave the same state. The marker and the trash stand beside the files.
 */
import { blake3 } from '@napi-rs/blake-hash'
import { blockSizeOf, contentId, DIGEST_BYTES } from '../../src/folder/content.js'
import { nameOf, parentOf } from '../../src/folder/path.js'
import type { Content, DiskState, FolderPath } from '../../src/folder-disk.js'

export interface SimFile {
  readonly kind: 'file'
  readonly inode: number
  readonly mtimeMs: number
  readonly executable: boolean
  readonly bytes: Uint8Array
}

export interface SimDirectory {
  readonly kind: 'directory'
  readonly inode: number
}

export type SimThing = SimFile | SimDirectory

export interface Trashed {
  readonly id: string
  readonly path: FolderPath
  readonly time: number
  readonly file: SimFile
}

export class SimTree {
  /** By path; a directory stands before what is in it. */
  readonly things = new Map<FolderPath, SimThing>()
  readonly trash: Trashed[] = [] // oldest first
  /** Id in the marker file; null: it is gone. */
  marker: string | null = null
  /** Bytes that the disk holds, trash included. */
  capacity = Number.POSITIVE_INFINITY
  /** Paths at which this disk cannot write, and how it says so. */
  readonly refusals = new Map<FolderPath, 'skipped' | 'failed'>()
  /** Called after every change with its path; the disk of the present life listens. */
  onChange: (path: FolderPath | null) => void = () => {}
  #inodes = 0
  #lastTime = 0
  #trashed = 0

  constructor(
    /** Wall time of the machine, ms since the epoch. */
    readonly wallTime: () => number,
  ) {}

  // ---- what users do; each throws where a real disk would refuse

  /** Writes a whole file in place, with the directories above it. */
  write(path: FolderPath, bytes: Uint8Array | string): void {
    const old = this.things.get(path)
    if (old?.kind === 'directory') throw new Error(`EISDIR: ${path}`)
    this.makeParents(path)
    this.put(path, {
      kind: 'file',
      inode: old?.inode ?? this.newInode(),
      mtimeMs: this.newTime(),
      executable: old?.executable ?? false,
      bytes: bytesOf(bytes),
    })
  }

  /** As most editors save: a new file takes the place of the old. */
  save(path: FolderPath, bytes: Uint8Array | string): void {
    const executable = this.fileAt(path)?.executable ?? false
    if (this.things.get(path)?.kind === 'directory') throw new Error(`EISDIR: ${path}`)
    this.makeParents(path)
    this.put(path, {
      kind: 'file',
      inode: this.newInode(),
      mtimeMs: this.newTime(),
      executable,
      bytes: bytesOf(bytes),
    })
  }

  append(path: FolderPath, bytes: Uint8Array | string): void {
    this.write(path, Buffer.concat([this.#file(path).bytes, bytesOf(bytes)]))
  }

  touch(path: FolderPath): void {
    this.put(path, { ...this.#file(path), mtimeMs: this.newTime() })
  }

  chmod(path: FolderPath, executable: boolean): void {
    this.put(path, { ...this.#file(path), executable })
  }

  mkdir(path: FolderPath): void {
    const old = this.things.get(path)
    if (old?.kind === 'file') throw new Error(`EEXIST: ${path}`)
    this.makeParents(path)
    if (old === undefined) this.put(path, { kind: 'directory', inode: this.newInode() })
  }

  /** A file, or a directory with all that is in it. */
  delete(path: FolderPath): void {
    this.#thing(path)
    for (const inner of [path, ...this.below(path)].reverse()) this.take(inner)
  }

  /** Moves a file (over another, if there is one) or a directory with all that is in it to a free place. */
  rename(from: FolderPath, to: FolderPath): void {
    const thing = this.#thing(from)
    const there = this.things.get(to)
    if (from === to) return
    if (to.startsWith(`${from}/`)) throw new Error(`EINVAL: ${from} into itself`)
    if (there !== undefined && (there.kind === 'directory' || thing.kind === 'directory')) {
      throw new Error(`EEXIST: ${to}`)
    }
    this.makeParents(to)
    const moved = [from, ...this.below(from)].map((path) => [path, this.#thing(path)] as const)
    for (const [path] of moved.toReversed()) this.take(path)
    for (const [path, inner] of moved) this.put(to + path.slice(from.length), inner)
  }

  /** The disk is not mounted, or somebody deleted the marker. */
  loseMarker(): void {
    this.marker = null
    this.onChange(null)
  }

  // ---- what stands there

  get paths(): readonly FolderPath[] {
    return [...this.things.keys()].toSorted()
  }

  fileAt(path: FolderPath): SimFile | undefined {
    const thing = this.things.get(path)
    return thing?.kind === 'file' ? thing : undefined
  }

  /** Text of a file, for tests. */
  read(path: FolderPath): string | null {
    const file = this.fileAt(path)
    return file === undefined ? null : Buffer.from(file.bytes).toString('latin1')
  }

  stateOf(path: FolderPath): DiskState | null {
    const thing = this.things.get(path)
    return thing === undefined ? null : stateOf(thing)
  }

  /** All paths below a directory, each after what it is in. */
  below(path: FolderPath): readonly FolderPath[] {
    return [...this.things.keys()].filter((inner) => inner.startsWith(`${path}/`)).toSorted()
  }

  get usedBytes(): number {
    const files = [...this.things.values(), ...this.trash.map(({ file }) => file)]
    return files.reduce((sum, thing) => sum + (thing.kind === 'file' ? thing.bytes.length : 0), 0)
  }

  // ---- for the disk of the present life too

  put(path: FolderPath, thing: SimThing): void {
    this.things.set(path, thing)
    this.onChange(path)
  }

  take(path: FolderPath): void {
    this.things.delete(path)
    this.onChange(path)
  }

  putIntoTrash(path: FolderPath): void {
    const file = this.#file(path)
    this.trash.push({ id: `t${++this.#trashed}`, path, time: this.wallTime(), file })
    this.take(path)
  }

  makeParents(path: FolderPath): void {
    const parent = parentOf(path)
    if (parent === null) return
    const there = this.things.get(parent)
    if (there?.kind === 'file') throw new Error(`ENOTDIR: ${parent}`)
    if (there !== undefined) return
    this.makeParents(parent)
    this.put(parent, { kind: 'directory', inode: this.newInode() })
  }

  newInode(): number {
    return ++this.#inodes
  }

  /** Later than all before it, by a millisecond at least: nobody saves two files at once. */
  newTime(): number {
    this.#lastTime = Math.max(this.wallTime(), this.#lastTime + 1)
    return this.#lastTime + 1 / 3
  }

  #file(path: FolderPath): SimFile {
    const file = this.fileAt(path)
    if (file === undefined) throw new Error(`ENOENT: ${path} (${nameOf(path)})`)
    return file
  }

  #thing(path: FolderPath): SimThing {
    const thing = this.things.get(path)
    if (thing === undefined) throw new Error(`ENOENT: ${path}`)
    return thing
  }
}

export function stateOf(thing: SimThing): DiskState {
  const { kind, inode } = thing
  if (kind === 'directory') return { kind, size: 0, mtimeMs: 0, inode, executable: false }
  return { kind, size: thing.bytes.length, mtimeMs: thing.mtimeMs, inode, executable: thing.executable }
}

export function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(blake3(bytes))
}

export function contentOf(bytes: Uint8Array): Content {
  const size = blockSizeOf(bytes.length)
  const count = Math.ceil(bytes.length / size)
  const blocks = new Uint8Array(count * DIGEST_BYTES)
  for (let index = 0; index < count; index++) {
    blocks.set(digest(bytes.subarray(index * size, (index + 1) * size)), index * DIGEST_BYTES)
  }
  return { id: contentId(blocks), size: bytes.length, blocks }
}

const bytesOf = (given: Uint8Array | string): Uint8Array =>
  typeof given === 'string' ? new Uint8Array(Buffer.from(given, 'latin1')) : new Uint8Array(given)
