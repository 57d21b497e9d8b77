/**
 * The search for a block's nonce on several threads: the nonce space is cut between them, and an epoch in shared memory
 * ends all of them at once when one found it or the job was cancelled. One job runs at a time, the others wait in order.
 */
import { performance } from 'node:perf_hooks'
import type { Cancel } from '../env.js'
import { CANCELLED, CONTROL_COUNTERS, CONTROL_EPOCH, NO_NONCE } from './jobs.js'
import { Thread } from './thread.js'

const NONCES = 2 ** 32
const NONCE_OFFSET = 76
const HEADER_BYTES = 80
/** A rate is told over at least this long. */
const RATE_WINDOW_MS = 1_000

interface MiningJob {
  readonly header: Uint8Array
  readonly done: (solved: Uint8Array | null) => void
  /** Threads that have not answered yet. */
  left: number
}

export class Miners {
  readonly #threads: readonly Thread[]
  readonly #memory: SharedArrayBuffer
  readonly #control: BigInt64Array
  readonly #waiting: MiningJob[] = []
  #current: MiningJob | null = null
  #epoch = 0
  #rate = 0
  #windowFrom = { hashes: 0n, atMs: 0 }

  constructor(count: number, fatal: (reason: string) => void) {
    this.#threads = Array.from({ length: count }, () => new Thread(fatal))
    this.#memory = new SharedArrayBuffer(8 * (CONTROL_COUNTERS + count))
    this.#control = new BigInt64Array(this.#memory)
  }

  /** Searches after all earlier jobs; null when no nonce fits. */
  mine(header: Uint8Array, done: (solved: Uint8Array | null) => void): Cancel {
    const job: MiningJob = { header: Uint8Array.from(header.subarray(0, HEADER_BYTES)), done, left: 0 }
    this.#waiting.push(job)
    if (this.#current === null) this.#next()
    return () => {
      if (this.#current === job) return this.#stop()
      const place = this.#waiting.indexOf(job)
      if (place >= 0) this.#waiting.splice(place, 1)
    }
  }

  /** Hashes a second of the running job, 0 when idle. */
  hashRate(): number {
    if (this.#current === null) return 0
    const elapsedMs = performance.now() - this.#windowFrom.atMs
    const measured = (Number(this.#hashes() - this.#windowFrom.hashes) * 1_000) / Math.max(1, elapsedMs)
    if (this.#rate === 0 && elapsedMs < RATE_WINDOW_MS) return measured
    if (elapsedMs >= RATE_WINDOW_MS) {
      this.#rate = measured
      this.#windowFrom = { hashes: this.#hashes(), atMs: performance.now() }
    }
    return this.#rate
  }

  async close(): Promise<void> {
    this.#waiting.length = 0
    this.#current = null
    this.#cancelEpoch()
    await Promise.all(this.#threads.map((thread) => thread.close()))
  }

  #next(): void {
    const job = this.#waiting.shift()
    if (job === undefined) return
    this.#current = job
    this.#cancelEpoch()
    this.#rate = 0
    this.#windowFrom = { hashes: this.#hashes(), atMs: performance.now() }
    const span = Math.ceil(NONCES / this.#threads.length)
    job.left = this.#threads.length
    const shared = { kind: 'mine', header: job.header, control: this.#memory, epoch: this.#epoch } as const
    for (const [counter, thread] of this.#threads.entries()) {
      const first = counter * span
      const range = { first, count: Math.min(span, NONCES - first), counter }
      thread.run({ ...shared, ...range }, (result) => this.#answered(job, Number(result)))
    }
  }

  #answered(job: MiningJob, nonce: number): void {
    if (this.#current !== job || nonce === CANCELLED) return
    job.left--
    if (nonce === NO_NONCE && job.left > 0) return
    this.#stop()
    job.done(nonce === NO_NONCE ? null : withNonce(job.header, nonce))
  }

  #stop(): void {
    this.#current = null
    this.#cancelEpoch()
    this.#next()
  }

  #cancelEpoch(): void {
    Atomics.store(this.#control, CONTROL_EPOCH, BigInt(++this.#epoch))
  }

  #hashes(): bigint {
    return this.#control.subarray(CONTROL_COUNTERS).reduce((sum, count) => sum + count, 0n)
  }
}

function withNonce(header: Uint8Array, nonce: number): Uint8Array {
  const solved = Uint8Array.from(header)
  new DataView(solved.buffer).setUint32(NONCE_OFFSET, nonce, true)
  return solved
}
