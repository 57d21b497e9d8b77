/**
 * What runs without a console: log lines (or one JSON event a line) on standard output, ended by a signal or `quit`.
 * Invariant: the first line is `ready`, and a second signal ends the process at once.
 */
import type { LogLine } from '../api.js'
import type { PeerFacts } from '../host/open-peer.js'
import { EXIT } from './outcome.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A peer or a dedicated anchor. */
export interface Lasting {
  readonly facts: PeerFacts
  readonly ended: Promise<{ readonly reason: string | null }>
  quit(abrupt: boolean): void
}

/** Opens it, has its commands served (`serve` answers how to stop that), and stays until it ends; the exit code. */
export async function runLines<T extends Lasting>(
  json: boolean,
  open: (onLog: (line: LogLine) => void) => Promise<T>,
  serve: (opened: T) => Promise<() => Promise<void>>,
  /** What a person is told first. */
  words: (opened: T) => string = plainWords,
): Promise<number> {
  // whoever read the lines may leave (`| head -1`); the peer is still of use to others
  let heard = true
  process.stdout.on('error', () => {
    heard = false
  })
  const print = (event: Readonly<Record<string, unknown>>, text: string): void => {
    if (heard) process.stdout.write(json ? `${JSON.stringify(event)}\n` : `${text}\n`)
  }
  const early: LogLine[] = []
  let ready = false
  const show = (line: LogLine): void => {
    if (line.level === 'debug') return
    print({ event: 'log', ...line }, `${new Date(line.time).toISOString().slice(11, 19)} ${line.text}`)
  }
  let opened: T | null = null
  let asked = false
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (asked) process.exit(EXIT.failed)
      asked = true
      show({ time: Date.now(), level: 'notice', text: 'leaving the network; Ctrl-C again leaves at once' })
      opened?.quit(false)
    })
  }
  opened = await open((line) => {
    if (ready) show(line)
    else early.push(line)
  })
  const stop = await serve(opened)
  const { id, name, address, data, network } = opened.facts
  print({ event: 'ready', id, name, address, data, network }, words(opened))
  ready = true
  for (const line of early) show(line)

  if (asked) opened.quit(false)
  const end = await opened.ended
  await stop()
  if (end.reason !== null) process.stderr.write(`p2p-tui: ${end.reason}\n`)
  return end.reason === null ? EXIT.done : EXIT.failed
}

function plainWords({ facts }: Lasting): string {
  const { id, name, address, data, network } = facts
  return `${name} ${id} listens on ${address} in "${network}", state in ${data}`
}
