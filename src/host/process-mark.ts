/**
 * Tells one process from every other, also after its number was given away again or the machine was restarted.
 * Invariant: two processes never have the same mark (pid, start time, boot, host).
 * Start time is field 22 of /proc/<pid>/stat (proc(5)); where there is no /proc, what `ps` prints.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessMark {
  readonly pid: number
  /** Compared, never interpreted: clock ticks since boot on Linux, a date elsewhere. */
  readonly started: string
  readonly boot: string
  readonly host: string
}

/** 'elsewhere': another machine's process, of which we cannot know. */
export type Life = 'alive' | 'gone' | 'elsewhere'

/** The mark of the running process. */
export function ownMark(): ProcessMark {
  own ??= { pid: process.pid, started: startOf(process.pid) ?? 'unknown', boot: bootId(), host: hostname() }
  return own
}

/** Whether the process of this mark still runs. */
export function lifeOf(mark: ProcessMark): Life {
  const here = ownMark()
  if (mark.boot !== here.boot) return mark.host === here.host ? 'gone' : 'elsewhere'
  if (mark.pid === here.pid) return mark.started === here.started ? 'alive' : 'gone'
  return startOf(mark.pid) === mark.started ? 'alive' : 'gone'
}

/** Reads a mark from JSON; null when it is none. */
export function readMark(value: unknown): ProcessMark | null {
  if (typeof value !== 'object' || value === null) return null
  const { pid, started, boot, host } = value as Record<string, unknown>
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return null
  if (typeof started !== 'string' || typeof boot !== 'string' || typeof host !== 'string') return null
  return { pid, started, boot, host }
}

let own: ProcessMark | undefined
let boot: string | undefined

function bootId(): string {
  boot ??= readText('/proc/sys/kernel/random/boot_id') ?? run('sysctl', ['-n', 'kern.boottime']) ?? 'unknown'
  return boot
}

function startOf(pid: number): string | null {
  const stat = readText(`/proc/${pid}/stat`)
  // the command name, second field, may hold spaces and brackets: count from its last bracket
  if (stat !== null) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? null : (fields[19] ?? null)
  }
  return process.platform === 'linux' ? null : run('ps', ['-o', 'lstart=', '-p', String(pid)])
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null // no /proc here, or no such process
  }
}

function run(command: string, args: readonly string[]): string | null {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
  } catch {
    return null // the process is gone
  }
}
