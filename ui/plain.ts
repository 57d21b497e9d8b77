/**
 * The console as lines: for pipes, dumb terminals, screen readers and `--plain`. One command a line; answers, log lines and
 * at most one status line a second come back as text, without any escape sequence.
 */
import { createInterface } from 'node:readline'
import type { LogLine, Snapshot } from '../src/api.js'
import { type Look, lookOf } from './look.js'
import type { CommandOutcome, ConsoleOptions, ConsoleSource } from './source.js'
import { Ending, reasonOf } from './terminal/ending.js'
import { watchExits } from './terminal/exits.js'
import { clean } from './text/cells.js'
import { percent, plural, rate } from './text/units.js'

const STATUS_EVERY_MS = 1000

/** Resolves with the exit code once the peer has left. */
export async function openPlain(source: ConsoleSource, options: ConsoleOptions = {}): Promise<number> {
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = options
  const ending = new Ending()
  let asked = 0
  const leave = () => {
    source.quit(asked++ > 0).then(
      () => ending.come(0, ''),
      (error: unknown) => ending.come(1, reasonOf(error)),
    )
  }
  const unwatch = watchExits({ asked: leave, crashed: (error) => ending.crash(error) }, [stdin, stdout])
  options.stopped?.addEventListener('abort', () => ending.stopped(options.stopped?.reason, asked > 0))
  const plain = new PlainConsole(source, lookOf(env), (line) => stdout.write(`${line}\n`))
  const lines = createInterface({ input: stdin, terminal: false })
  let running = Promise.resolve()
  let read = false
  lines.on('line', (line) => {
    read = true
    const quits = /^\s*:?(quit|exit|q)(\s|$)/i.test(line)
    running = running.then(() => (quits ? leave() : plain.run(line.trim().replace(/^:/, ''))))
  })
  // nobody can type any more: a script has ended; a service that never had an input goes on until it is told to stop
  lines.on('close', () => {
    if (read || stdin.isTTY) running = running.then(() => (asked === 0 ? leave() : undefined))
  })
  const { exit, reason } = await ending.came
  plain.close()
  lines.close()
  unwatch()
  if (reason !== '') stderr.write(`p2p-tui: ${reason}\n`)
  return exit
}

class PlainConsole {
  readonly #source: ConsoleSource
  readonly #look: Look
  readonly #print: (line: string) => void
  readonly #unsubscribe: () => void
  #timer: NodeJS.Timeout | null = null
  #lastLog: LogLine | undefined
  #lastStatus = ''

  constructor(source: ConsoleSource, look: Look, print: (line: string) => void) {
    this.#source = source
    this.#look = look
    this.#print = (line) => print(clean(line, look))
    this.#unsubscribe = source.subscribe(() => {
      this.#timer ??= setTimeout(() => this.#report(), STATUS_EVERY_MS)
    })
    this.#report()
  }

  close(): void {
    this.#unsubscribe()
    if (this.#timer !== null) clearTimeout(this.#timer)
    // the peer is closed: it has last words, but no state any more
    this.#tellLog()
  }

  async run(line: string): Promise<void> {
    if (line === '') return
    if (/^(help|\?)$/i.test(line)) return this.#help()
    const outcome = await this.#outcome(line)
    if (outcome.long !== undefined) for (const text of [outcome.long.title, ...outcome.long.lines]) this.#print(text)
    if (outcome.message !== '') this.#print(outcome.exit === 0 ? outcome.message : `failed: ${outcome.message}`)
  }

  async #outcome(line: string): Promise<CommandOutcome> {
    let shown = ''
    const events = {
      progress: ({ text, done, total }: { text: string; done: number; total: number }) => {
        const words = total > 0 ? `${text} ${percent(done, total).trim()}` : text
        if (words !== shown) this.#print(words)
        shown = words
      },
      message: (text: string) => this.#print(text),
    }
    try {
      return await this.#source.run(line, events, new AbortController().signal)
    } catch (error) {
      return { exit: 1, message: `${line}: ${error instanceof Error ? error.message : String(error)}` }
    }
  }

  #help(): void {
    for (const { name, args, summary } of this.#source.commands)
      this.#print(`${name} ${args}`.trim().padEnd(40).concat(' ', summary))
  }

  #report(): void {
    this.#timer = null
    this.#tellLog()
    const snapshot = this.#source.snapshot()
    const status = snapshot === null ? 'starting' : statusText(snapshot, this.#look)
    if (status !== this.#lastStatus) this.#print(status)
    this.#lastStatus = status
  }

  #tellLog(): void {
    const log = this.#source.log()
    const fresh = log.slice(this.#lastLog === undefined ? 0 : log.lastIndexOf(this.#lastLog) + 1)
    this.#lastLog = log.at(-1)
    for (const { level, text } of fresh)
      if (level !== 'debug') this.#print(level === 'info' || level === 'notice' ? text : `${level}: ${text}`)
  }
}

function statusText({ status, transfers, rates }: Snapshot, look: Look): string {
  const moving = transfers.filter(({ state }) => state !== 'done')
  const parts = [
    `${clean(status.name, look)}: ${plural(status.peers, 'peer')}`,
    `block ${status.height}`,
    plural(status.files, 'file'),
  ]
  if (rates.down > 0 || rates.up > 0) parts.push(`down ${rate(rates.down).trim()}`, `up ${rate(rates.up).trim()}`)
  for (const { name, done, total, reason } of moving)
    parts.push(`${name} ${percent(done, total).trim()} ${reason}`.trimEnd())
  return parts.join(', ')
}
