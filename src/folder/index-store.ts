/**
 * The index in the store: table `folder` holds a record for each path, and under `/` and its id the block hashes of each
 * content of several blocks (no path begins with `/`); table `meta` the marker of the folder and when we were last there.
 * Writes gather while one is under way, so that a burst of changes is few transactions. What is lost in a crash is found
 * again by the next scan or told again by others.
 */
import { ProtocolError } from '../../wire/errors.js'
import { isHash } from '../../wire/hash.js'
import type { Hash } from '../../wire/types.js'
import type { Env, StoreOperation } from '../env.js'
import type { FolderPath } from '../folder-disk.js'
import type { Known } from './entry.js'
import { shapeFault } from './entry-check.js'
import { decodeKnown, encodeKnown } from './record.js'

const MARKER = 'folder.marker'
const LAST_THERE = 'folder.last-there'
const BLOCKS = '/'
/** Records in one write: encoding them is some 20 ms. */
const MAX_BATCH = 2048

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
  readonly #store: Env['store']
  readonly #knownOf: (path: FolderPath) => Known | undefined
  /** To be written: as much as the index holds at most. */
  readonly #paths = new Set<FolderPath>()
  readonly #others = new Map<string, StoreOperation>()
  #isWriting = false

  constructor(store: Env['store'], knownOf: (path: FolderPath) => Known | undefined) {
    this.#store = store
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
    this.#write(value === null ? { remove: 'meta', key: MARKER } : { put: 'meta', key: MARKER, value })
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
    while (this.#paths.size > 0 || this.#others.size > 0) this.#store.write(this.#take())
  }

  #write(operation: StoreOperation): void {
    this.#others.set(operation.key, operation)
    this.#next()
  }

  #next(): void {
    if (this.#isWriting || (this.#paths.size === 0 && this.#others.size === 0)) return
    this.#isWriting = true
    this.#store.write(this.#take(), () => {
      this.#isWriting = false
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
