/**
 * Which sequences of one direction have come: each is let through once. As in RFC 4303 section 3.4.3, what is older than
 * the window counts as a repetition. Asked only about datagrams whose MAC is right, or anybody could move the window.
 */
const WINDOW = 64
const MASK = (1n << BigInt(WINDOW)) - 1n

export class ReplayWindow {
  #highest = 0
  /** Bit i: `highest - i` has come. */
  #seen = 0n

  get highest(): number {
    return this.#highest
  }

  /** Whether this sequence comes for the first time; notes it. */
  accept(sequence: number): boolean {
    const ahead = sequence - this.#highest
    if (ahead > 0) {
      this.#seen = ahead >= WINDOW ? 1n : ((this.#seen << BigInt(ahead)) | 1n) & MASK
      this.#highest = sequence
      return true
    }
    if (-ahead >= WINDOW) return false
    const bit = 1n << BigInt(-ahead)
    if ((this.#seen & bit) !== 0n) return false
    this.#seen |= bit
    return true
  }
}
