/**
 * What the main thread asks the worker to write and read.
 * Invariant: each call is answered once, also when the worker dies.
 */
import {
  type Answers,
  type Asked,
  declined,
  type RequestOf,
  type WriteReport,
  type WriteRequest,
} from './write-messages.js'

type Unsent<Request> = Request extends unknown ? Omit<Request, 'serial'> : never
export type Call<K extends keyof Answers> = Unsent<RequestOf<K>>

interface Waiting {
  readonly request: Asked
  readonly done: (answer: Answers[keyof Answers]) => void
}

export class WriteCalls {
  readonly #send: (request: WriteRequest) => void
  /** Bounded by what the core asks for at once. */
  readonly #waiting = new Map<number, Waiting>()
  #serial = 0

  constructor(send: (request: WriteRequest) => void) {
    this.#send = send
  }

  call<K extends keyof Answers>(call: Call<K>, done: (answer: Answers[K]) => void): void {
    const serial = ++this.#serial
    const request = { ...call, serial } as RequestOf<K>
    // the worker answers each kind with its own
    this.#waiting.set(serial, { request, done: (answer) => done(answer as Answers[K]) })
    this.#send(request)
  }

  /** What has no answer. */
  tell(request: Unsent<RequestOf<'assemble' | 'drop'>>): void {
    this.#send({ ...request, serial: 0 })
  }

  receive({ serial, answer }: Extract<WriteReport, { readonly kind: 'answer' }>): void {
    const waiting = this.#waiting.get(serial)
    this.#waiting.delete(serial)
    waiting?.done(answer)
  }

  /** The worker died. */
  ended(reason: string): void {
    const all = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { request, done } of all) done(declined(request, reason))
  }
}
