/** Collects what one turn of the event loop has to say to another thread, and posts it as one message. */
export class Outbox<T> {
  readonly #post: (batch: readonly T[], transfer: readonly ArrayBuffer[]) => void
  #batch: T[] = []
  #transfer: ArrayBuffer[] = []

  constructor(post: (batch: readonly T[], transfer: readonly ArrayBuffer[]) => void) {
    this.#post = post
  }

  /** `transfer`: buffers in the message that move to the other thread instead of being copied. */
  send(message: T, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#batch.length === 0) setImmediate(() => this.flush())
    this.#batch.push(message)
    this.#transfer.push(...transfer)
  }

  flush(): void {
    if (this.#batch.length === 0) return
    const [batch, transfer] = [this.#batch, this.#transfer]
    this.#batch = []
    this.#transfer = []
    this.#post(batch, transfer)
  }
}
