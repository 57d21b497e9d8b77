/**
 * Questions to other ring peers and their answers: numbers, timeouts, retries, caps.
 * Invariant: `done` of every question is called exactly once, never inside the call that asked, unless the ring stops.
 * A timer that fires late says that we slept, not that the peer is gone: it is armed again instead of counted, because
 * answers may be waiting behind it.
 */
import type { RingMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import type { Cancel, Env } from '../env.js'
import type { Mesh } from '../mesh.js'
import { BACKOFF, LATE_MS, LINK_BOUNDS, MAX_REARMS, RoundTrips } from './rtt.js'

/** What the ring needs of the world. */
export type RingEnv = Pick<Env, 'identity' | 'now' | 'after' | 'random' | 'log' | 'datagrams'>

export type Named<T extends RingMessage['type']> = Extract<RingMessage, { readonly type: T }>
export type Question = Named<'ringPing' | 'ringStabilise' | 'ringStep' | 'ringJoin'>
export type Answer = Named<'ringPong' | 'ringNeighbours' | 'ringRoute' | 'ringWelcome'>

/** Where another peer can be asked instead. */
export const FEW_TRIES = 2
const MAX_CALLS = 512
/** A refused dial may meet a peer that is just starting; the second refusal counts. */
const DIAL_AGAIN_MS = 150
const DIAL_MS = 1_000

interface Call {
  readonly peer: PeerId
  readonly question: (request: number) => Question
  readonly expects: Answer['type']
  readonly done: (answer: Answer | null) => void
  /** Number and time of each try. */
  readonly tries: Map<number, number>
  triesLeft: number
  timeoutMs: number
  refusals: number
  rearms: number
  missed: number
  cancel: Cancel
}

export class Calls {
  readonly roundTrips = new RoundTrips(LINK_BOUNDS)
  /** So many tries in a row had no answer, and there are more to come. */
  onMissed: (peer: PeerId, tries: number) => void = () => {}
  readonly #env: RingEnv
  readonly #mesh: Mesh
  readonly #calls = new Set<Call>() // at most MAX_CALLS
  readonly #byRequest = new Map<number, Call>() // at most MAX_CALLS * DEADLY_TRIES
  #next: number

  constructor(env: RingEnv, mesh: Mesh) {
    this.#env = env
    this.#mesh = mesh
    this.#next = Math.floor(env.random() * 0x1_0000_0000)
  }

  ping(peer: PeerId, tries: number, done: (alive: boolean) => void): void {
    this.#ask(
      peer,
      (request) => ({ type: 'ringPing', request }),
      'ringPong',
      tries,
      (answer) => done(answer !== null),
    )
  }

  stabilise(
    peer: PeerId,
    predecessors: readonly PeerId[],
    tries: number,
    done: (answer: Named<'ringNeighbours'> | null) => void,
  ): void {
    this.#ask(
      peer,
      (request) => ({ type: 'ringStabilise', request, predecessors }),
      'ringNeighbours',
      tries,
      (answer) => done(answer?.type === 'ringNeighbours' ? answer : null),
    )
  }

  step(peer: PeerId, key: Hash, done: (answer: Named<'ringRoute'> | null) => void): void {
    this.#ask(
      peer,
      (request) => ({ type: 'ringStep', request, key }),
      'ringRoute',
      FEW_TRIES,
      (answer) => done(answer?.type === 'ringRoute' ? answer : null),
    )
  }

  join(peer: PeerId, done: (answer: Named<'ringWelcome'> | null) => void): void {
    this.#ask(
      peer,
      (request) => ({ type: 'ringJoin', request }),
      'ringWelcome',
      FEW_TRIES,
      (answer) => done(answer?.type === 'ringWelcome' ? answer : null),
    )
  }

  /** A message that needs no answer; opens a link where there is none. */
  post(peer: PeerId, message: RingMessage): void {
    if (this.#mesh.send(peer, message) !== 'none') return
    this.#mesh.reach(peer, (linked) => {
      if (linked) this.#mesh.send(peer, message)
    })
  }

  /** An answer came in. Late ones and those of the wrong peer tell nothing. */
  receive(from: PeerId, answer: Answer): void {
    const call = this.#byRequest.get(answer.request)
    const sentAtMs = call?.tries.get(answer.request)
    if (call === undefined || sentAtMs === undefined) return
    if (call.peer !== from || call.expects !== answer.type) return
    this.roundTrips.measured(from, this.#env.now() - sentAtMs)
    this.#finish(call, answer)
  }

  /** The peer is gone: whoever waits for it learns it now. */
  abandon(peer: PeerId): void {
    this.roundTrips.forget(peer)
    for (const call of [...this.#calls]) if (call.peer === peer) this.#finish(call, null)
  }

  /** Forgets all questions without a word. */
  stop(): void {
    for (const call of this.#calls) call.cancel()
    this.#calls.clear()
    this.#byRequest.clear()
  }

  #ask(peer: PeerId, question: Call['question'], expects: Call['expects'], tries: number, done: Call['done']): void {
    if (this.#calls.size >= MAX_CALLS) {
      this.#env.after(0, () => done(null))
      return
    }
    const call: Call = {
      peer,
      question,
      expects,
      done,
      tries: new Map(),
      triesLeft: tries,
      timeoutMs: this.roundTrips.timeoutMs(peer),
      refusals: 0,
      rearms: 0,
      missed: 0,
      cancel: () => {},
    }
    this.#calls.add(call)
    this.#try(call)
  }

  #try(call: Call): void {
    if (this.#transmit(call)) {
      this.#await(call, call.timeoutMs)
      return
    }
    this.#wait(call, DIAL_MS, () => this.#finish(call, null))
    this.#mesh.reach(call.peer, (linked) => {
      if (!this.#calls.has(call)) return
      if (linked && this.#transmit(call)) this.#await(call, call.timeoutMs)
      else if (++call.refusals > 1) this.#wait(call, 0, () => this.#finish(call, null))
      else this.#wait(call, DIAL_AGAIN_MS, () => this.#try(call))
    })
  }

  #transmit(call: Call): boolean {
    const request = this.#next
    this.#next = (this.#next + 1) % 0x1_0000_0000
    if (this.#mesh.send(call.peer, call.question(request)) === 'none') return false
    call.tries.set(request, this.#env.now())
    this.#byRequest.set(request, call)
    return true
  }

  #await(call: Call, timeoutMs: number): void {
    const dueMs = this.#env.now() + timeoutMs
    this.#wait(call, timeoutMs, () => {
      const late = this.#env.now() - dueMs > LATE_MS
      if (late && call.rearms++ < MAX_REARMS) {
        this.#await(call, timeoutMs)
      } else if (--call.triesLeft <= 0) {
        this.#finish(call, null)
      } else {
        call.timeoutMs *= BACKOFF
        this.#try(call)
        this.onMissed(call.peer, ++call.missed)
      }
    })
  }

  #wait(call: Call, delayMs: number, then: () => void): void {
    call.cancel()
    call.cancel = this.#env.after(delayMs, then)
  }

  #finish(call: Call, answer: Answer | null): void {
    call.cancel()
    if (!this.#calls.delete(call)) return
    for (const request of call.tries.keys()) this.#byRequest.delete(request)
    call.done(answer)
  }
}
