/**
 * The index in the store: table `folder` holds a record for each path, and under `/` and its id the block hashes of each
 * content of several blocks (no path begins with `/`); table `meta` the marker of the folder and when we were last there.
 * Writes gather while one is under way, in a burst for a while longer, so that it is few transactions. What is lost in a crash
 * is found again by the next scan or told again by others.
 */
import { ProtocolError } from '../../wire/errors.js'
import { isHash } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { Cancel, Env, StoreOperation } from '../env.js'
import type { FolderPath } from '../folder-disk.js'
import type { Known } from './entry.js'
import { shapeFault } from './entry-check.js'
import { decodeKnown, encodeKnown } from './record.js'

const MARKER = 'folder.marker'
const LAST_THERE = 'folder.last-there'
const BLOCKS = '/'
/** Records in one write: encoding them is some 20 ms. */
const MAX_BATCH = 2048
/** A write of so many records is part of a burst: the next one comes so much later, unless it is full before. What a crash
 * loses of the versions that stood here makes conflicts of later edits, so single changes do not wait. */
const BURST = 64
const GATHER_MS = 250

export interface Stored {
  readonly marker: string | null
  /** Ms since the epoch; null where never. */
  readonly lastThereMs: number | null
  readonly paths: readonly Known[]
  readonly blocks: ReadonlyMap<Hash, Uint8Array>
  /** Records that could not be read, and are gone now. */
  readonly damaged: number
}

export class IndexStore {
  readonly #env: Pick<Env, 'store' | 'after'>
  readonly #store: Env['store']
  readonly #knownOf: (path: FolderPath) => Known | undefined
  /** To be written: as much as the index holds at most. */
  readonly #paths = new Set<FolderPath>()
  readonly #others = new Map<string, StoreOperation>()
  /** Written with the last of the paths: what they say must be of the folder whose marker it is. */
  #marker: StoreOperation | null = null
  #isWriting = false
  #gathering: Cancel | null = null

  constructor(env: Pick<Env, 'store' | 'after'>, knownOf: (path: FolderPath) => Known | undefined) {
    this.#env = env
    this.#store = env.store
    this.#knownOf = knownOf
  }

  load(): Stored {
    const paths: Known[] = []
    const blocks = new Map<Hash, Uint8Array>()
    const damaged: StoreOperation[] = []
    for (const [key, value] of this.#store.entries('folder')) {
      const id = key.slice(BLOCKS.length)
      const known = key.startsWith(BLOCKS) ? null : readKnown(key, value)
      if (known !== null) paths.push(known)
      else if (key.startsWith(BLOCKS) && isHash(id)) blocks.set(id, value)
      else damaged.push({ remove: 'folder', key })
    }
    if (damaged.length > 0) this.#store.write(damaged)
    const marker = this.#store.get('meta', MARKER)
    const lastThere = this.#store.get('meta', LAST_THERE)
    return {
      marker: marker === undefined ? null : Buffer.from(marker).toString(),
      lastThereMs: lastThere?.length === 8 ? Buffer.from(lastThere).readDoubleBE() : null,
      paths,
      blocks,
      damaged: damaged.length,
    }
  }

  setMarker(marker: string | null): void {
    const value = marker === null ? null : new Uint8Array(Buffer.from(marker))
    this.#marker = value === null ? { remove: 'meta', key: MARKER } : { put: 'meta', key: MARKER, value }
    this.#stopGathering()
    this.#next()
  }

  setLastThere(wallTimeMs: number): void {
    const value = new Uint8Array(8)
    new DataView(value.buffer).setFloat64(0, wallTimeMs)
    this.#write({ put: 'meta', key: LAST_THERE, value })
  }

  /** What is known of this path changed; it is written as it is then. */
  changed(path: FolderPath): void {
    this.#paths.add(path)
    this.#next()
  }

  setBlocks(id: Hash, blocks: Uint8Array | null): void {
    const key = BLOCKS + id
    this.#write(blocks === null ? { remove: 'folder', key } : { put: 'folder', key, value: blocks })
  }

  /** Hands all that waits to the store. */
  flush(): void {
    this.#stopGathering()
    while (!this.#isEmpty) this.#store.write(this.#take())
  }

  #write(operation: StoreOperation): void {
    this.#others.set(operation.key, operation)
    this.#next()
  }

  #next(): void {
    if (this.#isWriting || this.#gathering !== null || this.#isEmpty) return
    this.#isWriting = true
    const operations = this.#take()
    this.#store.write(operations, () => {
      this.#isWriting = false
      if (operations.length >= BURST && this.#paths.size < MAX_BATCH) this.#gather()
      else this.#next()
    })
  }

  get #isEmpty(): boolean {
    return this.#paths.size === 0 && this.#others.size === 0 && this.#marker === null
  }

  #stopGathering(): void {
    this.#gathering?.()
    this.#gathering = null
  }

  #gather(): void {
    this.#gathering = this.#env.after(GATHER_MS, () => {
      this.#gathering = null
      this.#next()
    })
  }

  #take(): readonly StoreOperation[] {
    const operations = [...this.#others.values()]
    this.#others.clear()
    for (const path of this.#paths) {
      if (operations.length >= MAX_BATCH) break
      this.#paths.delete(path)
      const known = this.#knownOf(path)
      operations.push(
        known === undefined ? { remove: 'folder', key: path } : { put: 'folder', key: path, value: encodeKnown(known) },
      )
    }
    if (this.#paths.size === 0 && this.#marker !== null) {
      operations.push(this.#marker)
      this.#marker = null
    }
    return operations
  }
}

function readKnown(key: string, value: Uint8Array): Known | null {
  try {
    const known = decodeKnown(value)
    if (known === null) return null
    const versions = known.here === null ? [known.best] : [known.best, known.here.version]
    return versions.every((version) => version.path === key && shapeFault(version) === null) ? known : null
  } catch (error) {
    if (error instanceof ProtocolError) return null
    throw error
  }
}
