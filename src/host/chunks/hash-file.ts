/**
 * Reads a user's file once and hashes its chunks: positional reads into shared memory, one worker hashing while the next
 * chunks are read. Invariant: the hashes are those of one state of the file, else the result is an error.
 */
import { open } from 'node:fs/promises'
import { OperationalError } from '../../../wire/errors.js'
import type { FileStamp, Layout } from '../../env.js'
import { errorText } from '../durable.js'
import type { HostWorkers } from '../workers.js'
import { chunkBytes, chunkCount, DIGEST_BYTES, layoutFault } from './layout.js'
import type { MemoryPool } from './memory-pool.js'
import { takeSlot } from './memory-pool.js'
import { readFully } from './positional.js'
import { isSameFile, stampFrom, stampOf } from './stamp.js'

/** Chunks in flight: one read, one hashed, one waiting for each. */
const AHEAD = 4

export interface HashFileOptions {
  readonly path: string
  readonly chunkSizeOf: (sizeBytes: number) => number
  readonly progress: (doneBytes: number, totalBytes: number) => void
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly workers: Pick<HostWorkers, 'hash'>
  readonly signal: AbortSignal
}

/** Layout and stamp of a file; throws OperationalError with a text for the user. */
export async function hashFile(options: HashFileOptions): Promise<{ layout: Layout; stamp: FileStamp }> {
  const { path } = options
  // before opening, which would wait for ever on a named pipe
  const found = await stampOf(path)
  const layout = { size: found.size, chunkSize: options.chunkSizeOf(found.size), hashes: new Uint8Array(0) }
  if (!(layout.chunkSize > 0)) throw new OperationalError(`${path} is too large to be shared`)
  const hashes = new Uint8Array(chunkCount(layout) * DIGEST_BYTES)
  const fault = layoutFault({ ...layout, hashes })
  if (fault !== null) throw new OperationalError(`${path} cannot be shared: ${fault}`)
  try {
    const handle = await open(path, 'r')
    try {
      const stamp = stampFrom(path, await handle.stat({ bigint: true }))
      await hashAll(options, layout, hashes, (bytes, at) => readFully(handle, bytes, at))
      const after = await stampOf(path)
      if (!isSameFile(stamp, found) || !isSameFile(after, found)) {
        throw new OperationalError(`${path} was changed while it was read: try again when it is quiet`)
      }
      return { layout: { ...layout, hashes }, stamp: found }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof OperationalError) throw error
    throw new OperationalError(`${path}: ${errorText(error)}`)
  }
}

async function hashAll(
  options: HashFileOptions,
  layout: Layout,
  hashes: Uint8Array,
  read: (bytes: Uint8Array, at: number) => Promise<void>,
): Promise<void> {
  const { pool, workers, progress, signal } = options
  let next = 0
  let doneBytes = 0
  const lane = async (): Promise<void> => {
    while (next < chunkCount(layout) && !signal.aborted) {
      const index = next++
      const size = chunkBytes(layout, index)
      const slot = await takeSlot(pool, size)
      try {
        await read(slot.bytes, index * layout.chunkSize)
        const digest = await new Promise<Uint8Array>((resolve) => workers.hash(slot.memory, size, resolve))
        hashes.set(digest, index * DIGEST_BYTES)
      } finally {
        slot.release()
      }
      doneBytes += size
      if (!signal.aborted) progress(doneBytes, layout.size)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AHEAD }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
