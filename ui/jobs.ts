/**
 * Commands that were entered and run: their progress and answers become the message, long answers open over the panes.
 * The console answers `help`, `log` and `quit` itself; all else is the source's.
 */
import type { CommandOutcome, ConsoleSource, MessageLevel } from './source.js'
import type { Message, UiState } from './state.js'

/** More at once are refused. */
export const MAX_JOBS = 16

interface JobsHooks {
  changed(change: (ui: UiState) => UiState): void
  quit(abrupt: boolean): void
}

export class Jobs {
  readonly #source: ConsoleSource
  readonly #hooks: JobsHooks
  readonly #running: AbortController[] = [] // at most MAX_JOBS
  #queue: Promise<void> = Promise.resolve()

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
    const abort = new AbortController()
    this.#running.push(abort)
    this.#hooks.changed((ui) => ({ ...ui, jobs: this.#running.length }))
    const before = queued ? this.#queue : Promise.resolve()
    const done = before.then(() => this.#runOne(line, abort))
    if (queued) this.#queue = done
  }

  /** Cancels the newest. */
  abort(): void {
    const newest = this.#running.at(-1)
    if (newest === undefined) this.#say('nothing is running that could be cancelled', 'info')
    else newest.abort()
  }

  abortAll(): void {
    for (const abort of this.#running) abort.abort()
  }

  async #runOne(line: string, abort: AbortController): Promise<void> {
    const newest = () => this.#running.at(-1) === abort
    try {
      const outcome = await this.#source.run(
        line,
        {
          progress: (progress) => {
            if (newest())
              this.#message({ text: progress.text, level: 'busy', progress, at: Date.now(), from: 'command' })
          },
          message: (text, level) => this.#say(text, level),
        },
        abort.signal,
      )
      this.#finished(abort, outcome)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#finished(abort, { exit: 1, message: `${line}: ${reason}` })
    }
  }

  #finished(abort: AbortController, { exit, message, long }: CommandOutcome): void {
    this.#running.splice(this.#running.indexOf(abort), 1)
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

  /** The console's own commands. */
  #own(line: string): boolean {
    const [name = '', flag = ''] = line.trim().toLowerCase().split(/\s+/)
    if (name === 'quit' || name === 'q' || name === 'exit') this.#hooks.quit(flag === '--abrupt')
    else if (name === 'help' || name === '?')
      this.#hooks.changed((ui) => ({ ...ui, overlay: { kind: 'help', scroll: 0 } }))
    else if (name === 'log' && flag === '')
      this.#hooks.changed((ui) => ({ ...ui, overlay: { kind: 'log', scroll: 0 } }))
    else return false
    return true
  }

  #say(text: string, level: MessageLevel): void {
    this.#message({ text, level, progress: null, at: Date.now(), from: 'command' })
  }

  #message(message: Message): void {
    this.#hooks.changed((ui) => ({ ...ui, message }))
  }
}
