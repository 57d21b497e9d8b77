/** Changes on their way to the index: at most 256 at once, the next when some of those were taken. */
import type { FolderPath, Seen } from '../../folder-disk.js'
import type { States } from './states.js'

const AT_ONCE = 256
/** Lists of block hashes in one message; one may always travel alone. */
const BLOCKS_AT_ONCE_BYTES = 1 << 20
const UNTAKEN = 4
/** More than that wait for nobody: whoever finds changes shall stop. */
const FULL = 1024

export class SeenQueue {
  readonly #states: States
  readonly #send: (changes: readonly Seen[]) => void
  readonly #waiting = new Map<FolderPath, Seen>()
  #untaken = 0

  constructor(states: States, send: (changes: readonly Seen[]) => void) {
    this.#states = states
    this.#send = send
  }

  get isFull(): boolean {
    return this.#waiting.size >= FULL
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  add(change: Seen): void {
    if (change.state === null) this.#states.delete(change.path)
    else this.#states.set(change.path, change.state)
    this.#waiting.delete(change.path) // what comes last stands last
    this.#waiting.set(change.path, change)
  }

  /** A list was taken. */
  taken(): void {
    this.#untaken--
    this.flush()
  }

  flush(): void {
    while (this.#untaken < UNTAKEN && this.#waiting.size > 0) {
      const changes = this.#next()
      if (changes.length === 0) continue
      this.#untaken++
      this.#send(changes)
    }
  }

  #next(): readonly Seen[] {
    const changes: Seen[] = []
    let blocksBytes = 0
    for (const [path, change] of this.#waiting) {
      const bytes = change.state === null ? 0 : (change.content?.blocks.length ?? 0)
      if (changes.length > 0 && blocksBytes + bytes > BLOCKS_AT_ONCE_BYTES) break
      this.#waiting.delete(path)
      // something was written there on behalf of the index, which knows it already
      if ((this.#states.get(path) ?? null) !== change.state) continue
      blocksBytes += bytes
      if (changes.push(change) === AT_ONCE) break
    }
    return changes
  }
}
