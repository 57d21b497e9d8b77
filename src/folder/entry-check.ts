/** Which entries are taken: what no rule-abiding peer sends is a breach, what only a clock can be wrong about is not. */
import { MAX_COUNTER, MAX_TIME_MS } from '../../wire/messages/folder.js'
import { contentId, MAX_FILE_BYTES } from './content.js'
import type { Entry } from './entry.js'
import { pathFault } from './path.js'
import { compareVectors, isAscending } from './vector.js'

const EMPTY_CONTENT = contentId(new Uint8Array(0))
/** How far a peer's clock may be ahead of ours. */
export const CLOCK_AHEAD_MS = 86_400_000

export interface EntryFault {
  readonly fault: string
  readonly isBreach: boolean
}

/** Why an entry of a peer is not taken; null where it is. */
export function entryFault(entry: Entry, wallTimeMs: number): EntryFault | null {
  const fault = shapeFault(entry)
  if (fault !== null) return { fault, isBreach: true }
  const latestMs = wallTimeMs + CLOCK_AHEAD_MS
  if (entry.mtimeMs > latestMs || entry.vector.some(({ counter }) => counter > latestMs / 1000)) {
    return { fault: 'its time is more than a day ahead of the clock here', isBreach: false }
  }
  return null
}

/** What is wrong with an entry whatever the time is; null where nothing is. */
export function shapeFault(entry: Entry): string | null {
  const path = pathFault(entry.path)
  if (path !== null) return path
  if (!isAscending(entry.vector)) return 'its version vector is not ascending'
  if (entry.made !== null && (!isAscending(entry.made) || compareVectors(entry.made, entry.vector) !== 'older')) {
    return 'its author had seen more than it stands for'
  }
  if (entry.vector.some(({ counter }) => counter > MAX_COUNTER)) return 'its version counter is too large'
  if (!(entry.mtimeMs >= 0 && entry.mtimeMs <= MAX_TIME_MS)) return 'its time is none'
  if (entry.kind !== 'file') {
    const isBare = entry.content === null && entry.size === 0 && !entry.executable
    return isBare ? null : 'it has a content and is no file'
  }
  if (entry.content === null) return 'it is a file without a content'
  if (entry.size > MAX_FILE_BYTES) return 'it is too large'
  return (entry.size === 0) === (entry.content === EMPTY_CONTENT) ? null : 'its size does not fit its content'
}
