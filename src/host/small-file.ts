/** Reads small files of ours at places where others may put something else: a pipe, a link, or terabytes. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { errorCode } from './error-text.js'

// a pipe would be waited for without NONBLOCK
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The text of a file of at most so many bytes; empty where something else stands there. Throws an error of the system
 * where nothing does, or it cannot be read.
 */
export function readSmallFile(path: string, maxBytes: number): string {
  const fd = openedHere(path)
  if (fd === null) return ''
  try {
    const found = fstatSync(fd)
    return found.isFile() && found.size <= maxBytes ? readFileSync(fd, 'utf8') : ''
  } finally {
    closeSync(fd)
  }
}

/** Null of a link, or a socket. */
function openedHere(path: string): number | null {
  try {
    return openSync(path, FLAGS)
  } catch (error) {
    if (['ELOOP', 'EMLINK', 'ENXIO'].includes(errorCode(error))) return null
    throw error
  }
}
