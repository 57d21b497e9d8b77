/**
 * The peer's tables in LMDB. Memory is authoritative: an overlay answers reads with writes that are not on disk yet;
 * `done` follows only when a batch was committed *and* flushed, so that what was promised survives a power cut.
 * Batches go to disk in order, each inside one transaction; while one transaction is flushed the next ones gather.
 * `safeRestore`: after a crash LMDB starts from the last flushed state. Any failure is fatal, as is a stuck commit.
 */
import { type Database, open, type RootDatabase } from 'lmdb'
import { assert, OperationalError } from '../../wire/errors.js'
import { type Store, type StoreOperation, TABLES, type Table } from '../env.js'
import { seal, unseal } from './checked-value.js'
import { errorText } from './durable.js'

/** A commit that takes longer never ends: EIO on the meta page leaves it unsettled (measured). */
const COMMIT_TIMEOUT_MS = 30_000
/** LMDB's own limit with its default page size. */
const MAX_KEY_BYTES = 1_900

export interface StoreOptions {
  readonly path: string
  /** The store cannot keep its promise any more; told once, nothing is written afterwards. */
  readonly fatal: (reason: string) => void
  readonly commitTimeoutMs?: number
}

interface Batch {
  readonly operations: readonly StoreOperation[]
  readonly done: (() => void) | undefined
}

interface Pending {
  /** null: removed. */
  readonly value: Uint8Array | null
  readonly sequence: number
}

type LmdbTable = Database<Buffer, Uint8Array>
type Tables = Readonly<Record<Table, LmdbTable>>

/** Opens the database of a state directory, or says why not. */
export function openStore(options: StoreOptions): LmdbStore {
  try {
    const settings = { path: options.path, noSubdir: false, safeRestore: true, maxDbs: TABLES.length + 2 } // lacks in its types
    const root = open({ ...settings, encoding: 'binary' })
    const table = (name: Table): LmdbTable => root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' })
    const tables = Object.fromEntries(TABLES.map((name) => [name, table(name)]))
    return new LmdbStore(root, tables as Tables, options)
  } catch (error) {
    throw new OperationalError(
      `cannot open the database ${options.path} (${errorText(error)}): free disk space, or restore the directory from a backup`,
    )
  }
}

