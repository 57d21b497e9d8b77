/**
 * Virtual time: a heap of events, and a running hash over all that happened. Two runs of one seed must end with the
 * same hash; any difference means that something outside the seed (a clock, a random number, the order of a Set that
 * was filled by chance) had a say.
 */
import { Heap, type Timed } from './heap.js'
import { mix, wordOf } from './random.js'

export interface Event extends Timed {
  /** What it is: `timer`, `frame`, `disk`, …. */
  readonly kind: string
  /** Number of the peer it happens to, -1 for the world itself. */
  readonly owner: number
  /** Whatever tells this event from another of its kind, such as a checksum of the message. */
  readonly detail: number
  readonly action: () => void
  cancelled: boolean
}

export type Trace = (line: string) => void

export class Schedule {
  #now = 0
  #sequence = 0
  #events = 0
  #low = 1
  #high = 2
  readonly #heap = new Heap<Event>()
  readonly #words = new Map<string, number>() // one per kind of event, fixed by the simulator's code
  /** Called with one line per event where set: how a failing seed is read. */
  trace: Trace | null = null
  /** Called after every event with its kind. */
  afterEvent: (kind: string) => void = () => {}

  get now(): number {
    return this.#now
  }

  /** Events that happened. */
  get events(): number {
    return this.#events
  }

  /** Over every event so far: 16 hex digits. */
  get hash(): string {
    return this.#high.toString(16).padStart(8, '0') + this.#low.toString(16).padStart(8, '0')
  }

  at(time: number, kind: string, owner: number, action: () => void, detail = 0): Event {
    const event = {
      time: Math.max(time, this.#now),
      sequence: this.#sequence++,
      kind,
      owner,
      detail,
      action,
      cancelled: false,
    }
    this.#heap.push(event)
    return event
  }

  /** Runs all events up to and including `time`, which is the new now. */
  runUntil(time: number): void {
    for (let next = this.#heap.peek(); next !== undefined && next.time <= time; next = this.#heap.peek()) this.step()
    this.#now = time
  }

  /** Runs the next event; false where there is none. */
  step(): boolean {
    const event = this.#heap.pop()
    if (event === undefined) return false
    if (event.cancelled) return true
    this.#now = event.time
    this.#count(event)
    event.action()
    this.afterEvent(event.kind)
    return true
  }

  /** Adds something to the hash that is no event of its own, such as what a peer wrote to its log. */
  note(kind: string, owner: number, detail: number, text?: string): void {
    this.#mix(this.#word(kind), owner, detail)
    if (text !== undefined) this.trace?.(`${this.#stamp(owner)} ${kind} ${text}`)
  }

  #count(event: Event): void {
    this.#events++
    this.#mix(this.#word(event.kind), event.owner, event.detail)
    this.#mix(event.sequence, Math.floor(event.time * 1000) >>> 0, Math.floor(event.time / 4_294_967))
    this.trace?.(`${this.#stamp(event.owner)} ${event.kind} ${event.detail === 0 ? '' : event.detail.toString(16)}`)
  }

  #stamp(owner: number): string {
    return `${(this.#now / 1000).toFixed(6).padStart(12)} ${owner < 0 ? 'world' : `p${owner}`}`
  }

  #mix(a: number, b: number, c: number): void {
    this.#low = mix(this.#low, a, b, c)
    this.#high = mix(this.#high, c, this.#low, a)
  }

  #word(kind: string): number {
    let word = this.#words.get(kind)
    if (word === undefined) this.#words.set(kind, (word = wordOf(kind)))
    return word
  }
}
