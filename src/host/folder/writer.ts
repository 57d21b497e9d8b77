/** What is asked of the disk goes to the folder that is open; while none is, it is declined. */
import type { Gate } from './gate.js'
import type { Root } from './root.js'
import { type Answers, type Asked, declined, type WriteReport, type WriteRequest } from './write-messages.js'
import { Writing, type WritingOptions } from './writing.js'

export interface WriterOptions extends Omit<WritingOptions, 'answer' | 'warn' | 'gate'> {
  readonly gate: Gate
  readonly send: (report: WriteReport) => void
}

export class Writer {
  readonly #options: WriterOptions
  #writing: Writing | null = null

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** To be called before the folder is scanned. Throws what the disk says. */
  open(root: Root): void {
    const answer = (serial: number, value: Answers[keyof Answers]): void => this.#answer(serial, value)
    const warn = (text: string): void => this.#options.send({ kind: 'warning', text })
    this.#writing = new Writing(root, { ...this.#options, answer, warn })
  }

  /** Settles when all that was asked before is done. */
  async close(): Promise<void> {
    const writing = this.#writing
    this.#writing = null
    await writing?.close()
  }

  carryOut(request: WriteRequest): void {
    if (this.#writing !== null) this.#writing.carryOut(request)
    else if (isAsked(request)) this.#answer(request.serial, declined(request, 'the folder is not open'))
  }

  #answer(serial: number, answer: Answers[keyof Answers]): void {
    this.#options.send({ kind: 'answer', serial, answer })
  }
}

function isAsked(request: WriteRequest): request is Asked {
  return request.kind !== 'assemble' && request.kind !== 'drop'
}
