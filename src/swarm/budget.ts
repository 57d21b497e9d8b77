/**
 * The bytes asked for and not yet here, over all downloads: at most 32 MiB, so that memory stays flat whatever the
 * number of sources. One chunk is always allowed. Downloads that found no room take turns when some is given back.
 */
const MAX_BYTES = 32 * 1024 * 1024

export class Budget {
  readonly totalBytes = MAX_BYTES
  readonly #waiting = new Set<() => void>() // at most one per download
  #takenBytes = 0
  #users = 0

  take(bytes: number): boolean {
    if (this.#takenBytes > 0 && this.#takenBytes + bytes > MAX_BYTES) return false
    this.#takenBytes += bytes
    return true
  }

  /** Returns what was taken and lets the next waiting download go on. */
  give(bytes: number): void {
    this.#takenBytes -= bytes
    for (const goOn of this.#waiting) {
      this.#waiting.delete(goOn)
      goOn()
      return
    }
  }

  /** Calls `goOn` once when there may be room. */
  wait(goOn: () => void): void {
    this.#waiting.add(goOn)
  }

  join(): void {
    this.#users++
  }

  leave(goOn: () => void): void {
    this.#users--
    this.#waiting.delete(goOn)
  }

  /** What one of `sources` of one download may have outstanding, in chunks. */
  shareOf(sources: number, chunkBytes: number): number {
    return Math.max(1, Math.floor(MAX_BYTES / Math.max(1, this.#users) / Math.max(1, sources) / chunkBytes))
  }
}
