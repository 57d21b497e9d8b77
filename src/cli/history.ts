/** Command lines of earlier consoles, kept in the config directory; tickets never get there. */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HistoryFile } from '../../ui/source.js'
import { homes } from '../host/directories.js'

const HISTORY_LINES = 500

export function historyFile(): HistoryFile {
  const folder = homes().config
  const path = join(folder, 'history')
  let lines: readonly string[] = []
  try {
    lines = readFileSync(path, 'utf8').split('\n').filter(Boolean).slice(-HISTORY_LINES)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return {
    lines,
    append: (line) => {
      if (/p2p1/i.test(line)) return
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      appendFileSync(path, `${line}\n`, { mode: 0o600 })
    },
  }
}
