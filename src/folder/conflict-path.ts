/**
 * Where the loser of a conflict goes: a file beside the winner, with name, bytes and version that follow from the loser alone,
 * so that all peers who find the conflict make the same entry, and whoever deletes the copy deletes it for all.
 */
import { MAX_PATH_BYTES } from '../../wire/messages/folder.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Entry } from './entry.js'
import { MAX_SEGMENT_BYTES, nameOf, parentOf, pathFault } from './path.js'

const SUFFIX = /\.sync-conflict-\d{8}-\d{6}-\d{3}-[0-9a-f]{7}(?=(\.[^.]*)?$)/
/** Longer endings are no file type. */
const MAX_EXTENSION_BYTES = 32
const ID_DIGITS = 7

/** `dir/name.sync-conflict-20261121-103000-123-1a2b3c4.ext`: UTC of the mtime, start of the author's id (`by`). */
export function conflictPath(path: string, mtimeMs: number, by: PeerId | Hash): string {
  const above = parentOf(path)
  const { stem, extension } = splitName(nameOf(originalPath(path)))
  const suffix = `.sync-conflict-${stampOf(mtimeMs)}-${by.slice(0, ID_DIGITS)}${extension}`
  const room = Math.min(
    MAX_SEGMENT_BYTES,
    above === null ? MAX_PATH_BYTES : MAX_PATH_BYTES - Buffer.byteLength(above) - 1,
  )
  const name = cut(stem, room - Buffer.byteLength(suffix)) + suffix
  return above === null ? name : `${above}/${name}`
}

export function isConflictPath(path: string): boolean {
  return SUFFIX.test(nameOf(path))
}

/** Beside which path a conflict copy stands; the path itself where it is none. */
export function originalPath(path: string): string {
  return path.slice(0, path.length - nameOf(path).length) + nameOf(path).replace(SUFFIX, '')
}

/**
 * The entry of a loser's copy; null where there is no path for it. One author may have two files of one moment: what loses
 * against a copy for its place is named by its content.
 */
export function conflictCopy(loser: Entry): Entry | null {
  const place = conflictPath(loser.path, loser.mtimeMs, loser.author)
  const isTaken = place === loser.path && loser.content !== null
  const path = isTaken ? conflictPath(loser.path, loser.mtimeMs, loser.content) : place
  if (path === loser.path || pathFault(path) !== null) return null
  return { ...loser, path, made: null, vector: [{ peer: loser.author, counter: 1 }] }
}

function splitName(name: string): { readonly stem: string; readonly extension: string } {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  if (extension === '' || Buffer.byteLength(extension) > MAX_EXTENSION_BYTES) return { stem: name, extension: '' }
  return { stem: name.slice(0, dot), extension }
}

/** At most so many bytes, and no half character. */
function cut(text: string, maxBytes: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > maxBytes) return text.slice(0, end)
    end += character.length
  }
  return text
}

/** `20261121-103000-123` in UTC. */
function stampOf(mtimeMs: number): string {
  // biome-ignore lint/style/noRestrictedGlobals: turns a given time into text, reads no clock
  const [date = '', time = ''] = new Date(mtimeMs).toISOString().split('T')
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${time.slice(9, 12)}`
}
