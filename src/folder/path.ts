/** Which paths may stand in the folder: canonical, relative, and nothing that any disk could take for another place. */
import { MAX_PATH_BYTES } from '../../wire/messages/folder.js'

export const MAX_SEGMENT_BYTES = 255
/** Directories in one another: each costs memory and work of its own. */
export const MAX_SEGMENTS = 100
/** Ours, at the top of the folder: the marker and what stands beside it, as disks may spell it that fold letters. */
const RESERVED = /^(\.[^/]*)?\.p2pfolder/i
/** Some disks take names for the same that differ in these alone. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/

/** Why this path cannot be shared, in words for people; null where it can. */
export function pathFault(path: string): string | null {
  if (path === '') return 'it is empty'
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `its path is longer than ${MAX_PATH_BYTES} bytes`
  if (path.normalize('NFC') !== path) return 'its name is not in Unicode form NFC: rename it'
  if (/\p{Surrogate}/u.test(path)) return 'its name is not Unicode'
  if (CONTROL.test(path)) return 'its name has control characters'
  const segments = path.split('/')
  if (segments.length > MAX_SEGMENTS) return `it lies more than ${MAX_SEGMENTS} directories deep`
  for (const segment of segments) {
    if (segment === '') return 'its path is absolute or has an empty part'
    if (segment === '.' || segment === '..') return 'its path leaves the folder'
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `its name is longer than ${MAX_SEGMENT_BYTES} bytes`
  }
  return isReserved(path) ? 'its name is reserved' : null
}

/** Whether this is ours (the marker, the lock, the trash, …) or could be. */
export function isReserved(path: string): boolean {
  return RESERVED.test(path.replace(INVISIBLE, ''))
}

/** The directory above; null at the top. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? null : path.slice(0, slash)
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
