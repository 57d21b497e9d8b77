/**
 * Checks signatures in worker threads and remembers what passed, so that no record costs twice: not when its block comes,
 * not in a reorg. Remembered by leaf, which covers the signature: the same text signed otherwise is another question.
 */
import type { Hash } from '../../wire/types.js'
import type { SignedText, Workers } from '../env.js'
import { type SignedRecord, signedTextOf } from './record.js'

/** Verified leaves; the oldest is forgotten first. */
const MAX_REMEMBERED = 65_536
/** Signatures a worker job. */
const BATCH = 64

export class Verifier {
  readonly #workers: Pick<Workers, 'verify'>
  readonly #chain: Hash
  readonly #passed = new Set<Hash>()

  constructor(workers: Pick<Workers, 'verify'>, chain: Hash) {
    this.#workers = workers
    this.#chain = chain
  }

  /** Our own records and those of stored blocks need no check. */
  remember(records: readonly SignedRecord[]): void {
    for (const { leaf } of records) {
      const oldest = this.#passed.size >= MAX_REMEMBERED ? this.#passed.values().next().value : undefined
      if (oldest !== undefined) this.#passed.delete(oldest)
      this.#passed.add(leaf)
    }
  }

  /** Answers which records are not validly signed; at once where all are known. */
  verify(records: readonly SignedRecord[], done: (bad: readonly SignedRecord[]) => void): void {
    const unknown = records.filter(({ leaf }) => !this.#passed.has(leaf))
    const bad: SignedRecord[] = []
    let open = Math.ceil(unknown.length / BATCH)
    if (open === 0) done(bad)
    for (let first = 0; first < unknown.length; first += BATCH) {
      const batch = unknown.slice(first, first + BATCH)
      const texts = batch.map((signed): SignedText => signedTextOf(signed, this.#chain))
      this.#workers.verify(texts, (valid) => {
        this.remember(batch.filter((_, place) => valid[place] === true))
        bad.push(...batch.filter((_, place) => valid[place] !== true))
        if (--open === 0) done(bad)
      })
    }
  }
}
