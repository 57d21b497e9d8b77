/**
 * When a process that ended is started again: at once, so that it is back within a second, but one that keeps ending
 * early waits longer and longer.
 */

/** A process that lived so long was sound. */
const SOUND_MS = 10_000
/** Early ends in a row that are answered at once. */
const AT_ONCE = 3
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000

export class Restarts {
  #early = 0

  /** How long to wait after a process that lived so long. */
  after(livedMs: number): number {
    this.#early = livedMs >= SOUND_MS ? 1 : this.#early + 1
    if (this.#early <= AT_ONCE) return 0
    return Math.min(FIRST_PAUSE_MS * 2 ** (this.#early - AT_ONCE - 1), LONGEST_PAUSE_MS)
  }

  /** How often in a row it ended early, the last time included. */
  get early(): number {
    return this.#early
  }
}
