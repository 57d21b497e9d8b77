/**
 * A command typed in a shell: asks the running peer through its control socket, shows progress on standard error and
 * the result on standard output. Loads neither the console nor the database.
 */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lookOf } from '../../ui/look.js'
import type { RunningEntry } from '../host/running.js'
import { call } from './call.js'
import { EXIT } from './outcome.js'
import { ProgressLine } from './progress.js'
import { redirected } from './redirect.js'

/** Runs one command on a running peer; answers the exit code. */
export async function runRemote(entry: RunningEntry, words: readonly string[], json: boolean): Promise<number> {
  const bar = new ProgressLine(process.stderr)
  process.stdout.on('error', endedReader)
  const temporary = redirected(words, '') === null ? null : mkdtempSync(join(tmpdir(), 'p2p-tui-'))
  const sent = (temporary === null ? null : redirected(words, join(temporary, 'file'))) ?? words
  try {
    const exit = await exchange(entry, sent, json && temporary === null, bar, temporary !== null)
    if (exit === EXIT.done && temporary !== null) await toStandardOutput(join(temporary, 'file'))
    return exit
  } finally {
    if (temporary !== null) rmSync(temporary, { recursive: true, force: true })
  }
}

async function exchange(
  entry: RunningEntry,
  words: readonly string[],
  json: boolean,
  bar: ProgressLine,
  quiet: boolean,
): Promise<number> {
  let interrupted = false
  const running = call(entry, words, pictureColumns(json || quiet), {
    progress: ({ text, done, total, unit }) => bar.show(text, done, total, unit),
    output: (kind, bytes) => {
      bar.clear()
      if (kind === 'error') process.stderr.write(bytes)
      else if (kind !== 'message' && !quiet && (kind === 'json') === json) process.stdout.write(bytes)
    },
  })
  const interrupt = (): void => {
    if (interrupted) process.exit(130)
    interrupted = true
    running.abort()
  }
  process.on('SIGINT', interrupt)
  const end = await running.ended
  process.off('SIGINT', interrupt)
  bar.clear()
  if ('exit' in end) return interrupted ? 130 : end.exit
  process.stderr.write(`p2p-tui: ${entry.name} ${end.lost}\n`)
  return EXIT.failed
}

/** Nobody sees a picture in a file or a pipe, and half blocks are no ASCII. */
function pictureColumns(none: boolean): number {
  if (none || !process.stdout.isTTY || !lookOf(process.env).unicode) return 0
  return process.stdout.columns
}

/** `| head` read enough: no fault of ours, and nobody is left to tell. */
function endedReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.done)
}

function toStandardOutput(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    createReadStream(path).on('error', reject).on('end', resolve).pipe(process.stdout, { end: false })
  })
}
