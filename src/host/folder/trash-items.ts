/** The list beside the files of one batch in the trash. */
import { pathFault } from '../../folder/path.js'
import type { FolderPath } from '../../folder-disk.js'

export interface Planned {
  readonly path: FolderPath
  /** Something else took its place. */
  readonly replaced: boolean
  /** ms since the epoch. */
  readonly time: number
}

/** Nothing where the text is no such list: a user may have written it. */
export function readPlanned(text: string): readonly Planned[] {
  const list = parsed(text)
  return Array.isArray(list) && list.every(isPlanned) ? list : []
}

function isPlanned(item: unknown): item is Planned {
  if (typeof item !== 'object' || item === null) return false
  const { path, replaced, time } = item as Partial<Record<keyof Planned, unknown>>
  const isPath = typeof path === 'string' && pathFault(path) === null
  return isPath && typeof replaced === 'boolean' && typeof time === 'number' && Number.isFinite(time)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
