/**
 * Small files that survive a crash at any moment: written beside, synced, then moved into place.
 * Invariant: a reader sees the whole old content or the whole new one, never a part.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode } from './error-text.js'

export { errorCode, errorText, faultText } from './error-text.js'

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
