/**
 * The worker that owns the folder's disk (started by folder-thread.ts). Its file calls are synchronous, in slices: no job
 * holds it for longer than it takes to hash 8 MiB, so that a large file never keeps a small one waiting.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../../wire/errors.js'
import { Gate } from './gate.js'
import { Outbox } from './outbox.js'
import { Lane } from './pace.js'
import { Scanner } from './scanner.js'
import { States } from './states.js'
import type { FromThread, ScanReport, ThreadData, ToThread } from './thread-messages.js'
import { Writer } from './writer.js'

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort
const { root, nonce } = workerData as ThreadData
const outbox = new Outbox<FromThread>((batch, transfer) => port.postMessage(batch, transfer))
const states = new States()
const gate = new Gate()
const scanner = new Scanner({
  path: root,
  nonce,
  states,
  send: report,
  // before the scan: what a killed process left half done would look like an edit
  taken: (folder) => writer.open(folder),
})
const writer = new Writer({
  states,
  gate,
  fault: () => scanner.fault(),
  skips: (path, isDirectory) => scanner.skips(path, isDirectory),
  look: (path) => scanner.touch(path),
  send: (message) => outbox.send(message),
})
/** The folder is opened and closed one after the other: what was asked before is written first. */
const sessions = new Lane()

port.on('message', (batch: readonly ToThread[]) => {
  for (const message of batch) carryOut(message)
})

function carryOut(message: ToThread): void {
  switch (message.kind) {
    case 'known':
    case 'rescan':
    case 'taken':
      sessions.add(async () => scanner.carryOut(message))
      break
    case 'open':
    case 'close':
      sessions.add(async () => {
        await writer.close()
        scanner.carryOut(message)
      })
      break
    default:
      // not in the lane: what is asked before a close is done before it, what comes after it is declined
      writer.carryOut(message)
  }
}

function report(message: ScanReport): void {
  if (message.kind === 'lost') sessions.add(() => writer.close())
  gate.pass(() => outbox.send(message))
}
