/**
 * Small files that survive a crash at any moment: written beside, synced, then moved into place.
 * Invariant: a reader sees the whole old content or the whole new one, never a part.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

const PRIVATE_MODE = 0o600

/** Replaces `path` with `content`, mode 0600. */
export function replaceFile(path: string, content: string): void {
  const beside = writeBeside(path, content)
  renameSync(beside, path)
  syncDirectory(dirname(path))
}

/** Creates `path` with `content`, mode 0600, only where nothing stands: of several at once exactly one gets true. */
export function createFile(path: string, content: string): boolean {
  const beside = writeBeside(path, content)
  try {
    linkSync(beside, path)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    rmSync(beside, { force: true })
  }
  syncDirectory(dirname(path))
  return true
}

/** `ENOENT`, `EEXIST`, … or '' where the error has no code. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** What went wrong, for a user. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const plain: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    ENOENT: 'no such file or directory',
    EISDIR: 'it is a directory',
    ENOTDIR: 'a part of the path is not a directory',
    EROFS: 'the file system is read-only',
    EMFILE: 'too many open files',
    EFBIG: 'the file is too large for this disk',
    EIO: 'the disk reports an error',
  }
  return plain[errorCode(error)] ?? error.message
}

function writeBeside(path: string, content: string): string {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const fd = openSync(beside, 'wx', PRIVATE_MODE)
  try {
    writeSync(fd, content)
    fsyncSync(fd)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
  return beside
}

function syncDirectory(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
