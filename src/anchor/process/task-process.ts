/**
 * The process of one task as its supervisor sees it: started, watched, started again, and handed its connections.
 * Invariants: there is at most one process of the task; one that gives no sign of life is killed; a connection is in the
 * hands of the process only when it says so, else it waits at the door for the next one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import type { LogLevel } from '../../env.js'
import type { Task, TaskCounts } from '../task.js'
import type { Caller, Door } from './door.js'
import { type Begin, ORDERS, type Order, REPORTS, type Report, unpack } from './messages.js'
import { Outlet } from './outlet.js'
import { Restarts } from './restarts.js'

/** How often a process shows that it lives, and how often that is looked for. */
export const BEAT_MS = 500
/** Beats in a row that may be missing. */
const MISSED_BEATS = 3
/** Opening a large database takes a while, and nothing is heard meanwhile. */
const START_MS = 60_000
const NOTHING: TaskCounts = { served: 0, queued: 0, known: 0 }

export interface TaskProcessHooks {
  /** It runs and hears. */
  up(): void
  /** It ended, or will never answer again: what was asked of it has no answer. */
  gone(how: string, ran: boolean): void
  /** It cannot start and says why. */
  failed(reason: string): void
  /** Whatever else it reports. */
  report(report: Report): void
  log(level: LogLevel, text: string): void
}

export interface TaskProcessOptions {
  readonly task: Task
  /** The module that the process runs. */
  readonly entry: URL
  readonly begin: Begin
  readonly door: Door
  readonly hooks: TaskProcessHooks
}

interface Running {
  readonly child: ChildProcess
  readonly outlet: Outlet<typeof ORDERS>
  readonly sinceMs: number
  stage: 'starting' | 'up' | 'killed'
  /** It was up once. */
  ran: boolean
  /** Looks in a row that found no beat since the one before. */
  missed: number
  counts: TaskCounts
  /** On its way into the process; one at a time. */
  handed: Caller | null
}

export class TaskProcess {
  readonly #options: TaskProcessOptions
  readonly #pauses = new Restarts()
  #running: Running | null = null
  #timer: NodeJS.Timeout | null = null
  #restarts = 0
  /** Of all processes that ended. */
  #servedBefore = 0
  #known = 0
  #leaving = false
  #ended: () => void = () => {}

  constructor(options: TaskProcessOptions) {
    this.#options = options
    options.door.onCaller = () => this.#handOver()
  }

  get isUp(): boolean {
    return this.#running?.stage === 'up'
  }

  get restarts(): number {
    return this.#restarts
  }

  /** Of the running process; 0 while there is none. */
  get pid(): number {
    return this.#running?.child.pid ?? 0
  }

  /** Since the anchor began, over all processes of the task. */
  get counts(): TaskCounts {
    const { served, queued } = this.#running?.counts ?? NOTHING
    return { served: this.#servedBefore + served, queued: queued + this.#options.door.waiting, known: this.#known }
  }

  start(): void {
    const { task, entry, begin, hooks } = this.#options
    const child = fork(entry, [task], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const outlet = new Outlet(
      ORDERS,
      (message, handle, written) => {
        // an error here is that of a process whose end is about to be told
        if (handle === undefined) child.send(message as object, () => written())
        else child.send(message as object, handle, { keepOpen: true }, () => written())
      },
      () => this.#kill('it reads nothing that it is sent'),
    )
    const sinceMs = performance.now()
    const running: Running = {
      child,
      outlet,
      sinceMs,
      stage: 'starting',
      ran: false,
      missed: 0,
      counts: NOTHING,
      handed: null,
    }
    this.#running = running
    child.on('message', (packed) => this.#heard(running, unpack(REPORTS, packed)))
    child.on('exit', (code, signal) => this.#over(running, signal ?? `exit code ${code}`))
    child.on('error', (error) => {
      if (child.pid === undefined) this.#over(running, error.message)
      else hooks.log('debug', `${task}: ${error.message}`)
    })
    outlet.send(begin)
  }

  /** False where it is not up: nothing was sent. */
  send(order: Order): boolean {
    const running = this.#running
    if (running?.stage !== 'up') return false
    running.outlet.send(order)
    return true
  }

  /**
   * To be called every BEAT_MS. Where the supervisor itself stood still this is called once, and then the beats that lay
   * unread are heard: nobody is killed over them.
   */
  look(): void {
    const running = this.#running
    if (running === null || running.stage === 'killed') return
    if (running.stage === 'starting') {
      if (performance.now() - running.sinceMs > START_MS) this.#kill(`it did not start within ${START_MS / 1000} s`)
      return
    }
    if (++running.missed > MISSED_BEATS) this.#kill(`no sign of life for ${(MISSED_BEATS * BEAT_MS) / 1000} s`)
  }

  /** Lets it say goodbye; settles when it is gone, after `limitMs` by force. */
  quit(limitMs: number): Promise<void> {
    this.#leaving = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    const running = this.#running
    if (running === null) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => running.child.kill('SIGKILL'), limitMs)
      this.#ended = () => {
        clearTimeout(timer)
        resolve()
      }
      // one that has not begun has nothing to say goodbye to
      if (running.stage === 'up') running.outlet.send({ type: 'quit' })
      else running.child.kill('SIGKILL')
    })
  }

  // ---- inside

  #heard(running: Running, report: Report): void {
    if (running !== this.#running) return
    const { hooks } = this.#options
    switch (report.type) {
      case 'beat':
        running.missed = 0
        running.counts = report
        this.#known = report.known
        return
      case 'started':
        running.stage = 'up'
        running.ran = true
        hooks.up()
        this.#handOver()
        return
      case 'taken':
        if (running.handed?.serial !== report.serial) return
        running.handed.socket.destroy()
        running.handed = null
        this.#handOver()
        return
      case 'failed':
        hooks.failed(report.reason)
        return
      default:
        hooks.report(report)
    }
  }

  #handOver(): void {
    const running = this.#running
    if (running?.stage !== 'up' || running.handed !== null) return
    const caller = this.#options.door.next()
    if (caller === null) return
    running.handed = caller
    const { serial, address, socket } = caller
    running.outlet.send({ type: 'socket', serial, address }, socket)
  }

  #kill(why: string): void {
    const running = this.#running
    if (running === null) return
    if (!this.#leaving) this.#options.hooks.log('warn', `${this.#options.task} is killed: ${why}`)
    // its end is told by 'exit'; until then nobody may take it for one that serves
    running.stage = 'killed'
    running.outlet.close()
    running.child.kill('SIGKILL')
  }

  #over(running: Running, how: string): void {
    if (running !== this.#running) return
    const { task, door, hooks } = this.#options
    this.#running = null
    this.#servedBefore += running.counts.served
    running.outlet.close()
    if (running.handed !== null) door.giveBack(running.handed)
    hooks.gone(how, running.ran)
    this.#ended()
    if (this.#leaving) return
    const pauseMs = this.#pauses.after(performance.now() - running.sinceMs)
    this.#restarts++
    if (pauseMs === 0) {
      hooks.log('warn', `${task} ended (${how}): it is started again`)
      this.start()
      return
    }
    hooks.log(
      'error',
      `${task} ended ${this.#pauses.early} times in a row soon after its start (${how}): next try in ${pauseMs / 1000} s`,
    )
    this.#timer = setTimeout(() => this.start(), pauseMs)
  }
}
