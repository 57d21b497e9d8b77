/** Shared by the host's tests: temporary directories, child processes and waits that name what they wait for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const directories: string[] = []
const children = new Set<ChildProcess>()

/** A new directory, removed when the test process ends. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'p2p-host-'))
  directories.push(path)
  return path
}

process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  for (const path of directories) rmSync(path, { recursive: true, force: true })
})

/** Settles when `ready` answers something, or fails with what was waited for. */
export async function until<T>(
  what: string,
  ready: () => T | null | undefined | false,
  deadlineMs = 30_000,
): Promise<T> {
  const end = Date.now() + deadlineMs
  for (;;) {
    const value = ready()
    if (value !== null && value !== undefined && value !== false) return value
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A callback's value, or a failure that says which callback never came. */
export function called<T>(what: string, start: (done: (value: T) => void) => void, deadlineMs = 60_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs)
    start((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
}

/** The same for a callback without a value. */
export function finished(what: string, start: (done: () => void) => void, deadlineMs = 60_000): Promise<null> {
  return called<null>(what, (done) => start(() => done(null)), deadlineMs)
}

export interface Child {
  readonly process: ChildProcess
  readonly lines: readonly string[]
  /** Standard error so far. */
  errors(): string
  readonly ended: Promise<number | null>
}

/**
 * Runs `children/<name>.js` with these arguments; its standard output comes in lines. With a limit no file may grow
 * beyond so many KiB: writes fail as on a full disk.
 */
export function runChild(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  fileLimitKiB: number | null = null,
): Child {
  const script = new URL(`./children/${name}.js`, import.meta.url).pathname
  const node = [process.execPath, script, ...args]
  const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${fileLimitKiB}; exec "$@"`, 'bash', ...node]
  const [command = '', ...rest] = fileLimitKiB === null ? node : limited
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  children.add(child)
  const lines: string[] = []
  let tail = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (tail + text).split('\n')
    tail = parts.pop() ?? ''
    lines.push(...parts)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      children.delete(child)
      resolve(code)
    })
  })
  return { process: child, lines, errors: () => errors, ended }
}
