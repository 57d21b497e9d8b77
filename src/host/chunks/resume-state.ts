/**
 * Which chunks of an unfinished file are durable, so that a resumed download fetches and hashes none of them again.
 * Invariant: the state on disk never claims a chunk whose bytes were not synced before it was written.
 */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Hash } from '../../../wire/types.js'
import type { Bitmap, Layout } from '../../env.js'
import { chunkCount, emptyBitmap } from './layout.js'

export interface ResumeState {
  readonly part: string
  /** Which file that was: one that took its place is not ours, even where it got the same inode. */
  readonly file: string
  /** Where the finished file shall stand. */
  readonly target: string
  readonly have: Bitmap
}

/** Written beside and moved into place, data first (the caller synced it), then the state. */
export async function saveResumeState(folder: string, blob: Hash, layout: Layout, state: ResumeState): Promise<void> {
  const { size, chunkSize } = layout
  const have = Buffer.from(state.have).toString('base64')
  const path = pathOf(folder, blob)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const handle = await open(`${path}.tmp`, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify({ ...state, size, chunkSize, have })}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(`${path}.tmp`, path)
  await syncDirectory(folder)
}

/** The state of an earlier run; null when there is none that fits this layout. */
export async function loadResumeState(folder: string, blob: Hash, layout: Layout): Promise<ResumeState | null> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(pathOf(folder, blob), 'utf8'))
  } catch {
    return null // none, or unreadable: everything is fetched again
  }
  if (typeof value !== 'object' || value === null) return null
  const { part, file, target, size, chunkSize, have } = value as Record<string, unknown>
  if (size !== layout.size || chunkSize !== layout.chunkSize) return null
  if (typeof part !== 'string' || typeof target !== 'string' || typeof file !== 'string') return null
  if (typeof have !== 'string') return null
  const bits = new Uint8Array(Buffer.from(have, 'base64'))
  if (bits.length !== emptyBitmap(chunkCount(layout)).length) return null
  return { part, file, target, have: bits }
}

export async function forgetResumeState(folder: string, blob: Hash): Promise<void> {
  await rm(pathOf(folder, blob), { force: true })
}

/** Makes a rename or a new file in this directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The directory that a file stands in, made durable. */
export const syncParent = (path: string): Promise<void> => syncDirectory(dirname(path))

const pathOf = (folder: string, blob: Hash): string => join(folder, `${blob}.json`)
