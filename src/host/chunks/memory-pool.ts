/**
 * A fixed amount of memory for chunks in flight, lent out in powers of two and used again.
 * Invariant: never more than the budget is lent; who asks for more waits, in order. That is the host's backpressure.
 */

export interface Slot<M extends ArrayBufferLike> {
  readonly memory: M
  /** The first `size` bytes of the memory. */
  readonly bytes: Uint8Array<M>
  /** Gives the memory back; calling it again does nothing. */
  release(): void
}

interface Waiting<M extends ArrayBufferLike> {
  readonly size: number
  readonly give: (slot: Slot<M>) => void
}

const SMALLEST_BYTES = 16 * 1024
/** Memory that nobody used for this long goes back to the system. */
const IDLE_MS = 10_000

export class MemoryPool<M extends ArrayBufferLike> {
  readonly #budgetBytes: number
  readonly #allocate: (sizeBytes: number) => M
  readonly #waiting: Waiting<M>[] = []
  #free: M[] = []
  #freeBytes = 0
  #lentBytes = 0
  #idle: NodeJS.Timeout | null = null

  constructor(budgetBytes: number, allocate: (sizeBytes: number) => M) {
    this.#budgetBytes = budgetBytes
    this.#allocate = allocate
  }

  /** More than half of it is lent: lend nobody a second piece. */
  get tight(): boolean {
    return this.#lentBytes * 2 > this.#budgetBytes
  }

  get lentBytes(): number {
    return this.#lentBytes
  }

  /** Calls `give` later, when `size` bytes (at most the budget) are there. */
  take(size: number, give: (slot: Slot<M>) => void): void {
    this.#waiting.push({ size, give })
    if (this.#waiting.length === 1) setImmediate(() => this.#serve())
  }

  #serve(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const wanted = roundUp(next.size)
      if (this.#lentBytes + wanted > this.#budgetBytes) return
      this.#waiting.shift()
      next.give(this.#lend(wanted, next.size))
    }
  }

  #lend(wanted: number, size: number): Slot<M> {
    const place = this.#free.findIndex((memory) => memory.byteLength === wanted)
    const [found] = place < 0 ? [] : this.#free.splice(place, 1)
    if (found !== undefined) this.#freeBytes -= wanted
    this.#lentBytes += wanted
    // free memory of other sizes makes room
    while (this.#freeBytes + this.#lentBytes > this.#budgetBytes) this.#freeBytes -= this.#free.shift()?.byteLength ?? 0
    const memory = found ?? this.#allocate(wanted)
    let lent = true
    const release = (): void => {
      if (!lent) return
      lent = false
      this.#lentBytes -= wanted
      this.#freeBytes += wanted
      this.#free.push(memory)
      if (this.#waiting.length > 0) setImmediate(() => this.#serve())
      this.#idle ??= setTimeout(() => this.#forget(), IDLE_MS).unref()
    }
    return { memory, bytes: new Uint8Array(memory, 0, size), release }
  }

  #forget(): void {
    this.#idle = null
    if (this.#lentBytes > 0) return // the next release starts the clock again
    this.#free = []
    this.#freeBytes = 0
  }
}

function roundUp(size: number): number {
  let bytes = SMALLEST_BYTES
  while (bytes < size) bytes *= 2
  return bytes
}

/** `take` as a promise. */
export function takeSlot<M extends ArrayBufferLike>(pool: MemoryPool<M>, size: number): Promise<Slot<M>> {
  return new Promise((resolve) => pool.take(size, resolve))
}
