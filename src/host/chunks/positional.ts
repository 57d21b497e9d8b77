/** Positional reads and writes that do all of it or throw: a single call may do less. */
import type { FileHandle } from 'node:fs/promises'
import { OperationalError } from '../../../wire/errors.js'

/** Fills `bytes` from `position` on. */
export async function readFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, position + done)
    if (bytesRead === 0) throw new OperationalError('the file is shorter than it was')
    done += bytesRead
  }
}

/** Writes all of `bytes` at `position`. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}
