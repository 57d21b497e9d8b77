/**
 * A command typed in a shell: asks the running peer through its control socket, shows progress on standard error and
 * the result on standard output. Loads neither the console nor the database.
 */
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalConnection } from '../host/local-connection.js'
import type { RunningEntry } from '../host/running.js'
import { EXIT } from './outcome.js'
import { ProgressLine } from './progress.js'
import { redirected } from './redirect.js'

const REQUEST = 1

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

function exchange(
  entry: RunningEntry,
  words: readonly string[],
  json: boolean,
  bar: ProgressLine,
  quiet: boolean,
): Promise<number> {
  return new Promise((resolve) => {
    const socket = connect(entry.socket)
    let interrupted = false
    const interrupt = (): void => {
      if (interrupted) process.exit(130)
      interrupted = true
      connection.send({ type: 'abort', request: REQUEST })
    }
    let over = false
    const end = (exit: number): void => {
      over = true
      process.off('SIGINT', interrupt)
      socket.destroy()
      resolve(exit)
    }
    const lost = (why: string): void => {
      if (over) return
      bar.clear()
      process.stderr.write(`p2p-tui: ${entry.name} ${why}\n`)
      end(EXIT.failed)
    }
    const connection = new LocalConnection(socket, {
      message: (message) => {
        switch (message.type) {
          case 'progress':
            return bar.show(message.text, message.done, message.total, message.unit)
          case 'output': {
            bar.clear()
            if (message.kind === 'error') process.stderr.write(message.bytes)
            else if (!quiet && (message.kind === 'json') === json) process.stdout.write(message.bytes)
            return
          }
          case 'result':
            bar.clear()
            return end(interrupted ? 130 : message.exit)
          default:
            return lost(`answered with ${message.type}, which is no answer: another version?`)
        }
      },
      closed: (reason) => lost(reason === '' ? 'ended meanwhile' : `does not answer: ${reason}`),
    })
    process.on('SIGINT', interrupt)
    connection.send({
      type: 'command',
      request: REQUEST,
      words: words.map((word) => Buffer.from(word)),
      cwd: Buffer.from(process.cwd()),
      columns: process.stdout.columns ?? 80,
    })
  })
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
