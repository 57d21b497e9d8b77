/** Reads a whole file again and tells which of its chunks are still what the layout says. */
import { open } from 'node:fs/promises'
import type { Bitmap, Layout } from '../../env.js'
import type { HostWorkers } from '../workers.js'
import { chunkBytes, chunkCount, emptyBitmap, isDigestOf, setBit } from './layout.js'
import { type MemoryPool, takeSlot } from './memory-pool.js'
import { readFully } from './positional.js'

export interface VerifyOptions {
  readonly path: string
  readonly layout: Layout
  readonly pool: MemoryPool<SharedArrayBuffer>
  readonly workers: Pick<HostWorkers, 'hash'>
}

/** One chunk after the other: nobody waits for it. What cannot be read is not right; throws where there is no file. */
export async function rightChunks({ path, layout, pool, workers }: VerifyOptions): Promise<Bitmap> {
  const right = emptyBitmap(chunkCount(layout))
  const handle = await open(path, 'r')
  try {
    for (let index = 0; index < chunkCount(layout); index++) {
      const size = chunkBytes(layout, index)
      const slot = await takeSlot(pool, size)
      try {
        const read = await readFully(handle, slot.bytes, index * layout.chunkSize).then(
          () => true,
          () => false,
        )
        if (!read) continue
        const digest = await new Promise<Uint8Array>((resolve) => workers.hash(slot.memory, size, resolve))
        if (isDigestOf(layout, index, digest)) setBit(right, index)
      } finally {
        slot.release()
      }
    }
  } finally {
    await handle.close()
  }
  return right
}
