/**
 * What travels between the peer's thread and its workers. Every job is pure: it can be run again elsewhere when its
 * worker dies. Bytes go by shared memory or in one packed array, never as many small objects.
 */
import type { SignedText } from '../env.js'

export type Job =
  /** BLAKE3 of `size` bytes of shared memory. */
  | { readonly kind: 'hash'; readonly memory: SharedArrayBuffer; readonly size: number }
  /** Strict Ed25519 over packed signed texts. */
  | { readonly kind: 'verify'; readonly packed: Uint8Array }
  /** Nonces from `first` on, as long as the epoch in `control` is `epoch`. */
  | {
      readonly kind: 'mine'
      readonly header: Uint8Array
      readonly first: number
      readonly count: number
      readonly control: SharedArrayBuffer
      readonly epoch: number
      /** Which counter of `control` takes this job's hashes. */
      readonly counter: number
    }

/** A digest, one byte a signature, or the nonce found (-1: none; -2: cancelled). */
export type JobResult = Uint8Array | number

export interface Posted {
  readonly serial: number
  readonly job: Job
}

export interface Answered {
  readonly serial: number
  readonly result: JobResult
}

export const NO_NONCE = -1
export const CANCELLED = -2

/** Layout of a miner's control memory, in 64-bit words: the epoch, then one counter of hashes a worker. */
export const CONTROL_EPOCH = 0
export const CONTROL_COUNTERS = 1

/** Packs signed texts: for each three uint32 lengths, then key, signature and text. */
export function packSigned(batch: readonly SignedText[]): Uint8Array {
  const size = batch.reduce((sum, { publicKey, signature, text }) => {
    return sum + 12 + publicKey.length + signature.length + text.length
  }, 0)
  const packed = new Uint8Array(size)
  const view = new DataView(packed.buffer)
  let place = 0
  for (const { publicKey, signature, text } of batch) {
    for (const [index, part] of [publicKey, signature, text].entries()) view.setUint32(place + index * 4, part.length)
    place += 12
    for (const part of [publicKey, signature, text]) {
      packed.set(part, place)
      place += part.length
    }
  }
  return packed
}

/** The inverse of `packSigned`; the parts are views of `packed`. */
export function* unpackSigned(packed: Uint8Array): Iterable<SignedText> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength)
  let place = 0
  while (place < packed.length) {
    const lengths = [0, 4, 8].map((offset) => view.getUint32(place + offset))
    place += 12
    const [publicKey, signature, text] = lengths.map((length) => {
      const part = packed.subarray(place, place + length)
      place += length
      return part
    })
    if (publicKey !== undefined && signature !== undefined && text !== undefined) yield { publicKey, signature, text }
  }
}
