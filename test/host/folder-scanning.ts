/** A folder's scanner and watcher on a real disk, and what the index would know of it by what was told. */
import * as assert from 'node:assert'
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { blake3 } from '@napi-rs/blake-hash'
import { blockSizeOf, contentId } from '../../src/folder/content.js'
import type { DiskState, FolderHooks, FolderPath, Opening, Problem, Seen } from '../../src/folder-disk.js'
import { FolderThread } from '../../src/host/folder/folder-thread.js'
import { ScanCalls } from '../../src/host/folder/scan-calls.js'
import { Scanner, type ScannerOptions } from '../../src/host/folder/scanner.js'
import { States } from '../../src/host/folder/states.js'
import { newNonce } from '../../src/host/lock.js'
import { called, finished, until } from './support.js'

/** A path as the index knows it: `directory`, or content and x bit of a file. */
type Line = string

export class Index implements FolderHooks {
  readonly states = new Map<FolderPath, DiskState>()
  readonly lines = new Map<FolderPath, Line>()
  readonly told: Seen[] = []
  problemList: readonly Problem[] = []
  scans = 0
  rules = 0
  lostBy: string | null = null

  seen(changes: readonly Seen[]): void {
    assert.ok(changes.length > 0 && changes.length <= 256)
    for (const change of changes) {
      this.told.push(change)
      if (change.state === null) {
        this.states.delete(change.path)
        this.lines.delete(change.path)
        continue
      }
      this.states.set(change.path, change.state)
      this.lines.set(change.path, lineOf(change.state, change.content?.id ?? null))
    }
  }

  scanned(): void {
    this.scans++
  }

  problems(problems: readonly Problem[]): void {
    this.problemList = problems
  }

  rulesChanged(): void {
    this.rules++
  }

  lost(reason: string): void {
    this.lostBy = reason
  }

  /** Of this path; undefined where there is none. */
  problem(path: string): string | undefined {
    return this.problemList.find((problem) => problem.path === path)?.reason
  }
}

function lineOf(state: DiskState, content: string | null): Line {
  return state.kind === 'directory' ? 'directory' : `${content} ${state.size} ${state.executable ? 'x' : '-'}`
}

/** What stands in a folder, in the same form, read in the plainest way. */
export function linesOf(root: string): Map<FolderPath, Line> {
  const lines = new Map<FolderPath, Line>()
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (path.startsWith('.p2pfolder')) continue
    const found = lstatSync(join(root, path))
    if (found.isDirectory()) lines.set(path, 'directory')
    if (!found.isFile()) continue
    const bytes = readFileSync(join(root, path))
    const block = blockSizeOf(bytes.length)
    const hashes: Buffer[] = []
    for (let at = 0; at < bytes.length; at += block) hashes.push(blake3(bytes.subarray(at, at + block)))
    const state = { kind: 'file', size: bytes.length, executable: (found.mode & 0o100) !== 0 } as DiskState
    lines.set(path, lineOf(state, contentId(Buffer.concat(hashes))))
  }
  return lines
}

export interface Disk {
  readonly index: Index
  readonly calls: ScanCalls
  readonly opening: Opening
  /** Of the worker, if there is one. */
  end(): Promise<void>
  close(): Promise<void>
}

const open: (() => Promise<void>)[] = []

/** To be awaited at the end of a test file. */
export async function closeAll(): Promise<void> {
  for (const close of open.splice(0)) await close()
}

/** Opens a folder with a worker, and as a rule waits for its first scan. */
export async function opened(
  root: string,
  marker: string | null = null,
  index = new Index(),
  adopt = false,
): Promise<Disk> {
  const thread = new FolderThread(root, {
    receive: (message) => calls.receive(message as Parameters<ScanCalls['receive']>[0]),
    ended: (reason) => calls.ended(reason),
  })
  const calls = new ScanCalls((request) => thread.send(request))
  return begin(calls, index, marker, adopt, () => thread.end())
}

/** The same in this thread, so that parts of it can be replaced. */
export async function openedHere(
  root: string,
  options: Partial<ScannerOptions> = {},
  marker: string | null = null,
  index = new Index(),
): Promise<Disk> {
  const states = options.states ?? new States()
  const scanner = new Scanner({
    path: root,
    nonce: newNonce(),
    send: (report) => setImmediate(() => calls.receive(report)),
    ...options,
    states,
  })
  const calls = new ScanCalls((request) => scanner.carryOut(request))
  return begin(calls, index, marker, false, async () => {})
}

async function begin(
  calls: ScanCalls,
  index: Index,
  marker: string | null,
  adopt: boolean,
  end: () => Promise<void>,
): Promise<Disk> {
  const opening = await called<Opening>('the folder to open', (done) =>
    calls.open(marker, [...index.states], index, done, adopt),
  )
  let isOpen = true
  const close = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await finished('the folder to close', (done) => calls.close(done))
    await end()
  }
  open.push(close)
  if ('marker' in opening) await until('the first scan', () => index.scans > 0 || index.lostBy)
  return { index, calls, opening, end, close }
}

/** Waits until the index knows what stands in the folder, neither more nor less. */
export async function agreed(disk: Disk, root: string, deadlineMs = 30_000): Promise<void> {
  const there = linesOf(root)
  try {
    await until('the index to know the folder', () => isDeepStrictEqual(disk.index.lines, there), deadlineMs)
  } catch (error) {
    const [known, wanted] = [disk.index.lines, there].map(sorted)
    const more = known?.filter((line) => wanted?.includes(line) === false).slice(0, 20)
    const less = wanted?.filter((line) => known?.includes(line) === false).slice(0, 20)
    throw new Error(`known, but not there: ${more?.join()}\nthere, but not known: ${less?.join()}`, { cause: error })
  }
}

function sorted(lines: ReadonlyMap<string, string>): readonly string[] {
  return Array.from(lines, ([path, line]) => `${path}: ${line}`).sort()
}

export function markerOf({ opening }: Disk): string {
  assert.ok('marker' in opening, JSON.stringify(opening))
  return opening.marker
}
