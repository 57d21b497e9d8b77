/**
 * The two versions of a file that stand in conflict, as they are on this disk: size, time, who made them, and of small texts
 * what differs. Invariant: at most MAX_TEXT_BYTES of either are read, neither may be a symbolic link, and nothing of their
 * contents or names reaches a terminal as a control character.
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FolderConflict } from '../api.js'
import { faultText } from '../host/error-text.js'
import { printable, size, table, utc } from './format.js'
import { type DiffLine, lineDiff } from './line-diff.js'

const MAX_TEXT_BYTES = 65_536
/** A person decides by less. */
const MAX_DIFF_LINES = 60

interface Version {
  readonly word: 'this' | 'that'
  readonly path: string
  readonly by: string
  /** ms since the epoch; null where it cannot be read. */
  readonly time: number | null
  readonly size: number | null
  /** Null: too long, or no text. */
  readonly lines: readonly string[] | null
  /** Why it cannot be read; '' where it can. */
  readonly fault: string
}

export interface TwoVersions {
  readonly lines: readonly string[]
  readonly json: unknown
}

/** `root`: the shared folder, or the one file that is shared. */
export function twoVersions(root: string, conflict: FolderConflict, columns: number): TwoVersions {
  const top = statSync(root, { throwIfNoEntry: false })?.isFile() === true ? dirname(root) : root
  const here = version('this', top, conflict.path, conflict.placeBy)
  const other = version('that', top, conflict.copy, conflict.by)
  const rows = [here, other].map(({ word, path, by, time, size: bytes, fault }) => [
    word,
    printable(path),
    bytes === null ? '-' : size(bytes),
    time === null ? '-' : utc(Math.floor(time / 1000)),
    printable(by),
    fault,
  ])
  const diff = here.lines === null || other.lines === null ? null : lineDiff(here.lines, other.lines)
  return {
    lines: [...table(['', 'file', 'size', 'written', 'by', ''], rows, columns), ...diffLines(diff, here, other)],
    json: { this: documented(here), that: documented(other), diff },
  }
}

function documented({ path, by, time, size: bytes, fault }: Version): unknown {
  return { path, by, time, size: bytes, ...(fault === '' ? {} : { fault }) }
}

function diffLines(diff: readonly DiffLine[] | null, here: Version, other: Version): readonly string[] {
  if (diff === null) return [here.fault + other.fault === '' ? 'no short texts: what differs is not shown' : '']
  if (diff.length === 0) return ['their lines are the same']
  const lines = diff
    .slice(0, MAX_DIFF_LINES)
    .map(({ mark, text }) => (mark === '~' ? '  …' : `${mark} ${printable(text)}`))
  const rest = diff.length - lines.length
  return ['', '- this', '+ that', ...lines, ...(rest > 0 ? [`… and ${rest} lines more`] : [])]
}

function version(word: 'this' | 'that', top: string, path: string, by: string): Version {
  let file = -1
  try {
    file = openSync(join(top, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile()) return { word, path, by, time: null, size: null, lines: null, fault: 'is no file' }
    const lines = stat.size > MAX_TEXT_BYTES ? null : linesOf(file)
    return { word, path, by, time: stat.mtimeMs, size: stat.size, lines, fault: '' }
  } catch (error) {
    return { word, path, by, time: null, size: null, lines: null, fault: faultText(error) }
  } finally {
    if (file >= 0) closeSync(file)
  }
}

/** Null where it is no text. */
function linesOf(file: number): readonly string[] | null {
  const buffer = Buffer.alloc(MAX_TEXT_BYTES)
  let length = 0
  for (let read = -1; read !== 0 && length < buffer.length; length += read)
    read = readSync(file, buffer, length, buffer.length - length, length)
  const bytes = buffer.subarray(0, length)
  const text = bytes.toString()
  if (bytes.includes(0) || !Buffer.from(text).equals(bytes)) return null
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}
