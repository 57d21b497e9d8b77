/**
 * A command typed in a shell: asks the running peer through its control socket, shows progress on standard error and
 * the result on standard output. Loads neither the console nor the database.
 */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WriteStream } from 'node:tty'
import { inAscii, lookOf } from '../../ui/look.js'
import type { RunningEntry } from '../host/running.js'
import { type CallScreen, call, NO_SCREEN } from './call.js'
import { EXIT } from './outcome.js'
import { ProgressLine } from './progress.js'
import { redirected } from './redirect.js'

const look = lookOf(process.env)

/** Runs one command on a running peer; answers the exit code. */
export async function runRemote(entry: RunningEntry, words: readonly string[], json: boolean): Promise<number> {
  const bar = new ProgressLine(process.stderr, look)
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
  const toOutput = writerOf(process.stdout)
  const toErrors = writerOf(process.stderr)
  const running = call(entry, words, screenOf(json || quiet), {
    progress: ({ text, done, total, unit }) => bar.show(text, done, total, unit),
    output: (kind, bytes) => {
      bar.clear()
      if (kind === 'error') toErrors(bytes)
      else if (kind !== 'message' && !quiet && (kind === 'json') === json) toOutput(bytes)
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

/** Nobody looks at a file or a pipe, and half blocks are no ASCII. */
function screenOf(none: boolean): CallScreen {
  if (none || !process.stdout.isTTY) return NO_SCREEN
  return { columns: process.stdout.columns, pictures: look.unicode }
}

/** Writes parts of a UTF-8 text; where a terminal shows only ASCII, our own glyphs as what stands for them there. */
function writerOf(out: WriteStream): (bytes: Uint8Array) => void {
  if (look.unicode || !out.isTTY) return (bytes) => void out.write(bytes)
  const decoder = new TextDecoder()
  return (bytes) => void out.write(inAscii(decoder.decode(bytes, { stream: true })))
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
