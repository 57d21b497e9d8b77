/**
 * Commands of the user's shells that a task's process answers.
 * Invariant: each is answered once: by the process, or because it ended, or because it did not come up in time.
 */
import type { Answer, Call } from '../../host/control-server.js'
import type { Task } from '../task.js'
import type { Report } from './messages.js'
import type { TaskProcess } from './task-process.js'

/** A process is back within a second; one that keeps crashing is not. */
const WAIT_MS = 5000
const FAILED = 1

interface Asked {
  readonly call: Call
  readonly answered: (answer: Answer) => void
  /** Not sent yet: the process is down. */
  waiting: NodeJS.Timeout | null
}

export class Requests {
  readonly #task: Task
  readonly #process: Pick<TaskProcess, 'send'>
  /** By request; as many as the control socket lets in, see MAX_CALLERS. */
  readonly #asked = new Map<number, Asked>()
  #last = 0

  constructor(task: Task, process: Pick<TaskProcess, 'send'>) {
    this.#task = task
    this.#process = process
  }

  get waiting(): number {
    return this.#asked.size
  }

  ask(call: Call): Promise<Answer> {
    const request = (this.#last = (this.#last + 1) % 2 ** 32)
    return new Promise((resolve) => {
      const aborted = (): void => {
        if (this.#asked.get(request)?.waiting !== null) this.#answer(request, failure('cancelled'))
        else this.#process.send({ type: 'abort', request })
      }
      const answered = (answer: Answer): void => {
        call.signal.removeEventListener('abort', aborted)
        resolve(answer)
      }
      this.#asked.set(request, { call, answered, waiting: null })
      call.signal.addEventListener('abort', aborted)
      if (call.signal.aborted) this.#answer(request, failure('cancelled'))
      else if (!this.#send(request, call)) this.#wait(request)
    })
  }

  /** The process is up: what waited for it goes to it. */
  up(): void {
    for (const [request, asked] of this.#asked) {
      if (asked.waiting === null || !this.#send(request, asked.call)) continue
      clearTimeout(asked.waiting)
      asked.waiting = null
    }
  }

  /** The process is gone, and with it the answers to what it was asked. */
  gone(): void {
    for (const [request, { waiting }] of this.#asked)
      if (waiting === null) this.#answer(request, failure(`the process of ${this.#task} ended meanwhile: try again`))
  }

  heard(report: Extract<Report, { readonly type: 'progress' | 'answer' }>): void {
    if (report.type === 'answer') this.#answer(report.request, report)
    else this.#asked.get(report.request)?.call.progress(report.text, report.done, report.total, report.unit)
  }

  /** The anchor ends. */
  close(): void {
    for (const request of this.#asked.keys()) this.#answer(request, failure('the anchor ends'))
  }

  #send(request: number, { words, cwd, columns, pictures }: Call): boolean {
    const width = Math.min(columns, 0xffff)
    return this.#process.send({ type: 'command', request, words, cwd, columns: width, pictures })
  }

  #wait(request: number): void {
    const asked = this.#asked.get(request)
    if (asked === undefined) return
    asked.waiting = setTimeout(
      () => this.#answer(request, failure(`the process of ${this.#task} does not run just now: see anchor status`)),
      WAIT_MS,
    )
  }

  #answer(request: number, answer: Answer): void {
    const asked = this.#asked.get(request)
    if (asked === undefined) return
    if (asked.waiting !== null) clearTimeout(asked.waiting)
    this.#asked.delete(request)
    asked.answered(answer)
  }
}

function failure(message: string): Answer {
  return { exit: FAILED, json: null, text: '', error: message, more: '', message }
}