export class LmdbStore implements Store {
  readonly #root: RootDatabase
  readonly #tables: Tables
  readonly #options: StoreOptions
  readonly #overlay = new Map<Table, Map<string, Pending>>(TABLES.map((name) => [name, new Map()]))
  #queue: Batch[] = []
  #sequence = 0
  #committing: Promise<void> | null = null
  #state: 'open' | 'closing' | 'broken' = 'open'
  #giveUp: () => void = () => {}
  /** Settles when no commit is worth waiting for any more. */
  readonly #broken = new Promise<void>((resolve) => {
    this.#giveUp = resolve
  })

  constructor(root: RootDatabase, tables: Tables, options: StoreOptions) {
    this.#root = root
    this.#tables = tables
    this.#options = options
  }

  get(table: Table, key: string): Uint8Array | undefined {
    const pending = this.#pending(table).get(key)
    if (pending !== undefined) return pending.value ?? undefined
    const raw = Buffer.from(key)
    const sealed = this.#read(() => this.#tables[table].get(raw))
    return sealed === undefined ? undefined : this.#unseal(table, raw, sealed)
  }

  *entries(table: Table): Iterable<readonly [key: string, value: Uint8Array]> {
    const pending = [...this.#pending(table)]
      .map(([key, { value }]) => ({ key, raw: Buffer.from(key), value }))
      .sort((a, b) => Buffer.compare(a.raw, b.raw))
    let next = 0
    for (const { key: raw, value: sealed } of this.#tables[table].getRange({ snapshot: true })) {
      // what is newer than the disk comes first, and hides the disk's entry of the same key
      let hidden = false
      for (let item = pending[next]; item !== undefined; item = pending[++next]) {
        const order = Buffer.compare(item.raw, raw)
        if (order > 0) break
        if (order === 0) hidden = true
        if (item.value !== null) yield [item.key, item.value]
      }
      if (!hidden) yield [Buffer.from(raw).toString(), this.#unseal(table, raw, sealed)]
    }
    for (; next < pending.length; next++) {
      const item = pending[next]
      if (item !== undefined && item.value !== null) yield [item.key, item.value]
    }
  }

  write(operations: readonly StoreOperation[], done?: () => void): void {
    if (this.#state !== 'open') return // the peer stops: nothing may be promised any more
    const sequence = ++this.#sequence
    for (const operation of operations) {
      const bytes = Buffer.byteLength(operation.key)
      assert(bytes > 0 && bytes <= MAX_KEY_BYTES, `a key has 1 to ${MAX_KEY_BYTES} bytes: ${operation.key}`)
      const put = 'put' in operation
      const value = put ? operation.value : null
      this.#pending(put ? operation.put : operation.remove).set(operation.key, { value, sequence })
    }
    this.#queue.push({ operations, done })
    this.#start()
  }

  /** Writes everything that is queued, then closes the database. */
  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    while (this.#committing !== null) await this.#committing
    if (this.#state === 'broken') return // closing would wait for the commit that never ends
    this.#state = 'broken'
    await this.#root.close()
  }

  #pending(table: Table): Map<string, Pending> {
    const pending = this.#overlay.get(table)
    assert(pending !== undefined, `unknown table ${table}`)
    return pending
  }

  #start(): void {
    if (this.#committing !== null || this.#queue.length === 0 || this.#state === 'broken') return
    this.#committing = this.#commit().finally(() => {
      this.#committing = null
      this.#start()
    })
  }

  async #commit(): Promise<void> {
    // gather what the current turn still writes; `done` is never called inside `write`
    await new Promise((resolve) => setImmediate(resolve))
    const batches = this.#queue
    const last = this.#sequence
    this.#queue = []
    const watchdog = setTimeout(
      () => this.#break('the database does not finish a write: the disk may be failing'),
      this.#options.commitTimeoutMs ?? COMMIT_TIMEOUT_MS,
    )
    try {
      await Promise.race([this.#transact(batches), this.#broken])
    } catch (error) {
      this.#break(`the database cannot be written (${errorText(error)}): free disk space, then start again`)
    } finally {
      clearTimeout(watchdog)
    }
    if (this.#state === 'broken') return
    this.#forget(batches, last)
    for (const { done } of batches) done?.()
  }

  async #transact(batches: readonly Batch[]): Promise<void> {
    try {
      await this.#put(batches)
      await this.#root.flushed
    } catch (error) {
      throw await causeOf(error)
    }
  }

  async #put(batches: readonly Batch[]): Promise<void> {
    const writes = batches.flatMap(({ operations }) => operations.map((operation) => this.#prepare(operation)))
    await this.#root.transaction(() => {
      for (const write of writes) write()
    })
  }

  /** Sums are made before the transaction, so that it is short. */
  #prepare(operation: StoreOperation): () => void {
    const key = Buffer.from(operation.key)
    if ('remove' in operation) return () => void this.#tables[operation.remove].remove(key)
    const value = seal(operation.put, key, operation.value)
    return () => void this.#tables[operation.put].put(key, value)
  }

  /** What is on disk needs no overlay, unless it was written again meanwhile. */
  #forget(batches: readonly Batch[], last: number): void {
    for (const { operations } of batches) {
      for (const operation of operations) {
        const pending = this.#pending('put' in operation ? operation.put : operation.remove)
        const entry = pending.get(operation.key)
        if (entry !== undefined && entry.sequence <= last) pending.delete(operation.key)
      }
    }
  }

  #read<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      return this.#damaged(errorText(error))
    }
  }

  #unseal(table: Table, key: Uint8Array, sealed: Uint8Array): Uint8Array {
    return unseal(table, key, sealed) ?? this.#damaged(`record ${Buffer.from(key).toString()} of table ${table}`)
  }

  #damaged(what: string): never {
    const reason = `the database is damaged (${what}): remove ${this.#options.path} to fetch everything again from the other peers`
    this.#break(reason)
    throw new OperationalError(reason)
  }

  #break(reason: string): void {
    if (this.#state === 'broken') return
    this.#state = 'broken'
    this.#queue = []
    this.#giveUp()
    this.#options.fatal(reason)
  }
}

/** lmdb says why a commit failed in a second promise, which may itself never settle. */
async function causeOf(error: unknown): Promise<unknown> {
  const detail: unknown = error instanceof Error && 'commitError' in error ? error.commitError : undefined
  if (!(detail instanceof Promise)) return error
  const cause = detail.then(
    () => error,
    (reason: unknown) => reason,
  )
  const late = new Promise<unknown>((resolve) => setTimeout(() => resolve(error), 1_000).unref())
  return Promise.race([cause, late])
}
