/**
 * The console as lines: for pipes, dumb terminals, screen readers and `--plain`. One command a line; answers, log lines and
 * how things stand come back as text, without any escape sequence.
 * Invariant: answers come at once and whole; all else is no more than a person can listen to (see REPORT_EVERY_MS).
 */
import { createInterface } from 'node:readline'
import type { FolderView, LogLine, Progress, Snapshot } from '../src/api.js'
import { type Look, lookOf } from './look.js'
import type { CommandHelp, CommandOutcome, ConsoleOptions, ConsoleSource } from './source.js'
import { Ending, reasonOf } from './terminal/ending.js'
import { watchExits } from './terminal/exits.js'
import { clean } from './text/cells.js'
import { percent, plural, rate } from './text/units.js'

/** No more than one line on how things stand in this time, and so many of the log. */
const REPORT_EVERY_MS = 1000
const LOG_LINES_A_REPORT = 10
const HELP_COLUMN = 44

/** Resolves with the exit code once the peer has left. */
export async function openPlain(source: ConsoleSource, options: ConsoleOptions = {}): Promise<number> {
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = options
  const ending = new Ending()
  let asked = 0
  const leave = (abrupt = false) => {
    source.quit(asked++ > 0 || abrupt).then(
      () => ending.come(0, ''),
      (error: unknown) => ending.come(1, reasonOf(error)),
    )
  }
  const unwatch = watchExits({ asked: () => leave(), crashed: (error) => ending.crash(error) }, [stdin, stdout])
  ending.follow(options.stopped, () => asked > 0)
  const plain = new PlainConsole(source, lookOf(env), (line) => stdout.write(`${line}\n`))
  if (stdin.isTTY) plain.introduce()
  const lines = createInterface({ input: stdin, terminal: false })
  let running = Promise.resolve()
  let read = false
  let over = false
  lines.on('line', (line) => {
    read = true
    const quits = /^\s*:?(quit|exit|q)(\s|$)/i.test(line)
    const abrupt = /\s--abrupt(\s|$)/i.test(line)
    running = running.then(() => (quits ? leave(abrupt) : plain.run(line.trim().replace(/^:/, ''))))
  })
  // nobody can type any more: a script has ended; a service that never had an input goes on until it is told to stop
  lines.on('close', () => {
    if (!over && (read || stdin.isTTY)) running = running.then(() => (asked === 0 ? leave() : undefined))
  })
  const { exit, reason } = await ending.came
  over = true
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
  #lastReport = Number.NEGATIVE_INFINITY
  #lastLog: LogLine | undefined
  #lastStatus = ''
  /** How far the running command is; waits for its turn. */
  #progress: string | null = null
  #lastProgress = ''

  constructor(source: ConsoleSource, look: Look, print: (line: string) => void) {
    this.#source = source
    this.#look = look
    this.#print = (line) => print(clean(line, look))
    this.#unsubscribe = source.subscribe(() => this.#reportSoon())
    this.#report()
  }

  close(): void {
    this.#unsubscribe()
    if (this.#timer !== null) clearTimeout(this.#timer)
    // the peer is closed: it has last words, but no state any more
    this.#printLog()
  }

  async run(line: string): Promise<void> {
    if (line === '') return
    if (/^(help|\?)$/i.test(line)) return this.#help()
    const outcome = await this.#outcome(line)
    this.#progress = null
    if (outcome.long !== undefined) for (const text of [outcome.long.title, ...outcome.long.lines]) this.#print(text)
    if (outcome.message !== '') this.#print(outcome.exit === 0 ? outcome.message : `failed: ${outcome.message}`)
    else if (outcome.exit !== 0) this.#print(`failed: ${line}`)
  }

  /** For a person who sees no screen that would say so. */
  introduce(): void {
    const { attached } = this.#source
    this.#print(`type a command and Enter: help lists them, quit ${attached === undefined ? 'leaves' : 'detaches'}`)
  }

  async #outcome(line: string): Promise<CommandOutcome> {
    this.#lastProgress = ''
    const events = {
      progress: ({ text, done, total }: Progress) => {
        this.#progress = total > 0 ? `${text} ${percent(done, total).trim()}` : text
        this.#reportSoon()
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
    const own: readonly CommandHelp[] = [{ name: 'help', args: '', summary: 'this list' }]
    for (const { name, args, summary } of [...this.#source.commands, ...own]) {
      const words = `${name} ${args}`.trim()
      if (words.length < HELP_COLUMN) this.#print(`${words.padEnd(HELP_COLUMN)} ${summary}`)
      else for (const text of [words, `${' '.repeat(HELP_COLUMN)} ${summary}`]) this.#print(text)
    }
  }

  #reportSoon(): void {
    const due = this.#lastReport + REPORT_EVERY_MS - performance.now()
    this.#timer ??= setTimeout(() => this.#report(), Math.max(0, due))
  }

  /** The log, and one line on how things stand: a running command is nearer to whoever typed it than the network. */
  #report(): void {
    this.#timer = null
    this.#lastReport = performance.now()
    this.#printLog()
    const snapshot = this.#source.snapshot()
    const status = snapshot === null ? 'starting' : statusText(snapshot, this.#look)
    if (this.#progress !== null && this.#progress !== this.#lastProgress) {
      this.#print(this.#progress)
      this.#lastProgress = this.#progress
      if (status !== this.#lastStatus) this.#reportSoon()
    } else if (status !== this.#lastStatus) {
      this.#print(status)
      this.#lastStatus = status
    }
  }

  #printLog(): void {
    const log = this.#source.log()
    const fresh = log.slice(this.#lastLog === undefined ? 0 : log.lastIndexOf(this.#lastLog) + 1)
    this.#lastLog = log.at(-1)
    const lines = fresh.filter(({ level }) => level !== 'debug')
    const shown = mostTelling(lines)
    for (const { level, text } of shown) this.#print(isGrave(level) ? `${level}: ${text}` : text)
    const rest = lines.length - shown.length
    if (rest > 0) this.#print(`${this.#look.glyphs.more} ${plural(rest, 'more line')}`)
  }
}

const isGrave = (level: LogLine['level']): boolean => level === 'warn' || level === 'error'

/** As many as a person can follow, in their order: what went wrong, then what came first. */
function mostTelling(lines: readonly LogLine[]): readonly LogLine[] {
  if (lines.length <= LOG_LINES_A_REPORT) return lines
  const grave = lines.filter(({ level }) => isGrave(level)).slice(-LOG_LINES_A_REPORT)
  const others = lines.filter(({ level }) => !isGrave(level)).slice(0, LOG_LINES_A_REPORT - grave.length)
  const kept = new Set([...grave, ...others])
  return lines.filter((line) => kept.has(line))
}

/** Nothing where all is well; no figures that change at every file. */
function folderParts({ state, conflicts, heldDeletions }: FolderView): readonly string[] {
  return [
    // why was said as a warning, once
    ...(state === 'paused' ? ['folder paused'] : []),
    ...(state === 'syncing' ? ['folder syncing'] : []),
    ...(heldDeletions > 0 ? [`${plural(heldDeletions, 'deletion')} waiting: folder resume --delete or --restore`] : []),
    ...(conflicts.length > 0 ? [`${plural(conflicts.length, 'conflict')}: folder conflicts`] : []),
  ]
}

function statusText({ status, transfers, rates, folder }: Snapshot, look: Look): string {
  const moving = transfers.filter(({ state }) => state !== 'done')
  const parts = [
    `${clean(status.name, look)}: ${plural(status.peers, 'peer')}`,
    `block ${status.height}`,
    plural(status.files, 'file'),
  ]
  parts.push(...folderParts(folder))
  if (rates.down > 0 || rates.up > 0) parts.push(`down ${rate(rates.down).trim()}`, `up ${rate(rates.up).trim()}`)
  for (const { name, done, total, reason } of moving)
    parts.push(`${name} ${percent(done, total).trim()} ${reason}`.trimEnd())
  return parts.join(', ')
}
