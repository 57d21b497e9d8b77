/**
 * One life of one peer: from its start to its exit, kill or loss of power. All that ever runs inside a peer runs through
 * here, so that nothing happens to a dead one, and to a frozen one (SIGSTOP) only after it was thawed: then late timers
 * fire first and waiting messages are read after, the order in which a real event loop surprises protocols.
 */
import type { Cancel } from '../../src/env.js'
import { unit } from './random.js'
import type { Event, Schedule } from './schedule.js'

export type ProcessState = 'up' | 'frozen' | 'dead'

interface Task {
  readonly kind: string
  readonly detail: number
  readonly action: () => void
  event: Event | null
  cancelled: boolean
}

export class SimProcess {
  #state: ProcessState = 'up'
  #timers = 0
  #waiting: Task[] = [] // grows only while frozen, by what the world had scheduled

  constructor(
    readonly schedule: Schedule,
    readonly seed: number,
    /** Number of the peer; its lives share it. */
    readonly index: number,
    /** 0 for the first start, 1 after the first restart. */
    readonly life: number,
    /** Longest time that a timer is late. */
    readonly latenessMs: number,
  ) {}

  get state(): ProcessState {
    return this.#state
  }

  get dead(): boolean {
    return this.#state === 'dead'
  }

  /** A timer of the peer: never early, and late by a little. */
  after(delayMs: number, action: () => void): Cancel {
    const late = unit(this.seed, this.index, this.life, this.#timers++) * this.latenessMs
    return this.at(this.schedule.now + Math.max(0, delayMs) + late, 'timer', action)
  }

  /** Anything else that reaches the peer: a message, a completion. */
  at(time: number, kind: string, action: () => void, detail = 0): Cancel {
    const task: Task = { kind, detail, action, event: null, cancelled: false }
    this.#arm(task, time)
    return () => {
      task.cancelled = true
      if (task.event !== null) task.event.cancelled = true
    }
  }

  freeze(): void {
    if (this.#state === 'up') this.#state = 'frozen'
  }

  thaw(): void {
    if (this.#state !== 'frozen') return
    this.#state = 'up'
    const waiting = this.#waiting
    this.#waiting = []
    for (const task of waiting.filter(({ kind }) => kind === 'timer')) this.#arm(task, this.schedule.now)
    for (const task of waiting.filter(({ kind }) => kind !== 'timer')) this.#arm(task, this.schedule.now)
  }

  die(): void {
    this.#state = 'dead'
    this.#waiting = []
  }

  #arm(task: Task, time: number): void {
    if (task.cancelled || this.#state === 'dead') return
    task.event = this.schedule.at(time, task.kind, this.index, () => this.#run(task), task.detail)
  }

  #run(task: Task): void {
    task.event = null
    if (task.cancelled || this.#state === 'dead') return
    if (this.#state === 'frozen') this.#waiting.push(task)
    else task.action()
  }
}
