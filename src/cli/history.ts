/**
 * Command lines of earlier consoles, kept in the config directory; tickets never get there. Several consoles of one user
 * append to it at once. Invariants: a line that was appended is lost only by age; a history that is damaged, unreadable or
 * huge costs a warning, never the console.
 */
import { appendFileSync, closeSync, fstatSync, mkdirSync, openSync, readSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { HistoryFile } from '../../ui/source.js'
import { errorCode, errorText, replaceFile } from '../host/durable.js'
import { homes } from '../host/homes.js'

const KEPT_LINES = 500
const MAX_LINES = 1000
/** A prompt takes no longer line. */
const MAX_LINE = 4096
/** More of a file is not looked at. */
const MAX_BYTES = MAX_LINES * MAX_LINE
/** Another console holds the lock for a moment; one that died holding it, for so long. */
const LOCK_TRIES = 20
const LOCK_PAUSE_MS = 5
const LOCK_STALE_MS = 10_000
const CONTROL = /\p{Cc}/u

export function historyFile(folder = homes().config): HistoryFile {
  const path = join(folder, 'history')
  let lines: readonly string[] = []
  let warning = ''
  try {
    const { kept, damaged } = read(path)
    lines = kept
    if (damaged > 0) warning = `the history ${path} is damaged: ${damaged} of its lines are left out`
  } catch (error) {
    warning = `cannot read the history ${path}: ${errorText(error)}`
  }
  return { lines: lines.slice(-KEPT_LINES), warning, append: (line) => append(folder, path, line) }
}

function append(folder: string, path: string, line: string): string {
  const text = line.replace(/\s+/g, ' ').trim()
  if (text === '' || text.length > MAX_LINE || CONTROL.test(text) || /p2p1/i.test(text)) return ''
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const lock = takeLock(`${path}.lock`)
    try {
      appendFileSync(path, `${text}\n`, { mode: 0o600 })
      // without the lock a line of another console could be lost between reading and replacing
      if (lock) trim(path)
    } finally {
      if (lock) rmSync(`${path}.lock`, { force: true })
    }
    return ''
  } catch (error) {
    return `cannot keep the history in ${path}: ${errorText(error)}`
  }
}

/** Whether the file may hold more than it should is told by its size: most lines are short. */
function trim(path: string): void {
  if (statSync(path).size < MAX_LINES * 2) return
  const { kept, total } = read(path)
  if (total > MAX_LINES) replaceFile(path, `${kept.slice(-KEPT_LINES).join('\n')}\n`)
}

interface Content {
  readonly kept: readonly string[]
  readonly damaged: number
  readonly total: number
}

function read(path: string): Content {
  const { text, whole } = tailOf(path)
  const all = text.split('\n').filter((line) => line !== '')
  // the first of a part may be a part itself
  const lines = whole ? all : all.slice(1)
  const kept = lines.filter((line) => line.length <= MAX_LINE && !CONTROL.test(line) && !line.includes('\ufffd'))
  return { kept, damaged: lines.length - kept.length, total: lines.length }
}

function tailOf(path: string): { readonly text: string; readonly whole: boolean } {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { text: '', whole: true }
    throw error
  }
  try {
    const { size } = fstatSync(file)
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES))
    const length = readSync(file, bytes, 0, bytes.length, size - bytes.length)
    return { text: bytes.toString('utf8', 0, length), whole: size === bytes.length }
  } finally {
    closeSync(file)
  }
}

function takeLock(path: string): boolean {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    try {
      closeSync(openSync(path, 'wx', 0o600))
      return true
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
    dropStale(path)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_PAUSE_MS)
  }
  return false
}

function dropStale(path: string): void {
  try {
    if (Date.now() - statSync(path).mtimeMs > LOCK_STALE_MS) rmSync(path, { force: true })
  } catch (error) {
    // given back meanwhile
    if (errorCode(error) !== 'ENOENT') throw error
  }
}
