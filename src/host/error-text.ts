/** What a failed call of the operating system means, by its code. */
import { OperationalError } from '../../wire/errors.js'

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

/** The reason of a failure for the user; our own faults are not reasons and crash. */
export function faultText(error: unknown): string {
  if (error instanceof OperationalError || (error instanceof Error && 'code' in error)) return errorText(error)
  throw error
}
