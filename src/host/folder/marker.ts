/**
 * The right to share a folder: its marker is there, and no other process has its lock.
 * Without the marker an unmounted disk would look like a folder whose files were all deleted.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Opening } from '../../folder-disk.js'
import { createFile, replaceFile } from '../durable.js'
import { errorCode, errorText } from '../error-text.js'
import { type Lock, lockFile } from '../lock.js'
import { readSmallFile } from '../small-file.js'
import { isSingleFile, Root } from './root.js'

const MAX_ID = 64
const MAX_BYTES = 4096
const MOUNTED = 'is its disk mounted? `folder resume` shares this place from now on'

/** A folder that is ours to share until it is released. */
export interface Hold {
  readonly root: Root
  readonly opening: Extract<Opening, { readonly marker: string }>
  /** Why it cannot be shared any more, in words for people; null while it can. */
  fault(): string | null
  release(): void
}

export interface Wanted {
  /** Absolute: the folder, or the one file that is shared. */
  readonly path: string
  readonly nonce: string
  /** Id of the marker that we know; null: we never had the folder. */
  readonly marker: string | null
  /** Take the folder even if the marker that we know is not there. */
  readonly adopt: boolean
  /** Nothing stands there as far as we know: then another place is as good as the old one. */
  readonly isEmpty: boolean
}

/** Takes the folder; an error says what to do. */
export function takeHold(wanted: Wanted): Hold | { readonly error: string } {
  const expectsMarker = wanted.marker !== null && !wanted.isEmpty && !wanted.adopt
  try {
    if (!expectsMarker) makePlace(wanted.path)
    const root = new Root(wanted.path)
    if (expectsMarker && readMarker(root) === null)
      return { error: `no ${basename(root.marker)} in ${root.directory}: ${MOUNTED}` }
    const taken = lockFile(root.lock, wanted.nonce)
    if (!taken.ok) {
      const holder = taken.holder === null ? '' : ` (process ${taken.holder.pid} on ${taken.holder.host})`
      return { error: `another program shares ${wanted.path} already${holder}: end it, or pick another with --folder` }
    }
    return held(root, mark(root, wanted.marker, wanted.isEmpty), taken.lock)
  } catch (error) {
    if (expectsMarker && errorCode(error) === 'ENOENT') return { error: `no folder at ${wanted.path}: ${MOUNTED}` }
    return { error: `${wanted.path}: ${errorText(error)}` }
  }
}

function held(root: Root, opening: Hold['opening'], lock: Lock): Hold {
  return {
    root,
    opening,
    fault: () => {
      try {
        if (!root.isThere()) return 'it is not there any more, or another disk stands in its place'
        return readMarker(root) === opening.marker ? null : `its marker ${root.marker} is not there any more`
      } catch (error) {
        return errorText(error)
      }
    },
    release: () => lock.release(),
  }
}

/** A folder that we share for the first time is made; one that should be there is not. */
function makePlace(path: string): void {
  mkdirSync(isSingleFile(path) ? dirname(path) : path, { recursive: true })
}

function mark(root: Root, expected: string | null, isEmpty: boolean): Hold['opening'] {
  const found = readMarker(root)
  if (found !== null && found !== '') return { marker: found, was: found === expected ? 'same' : 'other' }
  const marker = randomBytes(16).toString('hex')
  const text = `${JSON.stringify({ id: marker })}\n`
  if (found === '') replaceFile(root.marker, text)
  else createFile(root.marker, text)
  // of a folder that we knew, or whose marker cannot be read, somebody may know more than we do
  return { marker, was: (expected === null || isEmpty) && found === null ? 'new' : 'other' }
}

/** The id; null: there is no marker; '': it cannot be understood. */
function readMarker(root: Root): string | null {
  try {
    const value: unknown = JSON.parse(readSmallFile(root.marker, MAX_BYTES))
    if (typeof value !== 'object' || value === null || !('id' in value) || typeof value.id !== 'string') return ''
    return value.id.length <= MAX_ID ? value.id : ''
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    if (error instanceof SyntaxError) return ''
    throw error
  }
}
