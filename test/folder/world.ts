/** A few indexes that tell each other what they know, over a clock and a store in memory. */
import type { Store, StoreOperation, Table } from '../../src/env.js'
import { contentId } from '../../src/folder/content.js'
import type { IndexOptions } from '../../src/folder/contract.js'
import type { Entry } from '../../src/folder/entry.js'
import { FolderIndex } from '../../src/folder/index.js'
import type { Content, DiskState, FolderPath, Seen } from '../../src/folder-disk.js'
import { sha256, sha256Bytes } from '../../wire/hash.js'
import type { PeerId } from '../../wire/types.js'

export const NOON = Date.UTC(2026, 10, 21, 12)

export const peerOf = (name: string): PeerId => sha256(Buffer.from(name)) as PeerId

/** One block for a text, several for a list of them (128 KiB each but the last, as far as sizes tell). */
export function contentOf(bytes: string | readonly string[], size?: number): Content {
  const parts = typeof bytes === 'string' ? (bytes === '' ? [] : [bytes]) : bytes
  const blocks = new Uint8Array(Buffer.concat(parts.map((part) => sha256Bytes(Buffer.from(part)))))
  const whole = typeof bytes === 'string' ? Buffer.byteLength(bytes) : (parts.length - 1) * 131_072 + 10
  return { id: contentId(blocks), size: size ?? whole, blocks }
}

export class MemoryStore implements Store {
  readonly rows = new Map<string, Uint8Array>()
  writes = 0
  #done: (() => void)[] = []

  get(table: Table, key: string): Uint8Array | undefined {
    return this.rows.get(`${table} ${key}`)
  }

  entries(table: Table): Iterable<readonly [string, Uint8Array]> {
    return [...this.rows]
      .filter(([key]) => key.startsWith(`${table} `))
      .map(([key, value]) => [key.slice(table.length + 1), value] as const)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }

  write(operations: readonly StoreOperation[], done?: () => void): void {
    this.writes++
    for (const operation of operations) {
      if ('put' in operation) this.rows.set(`${operation.put} ${operation.key}`, operation.value)
      else this.rows.delete(`${operation.remove} ${operation.key}`)
    }
    if (done !== undefined) this.#done.push(done)
  }

  /** What was written is durable, and so is what is written then. */
  settle(): void {
    for (let done = this.#done.shift(); done !== undefined; done = this.#done.shift()) done()
  }
}

export class Clock {
  readonly #waiting = new Set<() => void>()

  constructor(public ms = NOON) {}

  after(_delayMs: number, fn: () => void): () => void {
    const waiting = () => fn()
    this.#waiting.add(waiting)
    return () => void this.#waiting.delete(waiting)
  }

  /** Whatever waits now has waited long enough. */
  pass(): void {
    for (const waiting of [...this.#waiting]) if (this.#waiting.delete(waiting)) waiting()
  }
}

let inode = 0

export function fileState(content: Content, mtimeMs: number, executable = false): DiskState {
  return { kind: 'file', size: content.size, mtimeMs, inode: ++inode, executable }
}

export const directoryState = (): DiskState => ({
  kind: 'directory',
  size: 0,
  mtimeMs: 0,
  inode: ++inode,
  executable: false,
})

/** One peer's index, and what it asked its exchange to do. */
export class Peer {
  readonly id: PeerId
  readonly index: FolderIndex
  readonly told: { path: FolderPath; was: Entry | null; from: PeerId | null }[] = []
  readonly warnings: string[] = []
  readonly asked: FolderPath[] = []

  constructor(
    readonly name: string,
    readonly clock = new Clock(),
    options: IndexOptions = { mode: 'both' },
    readonly store: Store = new MemoryStore(),
  ) {
    this.id = peerOf(name)
    const identity = { id: this.id, publicKey: new Uint8Array(32), name, bootNonce: new Uint8Array(8), startTime: 0 }
    const after = (delayMs: number, fn: () => void) => clock.after(delayMs, fn)
    this.index = new FolderIndex({ store, after, wallTime: () => clock.ms, identity }, options, {
      changed: (path, was, from) => this.told.push({ path, was, from }),
      needChanged: (path) => this.asked.push(path),
      warn: (text) => this.warnings.push(text),
    })
  }

  /** Loaded, its folder open and scanned. */
  open(marker = 'marker', isOther = false): this {
    this.index.load()
    this.index.opened(marker, isOther)
    this.index.scanned()
    return this
  }

  write(path: FolderPath, bytes: string | readonly string[], executable = false, mtimeMs = this.clock.ms): DiskState {
    const content = contentOf(bytes)
    const state = fileState(content, mtimeMs, executable)
    this.see({ path, state, content })
    return state
  }

  mkdir(path: FolderPath): void {
    this.see({ path, state: directoryState(), content: null })
  }

  remove(path: FolderPath): void {
    this.see({ path, state: null })
  }

  see(...changes: Seen[]): void {
    this.index.local(changes)
  }

  best(path: FolderPath): Entry | undefined {
    return this.index.get(path)?.best
  }

  /** Takes one best entry of another peer. */
  hear(from: Peer, path: FolderPath) {
    return this.index.remote(from.best(path)!, from.id)
  }

  /** Takes all that another peer knows. */
  hearAll(from: Peer): void {
    for (let bucket = 0; bucket < 256; bucket++) for (const path of from.index.bucket(bucket)) this.hear(from, path)
  }

  /** The disk does what is needed at a path, as long as it may be done. */
  work(path: FolderPath): void {
    const need = this.index.need(path)
    if (need === null || (need.here !== null && this.index.isSourceForOther(path))) return
    const { best, kind } = need
    if (kind === 'remove') this.index.applied(best, null)
    else if (kind === 'directory') this.index.applied(best, directoryState())
    else this.index.applied(best, { ...fileState(contentOf(''), best.mtimeMs, best.executable), size: best.size })
  }

  /** All that can be done, until nothing is left that can. */
  workAll(): void {
    for (let left = -1; left !== this.index.totals().needItems; ) {
      left = this.index.totals().needItems
      for (const path of [...this.index.needs()]) this.work(path)
    }
  }
}

/** Until nobody has anything new: each hears all of each other one. */
export function gossip(peers: readonly Peer[], rounds = 16): void {
  for (let round = 0; round < rounds; round++) {
    for (const to of peers) for (const from of peers) if (to !== from) to.hearAll(from)
    const [first, ...others] = peers.map(({ index }) => Buffer.from(index.digests()).toString('hex'))
    if (others.every((digests) => digests === first)) return
  }
  throw new Error(`the indexes still differ after ${rounds} rounds`)
}
