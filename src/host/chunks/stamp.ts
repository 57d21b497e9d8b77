/** Proof that a file is still the one that was hashed: path, size, time of change and inode. */
import type { BigIntStats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { OperationalError } from '../../../wire/errors.js'
import type { FileStamp } from '../../env.js'
import { errorText } from '../durable.js'

/** Some file systems give 64-bit inodes: the low bits tell files apart as well, and fit a number. */
const INODE_MASK = (1n << 53n) - 1n

/** The stamp of a file as it is now; throws OperationalError with a text for the user. */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    return stampFrom(path, await stat(path, { bigint: true }))
  } catch (error) {
    if (error instanceof OperationalError) throw error
    throw new OperationalError(`${path}: ${errorText(error)}`)
  }
}

export function stampFrom(path: string, found: BigIntStats): FileStamp {
  if (!found.isFile()) throw new OperationalError(`${path}: not a regular file`)
  return { path, size: Number(found.size), mtimeMs: Number(found.mtimeMs), inode: Number(found.ino & INODE_MASK) }
}

export function isSameFile(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.mtimeMs === b.mtimeMs && a.inode === b.inode
}

/** Those that are not what their stamps say. One after the other: with thousands the disk has other things to do. */
export async function changedFiles<T>(
  files: readonly T[],
  stampBefore: (file: T) => FileStamp | undefined,
): Promise<T[]> {
  const changed: T[] = []
  for (const file of files) {
    const before = stampBefore(file)
    const now = before === undefined ? null : await stampOf(before.path).catch(() => null)
    if (before === undefined || now === null || !isSameFile(before, now)) changed.push(file)
  }
  return changed
}
