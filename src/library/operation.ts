/**
 * Turns the core's callbacks into promises. Invariants: a promise settles exactly once, also when the peer ends before
 * the core answers; an aborted operation is cancelled in the core and rejects with the signal's reason; every failure
 * of the peer is an OperationalError with the core's own words.
 */
import { OperationalError } from '../../wire/errors.js'
import type { Done, OnProgress } from '../api.js'
import type { Cancel } from '../env.js'

/** What long operations take. */
export interface LongOptions {
  /** Cancels the operation; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

/** What waits for a block takes. */
export interface WaitOptions extends LongOptions {
  /** After this long the answer is 'pending' and the record stays; for ever where absent. */
  readonly timeoutMs?: number
}

/** Runs one operation of the core. `ended` aborts, with an OperationalError as reason, when the peer is closed. */
export function operation<T>(
  ended: AbortSignal,
  signal: AbortSignal | undefined,
  start: (done: Done<T>) => Cancel | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason)
    let cancel: Cancel | undefined
    const stop = (): void => {
      ended.removeEventListener('abort', atEnd)
      signal?.removeEventListener('abort', aborted)
    }
    const aborted = (): void => {
      stop()
      cancel?.()
      reject(signal?.reason)
    }
    // the core is closed already: nothing to cancel
    const atEnd = (): void => {
      stop()
      reject(ended.reason)
    }
    ended.addEventListener('abort', atEnd)
    signal?.addEventListener('abort', aborted)
    cancel = start((result) => {
      stop()
      if (result.ok) resolve(result.value)
      else reject(new OperationalError(result.message))
    })
  })
}

/** Progress for a listener of the user, who may throw; never called inside the core. */
export function outside(listener: OnProgress | undefined): OnProgress {
  return listener === undefined ? () => {} : (progress) => queueMicrotask(() => listener(progress))
}
