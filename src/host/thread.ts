/**
 * One worker thread that is started when its first job comes and replaced when it dies.
 * Invariant: every job is answered exactly once, or the peer stops: a job whose worker died is run once more, then given up.
 */
import { Worker } from 'node:worker_threads'
import type { Answered, Job, JobResult, Posted } from './jobs.js'

const TRIES = 2

interface Running {
  readonly job: Job
  readonly done: (result: JobResult) => void
  tries: number
}

export class Thread {
  readonly #fatal: (reason: string) => void
  readonly #running = new Map<number, Running>()
  #worker: Worker | null = null
  #serial = 0
  #closed = false

  constructor(fatal: (reason: string) => void) {
    this.#fatal = fatal
  }

  /** Runs one job after all earlier ones; `done` comes later, never from within this call. */
  run(job: Job, done: (result: JobResult) => void): void {
    if (this.#closed) return
    const serial = ++this.#serial
    this.#running.set(serial, { job, done, tries: 1 })
    this.#post({ serial, job })
  }

  /** Jobs that are still running are forgotten. */
  async close(): Promise<void> {
    this.#closed = true
    this.#running.clear()
    await this.#worker?.terminate()
  }

  #post(posted: Posted): void {
    this.#worker ??= this.#start()
    this.#worker.ref() // an idle thread does not keep the process, one with work does
    this.#worker.postMessage(posted)
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.js', import.meta.url))
    let reason = 'it ended by itself'
    worker.on('message', ({ serial, result }: Answered) => {
      const running = this.#running.get(serial)
      this.#running.delete(serial)
      if (this.#running.size === 0) worker.unref()
      running?.done(result)
    })
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => this.#ended(worker, reason))
    return worker
  }

  #ended(worker: Worker, reason: string): void {
    if (this.#closed || this.#worker !== worker) return
    this.#worker = null
    for (const running of this.#running.values()) {
      if (++running.tries <= TRIES) continue
      this.#closed = true
      this.#fatal(`a worker thread died twice over the same job (${reason})`)
      return
    }
    for (const [serial, { job }] of this.#running) this.#post({ serial, job })
  }
}
