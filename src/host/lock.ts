/**
 * One process per state directory. The lock is a file that names its process; it is never half written (see durable.ts).
 * Invariant: of all processes that want a directory, at most one holds it, however many died holding it.
 * A stale lock is replaced only under a second lock whose name is the hash of the stale one: without it, a slow
 * process could move away the fresh lock of a quick one that had found the same stale file.
 */
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createFile, errorCode, replaceFile } from './durable.js'
import { lifeOf, ownMark, type ProcessMark, readMark } from './process-mark.js'
import { readSmallFile } from './small-file.js'

/** Processes that died while they took a lock over, in a row. */
const DEPTH = 4
const TRIES = 100
const MAX_BYTES = 64 * 1024

export interface Lock {
  /** Gives the directory back. */
  release(): void
}

export type Acquired =
  | { readonly ok: true; readonly lock: Lock }
  /** `holder` null: it changed hands just now. */
  | { readonly ok: false; readonly holder: ProcessMark | null; readonly path: string }

/** Takes the lock of a directory, or says who has it. */
export function lockDirectory(directory: string): Acquired {
  return lockFile(join(directory, 'lock'), newNonce())
}

/** The same with a file of one's own. Who took it with this nonce, in this process, has it and gets it again. */
export function lockFile(path: string, nonce: string): Acquired {
  return acquire(path, nonce, DEPTH)
}

export function newNonce(): string {
  return randomBytes(8).toString('hex')
}

function acquire(path: string, nonce: string, depth: number): Acquired {
  const content = `${JSON.stringify({ ...ownMark(), nonce })}\n`
  const lock: Lock = {
    release: () => {
      if (read(path) === content) rmSync(path, { force: true })
    },
  }
  for (let tries = 0; tries < TRIES; tries++) {
    if (createFile(path, content)) return { ok: true, lock }
    const found = read(path)
    if (found === null) continue // given back meanwhile
    if (found === content) return { ok: true, lock }
    const holder = parse(found)
    if (holder !== null && lifeOf(holder) !== 'gone') return { ok: false, holder, path }
    if (depth === 0) return { ok: false, holder, path }
    const guard = acquire(
      `${path}.${createHash('sha256').update(found).digest('hex').slice(0, 16)}`,
      newNonce(),
      depth - 1,
    )
    if (!guard.ok) return { ok: false, holder: guard.holder, path }
    try {
      if (read(path) !== found) continue
      replaceFile(path, content)
      return { ok: true, lock }
    } finally {
      guard.lock.release()
    }
  }
  return { ok: false, holder: null, path }
}

function read(path: string): string | null {
  try {
    return readSmallFile(path, MAX_BYTES)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
}

/** A file that a power cut left empty names nobody: null. */
function parse(content: string): ProcessMark | null {
  try {
    return readMark(JSON.parse(content))
  } catch {
    return null
  }
}
