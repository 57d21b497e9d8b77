/**
 * Copies chunks of a file on this machine from one place to another, each one verified: from a whole copy or from loose
 * chunks into a file that is being written, or from a whole copy into loose chunks.
 * Invariant: a chunk that is not what the layout says is not written.
 */
import { OperationalError } from '../../../wire/errors.js'
import type { Bitmap } from '../../env.js'
import type { HostWorkers } from '../workers.js'
import type { ChunkSink } from './download.js'
import { chunkBytes, chunkCount, hasBit, isDigestOf } from './layout.js'
import { type MemoryPool, takeSlot } from './memory-pool.js'

const AHEAD = 4

export interface CopyOptions {
  readonly part: ChunkSink & { has(index: number): boolean }
  readonly from: { readonly path: string; read(index: number, memory: Uint8Array): Promise<void> }
  /** Which chunks are wanted and can be had. */
  readonly chunks: Bitmap
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly workers: Pick<HostWorkers, 'hash'>
  readonly progress: (doneBytes: number) => void
}

/** Copies those of the chunks that are missing; throws OperationalError at the first that cannot be had. */
export async function copyChunks({ part, from, chunks, pool, workers, progress }: CopyOptions): Promise<void> {
  const { layout } = part
  let next = 0
  let doneBytes = 0
  let failed = false
  const copyOne = async (index: number): Promise<void> => {
    const size = chunkBytes(layout, index)
    const slot = await takeSlot(pool, size)
    try {
      await from.read(index, slot.bytes)
      const digest = await new Promise<Uint8Array>((resolve) => workers.hash(slot.memory, size, resolve))
      if (!isDigestOf(layout, index, digest)) {
        throw new OperationalError(`${from.path} was changed after it was stored: store it again`)
      }
      await part.write(index, slot.bytes)
    } finally {
      slot.release()
    }
  }
  const lane = async (): Promise<void> => {
    while (next < chunkCount(layout) && !failed) {
      const index = next++
      if (!hasBit(chunks, index)) continue
      if (!part.has(index)) {
        await copyOne(index).catch((error: unknown) => {
          failed = true
          throw error
        })
      }
      doneBytes += chunkBytes(layout, index)
      progress(doneBytes)
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AHEAD }, lane))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
