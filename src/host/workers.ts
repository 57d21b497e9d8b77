/**
 * Work that would block the peer's thread: signatures, chunk hashes and mining, in threads that start at first use.
 * Signatures go in small batches, so that a chunk's hash never waits long behind a thousand ballots.
 */
import { availableParallelism } from 'node:os'
import type { Cancel, SignedText, Workers } from '../env.js'
import { packSigned } from './jobs.js'
import { Miners } from './miners.js'
import { Thread } from './thread.js'

const VERIFY_BATCH = 64

export interface WorkersOptions {
  /** Mining threads; all cores but one where absent. */
  readonly miners?: number
  readonly fatal: (reason: string) => void
}

export class HostWorkers implements Workers {
  readonly #helper: Thread
  readonly #miners: Miners

  constructor(options: WorkersOptions) {
    this.#helper = new Thread(options.fatal)
    this.#miners = new Miners(options.miners ?? Math.max(1, availableParallelism() - 1), options.fatal)
  }

  mine(header: Uint8Array, done: (solved: Uint8Array | null) => void): Cancel {
    return this.#miners.mine(header, done)
  }

  hashRate(): number {
    return this.#miners.hashRate()
  }

  verify(batch: readonly SignedText[], done: (valid: readonly boolean[]) => void): void {
    if (batch.length === 0) {
      setImmediate(() => done([]))
      return
    }
    const valid: boolean[] = []
    for (let from = 0; from < batch.length; from += VERIFY_BATCH) {
      const part = batch.slice(from, from + VERIFY_BATCH)
      // one thread answers in order, so the parts come back in order too
      this.#helper.run({ kind: 'verify', packed: packSigned(part) }, (result) => {
        if (result instanceof Uint8Array) for (const bit of result) valid.push(bit === 1)
        if (valid.length === batch.length) done(valid)
      })
    }
  }

  /** BLAKE3 of the first `size` bytes of shared memory, which must stay untouched until then. */
  hash(memory: SharedArrayBuffer, size: number, done: (digest: Uint8Array) => void): void {
    this.#helper.run({ kind: 'hash', memory, size }, (result) => {
      if (result instanceof Uint8Array) done(result)
    })
  }

  async close(): Promise<void> {
    await Promise.all([this.#helper.close(), this.#miners.close()])
  }
}
