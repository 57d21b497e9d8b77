/**
 * Commands that were entered and run: their progress and answers become the message, long answers open over the panes.
 * The console answers `help`, `log` and `quit` itself; all else is the source's.
 * Invariant: of several running commands the newest is shown; whatever takes longer than TICK_MS shows that it goes on.
 */
import type { Progress } from '../src/api.js'
import { LOG_LEVELS } from '../src/env.js'
import { Pacer } from './pace.js'
import type { CommandOutcome, ConsoleSource, MessageLevel } from './source.js'
import { type Message, type UiState, USUAL_LEVEL } from './state.js'

/** More at once are refused. */
export const MAX_JOBS = 16
/** Nobody reads faster. */
const SHOW_EVERY_MS = 200
const TICK_MS = 1000
/** The answer to one command may be read for this long before another one's progress takes its place. */
const ANSWER_STAYS_MS = 4000

interface JobsHooks {
  changed(change: (ui: UiState) => UiState): void
  quit(abrupt: boolean): void
}

interface Job {
  readonly line: string
  readonly abort: AbortController
  readonly startedAt: number
  readonly pacer: Pacer
  progress: Progress | null
  shownAt: number
}

export class Jobs {
  readonly #source: ConsoleSource
  readonly #hooks: JobsHooks
  readonly #running: Job[] = [] // at most MAX_JOBS
  #queue: Promise<void> = Promise.resolve()
  #tick: NodeJS.Timeout | null = null

  constructor(source: ConsoleSource, hooks: JobsHooks) {
    this.#source = source
    this.#hooks = hooks
  }

  /** `queued` ones wait for each other: lines pasted together run one after the other. */
  run(line: string, queued: boolean): void {
    if (this.#own(line)) return
    if (this.#running.length >= MAX_JOBS) {
      this.#say(`${MAX_JOBS} commands are running: wait for one, or x cancels the newest`, 'bad')
      return
    }
    const now = Date.now()
    const abort = new AbortController()
    const job: Job = { line, abort, startedAt: now, pacer: new Pacer(now), progress: null, shownAt: 0 }
    this.#running.push(job)
    this.#tick ??= setInterval(() => this.#showNewest(), TICK_MS)
    this.#hooks.changed((ui) => ({ ...ui, jobs: this.#running.length }))
    const before = queued ? this.#queue : Promise.resolve()
    const done = before.then(() => this.#runOne(job))
    if (queued) this.#queue = done
  }

  /** Cancels the newest. */
  abort(): void {
    const newest = this.#running.at(-1)
    if (newest === undefined) this.#say('nothing is running that could be cancelled', 'info')
    else newest.abort.abort()
  }

  abortAll(): void {
    if (this.#tick !== null) clearInterval(this.#tick)
    for (const { abort } of this.#running) abort.abort()
  }

  async #runOne(job: Job): Promise<void> {
    try {
      const outcome = await this.#source.run(
        job.line,
        {
          progress: (progress) => this.#progressed(job, progress),
          message: (text, level) => this.#say(text, level),
        },
        job.abort.signal,
      )
      this.#finished(job, outcome)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#finished(job, { exit: 1, message: `${job.line}: ${reason}` })
    }
  }

  #progressed(job: Job, progress: Progress): void {
    const now = Date.now()
    job.progress = progress
    job.pacer.add(progress.done, now)
    if (this.#running.at(-1) === job && now - job.shownAt >= SHOW_EVERY_MS) this.#showNewest()
  }

  /** How far the newest is, or how long it has been at it. */
  #showNewest(): void {
    const job = this.#running.at(-1)
    if (job === undefined) return
    const now = Date.now()
    job.shownAt = now
    const progress = job.progress ?? { text: job.line, done: 0, total: 0, unit: '' as const }
    const { text } = progress
    const message: Message = { text, level: 'busy', progress, at: now, from: 'command', pace: job.pacer.at(now) }
    this.#hooks.changed((ui) => (isAnswerSince(ui.message, job.startedAt, now) ? ui : { ...ui, message }))
  }

  #finished(job: Job, { exit, message, long }: CommandOutcome): void {
    this.#running.splice(this.#running.indexOf(job), 1)
    if (this.#running.length === 0 && this.#tick !== null) {
      clearInterval(this.#tick)
      this.#tick = null
    }
    this.#hooks.changed((ui) => {
      const overlay = long === undefined ? ui.overlay : { kind: 'text' as const, ...long, scroll: 0 }
      // a progress line must not stay behind as the last word, and a failure is never silent
      const word = exit === 0 ? 'done' : 'failed'
      const text = message === '' && (exit !== 0 || ui.message?.level === 'busy') ? word : message
      const level = exit === 0 ? 'good' : 'bad'
      const said: Message | null =
        text === '' ? ui.message : { text, level, progress: null, at: Date.now(), from: 'command' }
      return { ...ui, jobs: this.#running.length, overlay, message: said }
    })
  }

  /** The console's own commands; with words that it does not know they are the source's, which says what is wrong. */
  #own(line: string): boolean {
    const [name = '', word = '', ...more] = line.trim().toLowerCase().split(/\s+/)
    if (more.length > 0) return false
    const level = word === '' ? USUAL_LEVEL : LOG_LEVELS.find((one) => one === word)
    if (/^(quit|q|exit)$/.test(name) && (word === '' || word === '--abrupt')) this.#hooks.quit(word !== '')
    else if (/^(help|\?)$/.test(name) && word === '')
      this.#hooks.changed((ui) => ({ ...ui, overlay: { kind: 'help', scroll: 0 } }))
    else if (name === 'log' && level !== undefined)
      this.#hooks.changed((ui) => ({ ...ui, overlay: { kind: 'log', scroll: 0, level, end: null } }))
    else return false
    return true
  }

  #say(text: string, level: MessageLevel): void {
    const message: Message = { text, level, progress: null, at: Date.now(), from: 'command' }
    this.#hooks.changed((ui) => ({ ...ui, message }))
  }
}

/** Whether an answer stands there that came after that moment and is still fresh. */
function isAnswerSince(message: Message | null, since: number, now: number): boolean {
  if (message === null || message.from !== 'command' || message.level === 'busy') return false
  return message.at > since && now - message.at < ANSWER_STAYS_MS
}
