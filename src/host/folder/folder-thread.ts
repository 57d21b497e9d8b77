/**
 * The folder's worker as the main thread sees it: started by the first message, gone after `end`.
 * Invariant: when it ends by itself `ended` is called once, and the next message starts another one.
 */
import { Worker } from 'node:worker_threads'
import { newNonce } from '../lock.js'
import { Outbox } from './outbox.js'
import type { FromThread, ThreadData, ToThread } from './thread-messages.js'

export interface ThreadHooks {
  receive(message: FromThread): void
  /** It died: what was asked of it is not answered any more. */
  ended(reason: string): void
}

export class FolderThread {
  readonly #data: ThreadData
  readonly #hooks: ThreadHooks
  readonly #outbox: Outbox<ToThread>
  #worker: Worker | null = null

  /** `root`: absolute. */
  constructor(root: string, hooks: ThreadHooks) {
    this.#data = { root, nonce: newNonce() }
    this.#hooks = hooks
    this.#outbox = new Outbox((batch, transfer) => (this.#worker ??= this.#start()).postMessage(batch, transfer))
  }

  /** Goes out at the end of this turn, in order. */
  send(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#outbox.send(message, transfer)
  }

  /** Ends the worker, whatever it does; `ended` is not called. */
  async end(): Promise<void> {
    const worker = this.#worker
    this.#worker = null
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./folder-worker.js', import.meta.url), { workerData: this.#data })
    let reason = 'it ended by itself'
    worker.on('message', (batch: readonly FromThread[]) => {
      for (const message of batch) if (this.#worker === worker) this.#hooks.receive(message)
    })
    worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => {
      if (this.#worker !== worker) return
      this.#worker = null
      this.#hooks.ended(reason)
    })
    return worker
  }
}
