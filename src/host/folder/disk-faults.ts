/** What a failed call of the file system means to whoever wanted something written. */
import type { WriteOutcome } from '../../folder-disk.js'
import { errorCode, errorText } from '../error-text.js'

export type Refusal = Extract<WriteOutcome, { readonly reason: string }>

const FULL = new Set(['ENOSPC', 'EDQUOT'])
/** It would go the same way again. */
const LASTING = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EFBIG',
  'EINVAL',
  'EILSEQ',
  'ENAMETOOLONG',
  'ELOOP',
  'EISDIR',
  'ENOTDIR',
  'ENOTEMPTY',
])
/** Somebody was there in between. */
const MOVED = new Set(['ENOENT', 'EEXIST'])
/** Disks without hard links. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

export function isFull(error: unknown): boolean {
  return FULL.has(errorCode(error))
}

export function hasNoLinks(error: unknown): boolean {
  return NO_LINKS.has(errorCode(error))
}

/** Our own faults are none of the disk's: they crash. */
export function refusalOf(error: unknown): Refusal {
  const code = errorCode(error)
  if (code === '') throw error
  const reason = errorText(error)
  if (FULL.has(code)) return { outcome: 'full', reason }
  if (LASTING.has(code)) return { outcome: 'skipped', reason }
  return { outcome: MOVED.has(code) ? 'changed' : 'failed', reason }
}

export function skipped(reason: string): Refusal {
  return { outcome: 'skipped', reason }
}

export function changed(reason: string): Refusal {
  return { outcome: 'changed', reason }
}
