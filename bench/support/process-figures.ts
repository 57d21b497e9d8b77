/** What Linux tells about another process; null elsewhere. */
import { readFileSync } from 'node:fs'

/** USER_HZ is 100 on every Linux that node runs on. */
const TICKS_PER_SECOND = 100

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

/** Seconds of processor time so far, all threads. */
export function cpuSeconds(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === null) return null
  // the name in parentheses may hold blanks; utime and stime are the 12th and 13th field after it
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Private memory in MB (10^6 bytes). */
export function anonymousMegabytes(pid: number): number | null {
  const line = /^RssAnon:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return line === undefined ? null : (Number(line) * 1024) / 1e6
}
