/**
 * A disk that tells the truth about `done` and nothing else: batches become durable in the order of their writing, each
 * after a time of its own; at a kill a random prefix of what was still under way survives, the rest is gone. Whoever
 * promises something before `done` loses it here in the end.
 */
import type { Cancel, Store, StoreOperation, Table } from '../../src/env.js'
import { TABLES } from '../../src/env.js'
import type { SimProcess } from './process.js'
import { mix, type Random } from './random.js'

type Tables = ReadonlyMap<Table, Map<string, Uint8Array>>

interface Batch {
  readonly operations: readonly StoreOperation[]
  readonly done: (() => void) | undefined
}

const emptyTables = (): Tables => new Map(TABLES.map((table) => [table, new Map<string, Uint8Array>()]))

function apply(tables: Tables, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    if ('put' in operation) tables.get(operation.put)?.set(operation.key, operation.value)
    else tables.get(operation.remove)?.delete(operation.key)
  }
}

/** What outlives a peer: the tables on its disk. One SimStore at a time works on it. */
export class SimDisk {
  readonly durable: Tables = emptyTables()
}

const ORDER = (a: readonly [string, Uint8Array], b: readonly [string, Uint8Array]): number =>
  Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]))

export class SimStore implements Store {
  readonly #memory: Tables
  readonly #pending: Batch[] = []
  #next: Cancel | null = null

  constructor(
    private readonly disk: SimDisk,
    private readonly process: SimProcess,
    private readonly random: Random,
    /** Mean time until a batch is durable. */
    private readonly syncMs: () => number,
  ) {
    this.#memory = new Map([...disk.durable].map(([table, rows]) => [table, new Map(rows)]))
  }

  get(table: Table, key: string): Uint8Array | undefined {
    return this.#memory.get(table)?.get(key)
  }

  entries(table: Table): Iterable<readonly [key: string, value: Uint8Array]> {
    return [...(this.#memory.get(table) ?? [])].sort(ORDER)
  }

  write(operations: readonly StoreOperation[], done?: () => void): void {
    if (this.process.dead) return
    const copies = operations.map((operation) =>
      'put' in operation ? { ...operation, value: operation.value.slice() } : operation,
    )
    apply(this.#memory, copies)
    this.#pending.push({ operations: copies, done })
    this.#arm()
  }

  /** The process ended: some of what was under way had reached the disk, in order, the rest had not. */
  kill(): void {
    this.#next?.()
    const survivors = this.random.int(this.#pending.length + 1)
    for (const batch of this.#pending.slice(0, survivors)) apply(this.disk.durable, batch.operations)
    this.#pending.length = 0
  }

  #arm(): void {
    if (this.#next !== null || this.#pending.length === 0) return
    const { schedule } = this.process
    const time = schedule.now + 0.1 + this.random.exponential(this.syncMs())
    this.#next = this.process.at(time, 'disk', () => this.#sync(), mix(this.#pending[0]?.operations.length ?? 0))
  }

  /** Everything up to a random batch becomes durable in one go, as a store that groups its commits does it. */
  #sync(): void {
    this.#next = null
    const group = this.#pending.splice(0, 1 + this.random.int(this.#pending.length))
    for (const batch of group) apply(this.disk.durable, batch.operations)
    this.#arm()
    for (const batch of group) {
      if (!this.process.dead) batch.done?.()
    }
  }
}
