/**
 * Questions and answers over control links: numbers each question, waits for the answer of exactly that peer, and gives
 * up after a time. Opens a control link first where there is none.
 * Invariant: every question is answered exactly once, never inside the call that asked it; null means no answer.
 */
import type { SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { Mesh } from '../mesh.js'

const MAX_OPEN = 4_096
const MAX_PARKED = 1_024

export type AnswerType = 'nameList' | 'nameFound' | 'manifestIs' | 'holdersAre' | 'countsAre'
export type Answer<T extends AnswerType> = Extract<SwarmMessage, { type: T }>

interface Question {
  readonly peer: PeerId
  readonly cancel: Cancel
  readonly settle: (answer: SwarmMessage | null) => void
}

export class Post {
  readonly #env: Pick<Env, 'after'>
  readonly #mesh: Mesh
  readonly #open = new Map<number, Question>() // at most MAX_OPEN
  #next = 0
  #parked = 0 // messages that wait for a link, at most MAX_PARKED

  constructor(env: Pick<Env, 'after'>, mesh: Mesh) {
    this.#env = env
    this.#mesh = mesh
  }

  /** Sends over the control link, opened first where needed; lost where there is no way. */
  tell(peer: PeerId, message: SwarmMessage): void {
    if (this.#mesh.send(peer, message) !== 'none' || this.#parked >= MAX_PARKED) return
    this.#parked++
    this.#mesh.reach(peer, (linked) => {
      this.#parked--
      if (linked) this.#mesh.send(peer, message)
    })
  }

  ask<T extends AnswerType>(
    peer: PeerId,
    type: T,
    question: (request: number) => SwarmMessage,
    timeoutMs: number,
    answer: (answer: Answer<T> | null) => void,
  ): void {
    if (this.#open.size >= MAX_OPEN) {
      this.#env.after(0, () => answer(null))
      return
    }
    const request = this.#freeNumber()
    this.#open.set(request, {
      peer,
      cancel: this.#env.after(timeoutMs, () => this.#settle(request, null)),
      settle: (message) => answer(message !== null && isType(message, type) ? message : null),
    })
    this.tell(peer, question(request))
  }

  /** Hands an answer to whoever asked; late and unasked ones are dropped. */
  answered(from: PeerId, message: Answer<AnswerType>): void {
    if (this.#open.get(message.request)?.peer === from) this.#settle(message.request, message)
  }

  linkDown(peer: PeerId): void {
    for (const [request, question] of this.#open) if (question.peer === peer) this.#settle(request, null)
  }

  #settle(request: number, message: SwarmMessage | null): void {
    const question = this.#open.get(request)
    if (question === undefined) return
    this.#open.delete(request)
    question.cancel()
    question.settle(message)
  }

  #freeNumber(): number {
    do this.#next = (this.#next + 1) >>> 0
    while (this.#open.has(this.#next))
    return this.#next
  }
}

function isType<T extends AnswerType>(message: SwarmMessage, type: T): message is Answer<T> {
  return message.type === type
}
