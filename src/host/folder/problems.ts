/** What is not shared, and why: told as a whole, when it changed and the thread has nothing better to do. */
import { parentOf } from '../../folder/path.js'
import { type FolderPath, MAX_PROBLEMS, type Problem } from '../../folder-disk.js'

interface Noted {
  readonly reason: string
  readonly round: number
}

export class Problems {
  readonly #tell: (problems: readonly Problem[]) => void
  readonly #noted = new Map<string, Noted>() // at most MAX_PROBLEMS
  #round = 0
  #isChanged = false

  constructor(tell: (problems: readonly Problem[]) => void) {
    this.#tell = tell
  }

  set(path: string, reason: string): void {
    const old = this.#noted.get(path)
    if (old === undefined && this.#noted.size >= MAX_PROBLEMS) return
    if (old?.reason !== reason) this.#isChanged = true
    this.#noted.set(path, { reason, round: this.#round })
  }

  clear(path: string): void {
    if (this.#noted.delete(path)) this.#isChanged = true
  }

  /** Of this path and of all below. */
  clearBelow(path: string): void {
    for (const other of this.#noted.keys()) if (other === path || other.startsWith(`${path}/`)) this.clear(other)
  }

  /** Of what stands in this directory ('' is the top), which is listed anew. */
  clearIn(directory: FolderPath): void {
    for (const path of this.#noted.keys()) if (path !== '' && (parentOf(path) ?? '') === directory) this.clear(path)
  }

  /** Of what was set before and is not set again until `endRound`, the reason is gone. */
  beginRound(): void {
    this.#round++
  }

  endRound(): void {
    for (const [path, { round }] of this.#noted) if (round !== this.#round) this.clear(path)
  }

  /** Tells them if they are not those that were told last. */
  flush(): void {
    if (!this.#isChanged) return
    this.#isChanged = false
    this.#tell(Array.from(this.#noted, ([path, { reason }]) => ({ path, reason })))
  }
}
