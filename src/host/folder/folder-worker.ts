/**
 * The worker that owns the folder's disk (started by folder-thread.ts). Its file calls are synchronous, in slices: no job
 * holds it for longer than it takes to hash 8 MiB, so that a large file never keeps a small one waiting.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../../wire/errors.js'
import { Outbox } from './outbox.js'
import { Scanner } from './scanner.js'
import { States } from './states.js'
import type { FromThread, ThreadData, ToThread } from './thread-messages.js'

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort
const { root, nonce } = workerData as ThreadData
const outbox = new Outbox<FromThread>((batch, transfer) => port.postMessage(batch, transfer))
const states = new States()
const scanner = new Scanner({ path: root, nonce, states, send: (message) => outbox.send(message) })

port.on('message', (batch: readonly ToThread[]) => {
  for (const message of batch) carryOut(message)
})

function carryOut(message: ToThread): void {
  switch (message.kind) {
    case 'known':
    case 'open':
    case 'close':
    case 'rescan':
    case 'taken':
      scanner.carryOut(message)
  }
}
