/**
 * The one worker file: hashes chunks, verifies signatures, searches nonces. Started by workers.ts.
 * A search looks at the shared epoch between slices of a few milliseconds, so that it ends at once when cancelled.
 */
import { setPriority } from 'node:os'
import { performance } from 'node:perf_hooks'
import { parentPort } from 'node:worker_threads'
import { blake3 } from '@napi-rs/blake-hash'
import { verify } from '../../wire/ed25519.js'
import { assert, assertNever } from '../../wire/errors.js'
import { scan } from '../ledger/miner/scan.js'
import {
  CANCELLED,
  CONTROL_COUNTERS,
  CONTROL_EPOCH,
  type Job,
  type JobResult,
  NO_NONCE,
  type Posted,
  unpackSigned,
} from './jobs.js'

const SLICE_MS = 4
const FIRST_SLICE = 256
/** Miners step back behind the console and other programs, without starving. */
const MINER_NICENESS = 5

let steppedBack = false

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort
port.on('message', ({ serial, job }: Posted) => {
  port.postMessage({ serial, result: run(job) })
})

function run(job: Job): JobResult {
  switch (job.kind) {
    case 'hash':
      return new Uint8Array(blake3(new Uint8Array(job.memory, 0, job.size)))
    case 'verify':
      return Uint8Array.from(unpackSigned(job.packed), (item) =>
        verify(item.publicKey, item.text, item.signature) ? 1 : 0,
      )
    case 'mine':
      return mine(job)
    default:
      return assertNever(job)
  }
}

function mine(job: Job & { readonly kind: 'mine' }): number {
  stepBack()
  const control = new BigInt64Array(job.control)
  const epoch = BigInt(job.epoch)
  const end = job.first + job.count
  let slice = FIRST_SLICE
  for (let nonce = job.first; nonce < end; ) {
    if (Atomics.load(control, CONTROL_EPOCH) !== epoch) return CANCELLED
    const count = Math.min(slice, end - nonce)
    const started = performance.now()
    const found = scan(job.header, nonce, count)
    const tookMs = performance.now() - started
    Atomics.add(control, CONTROL_COUNTERS + job.counter, BigInt(found < 0 ? count : found - nonce + 1))
    if (found >= 0) return found
    nonce += count
    if (tookMs < SLICE_MS / 2) slice *= 2
    else if (tookMs > SLICE_MS * 2) slice = Math.max(FIRST_SLICE, slice >> 1)
  }
  return NO_NONCE
}

/** On Linux a niceness belongs to the thread that sets it; elsewhere it would slow the whole process down. */
function stepBack(): void {
  if (steppedBack || process.platform !== 'linux') return
  steppedBack = true
  setPriority(0, MINER_NICENESS)
}
