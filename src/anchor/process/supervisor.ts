/**
 * Runs the three processes of a dedicated anchor. Opens no database and speaks no protocol: it holds the ports, passes
 * connections in and messages on, and starts again what ended.
 * Invariant: what a task tells a sibling that is not up is dropped, since a sibling that comes up is told everything anew.
 */
import { OperationalError } from '../../../wire/errors.js'
import type { LogLevel } from '../../env.js'
import type { Answer, Call } from '../../host/control-server.js'
import { TASKS, type Task } from '../task.js'
import type { Door } from './door.js'
import type { Begin, Report } from './messages.js'
import { Requests } from './requests.js'
import { BEAT_MS, TaskProcess } from './task-process.js'

/** Goodbyes take two seconds at most, and closing the databases a moment more. */
const QUIT_MS = 5000

export interface ProcessView {
  readonly task: Task
  /** 0 while there is none. */
  readonly pid: number
  readonly restarts: number
  readonly served: number
  readonly queued: number
  readonly state: 'up' | 'starting' | 'down'
}

export interface AnchorView {
  readonly processes: readonly ProcessView[]
  readonly peers: number
  readonly manifests: number
}

export interface SupervisorOptions {
  readonly entry: URL
  readonly doors: Readonly<Record<Task, Door>>
  /** What every process begins with, but for its task. */
  readonly begin: Omit<Begin, 'type' | 'task'>
  readonly log: (level: LogLevel, text: string) => void
}

interface Part {
  readonly process: TaskProcess
  readonly requests: Requests
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #parts: ReadonlyMap<Task, Part>
  /** Before all are up for the first time: who waits for it. */
  #starting: { readonly up: () => void; readonly failed: (reason: string) => void } | null = null
  #watch: NodeJS.Timeout | null = null

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#parts = new Map(TASKS.map((task) => [task, this.#part(task)]))
  }

  /** Settles when all tasks run; rejects with the reason of the first that cannot. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#starting = { up: resolve, failed: (reason) => reject(new OperationalError(reason)) }
      for (const { process } of this.#parts.values()) process.start()
      this.#watch = setInterval(() => this.#look(), BEAT_MS)
    })
  }

  view(): AnchorView {
    const known = (task: Task): number => this.#parts.get(task)?.process.counts.known ?? 0
    return {
      processes: [...this.#parts].map(([task, { process, requests }]) => {
        const { pid, restarts, isUp, counts } = process
        const state = isUp ? 'up' : pid === 0 ? 'down' : 'starting'
        return { task, pid, restarts, served: counts.served, queued: counts.queued + requests.waiting, state }
      }),
      peers: known('admission'),
      manifests: known('manifests'),
    }
  }

  /** Has a task answer a command. */
  ask(task: Task, call: Call): Promise<Answer> {
    const part = this.#parts.get(task)
    if (part === undefined) throw new Error(`no such task: ${task}`)
    return part.requests.ask(call)
  }

  /** All say goodbye; settles when they are gone. */
  async quit(): Promise<void> {
    if (this.#watch !== null) clearInterval(this.#watch)
    await Promise.all([...this.#parts.values()].map(({ process }) => process.quit(QUIT_MS)))
    for (const { requests } of this.#parts.values()) requests.close()
    for (const door of Object.values(this.#options.doors)) door.close()
  }

  // ---- inside

  #part(task: Task): Part {
    const { entry, doors, begin, log } = this.#options
    const process = new TaskProcess({
      task,
      entry,
      begin: { type: 'begin', task, ...begin },
      door: doors[task],
      hooks: {
        up: () => this.#up(task),
        gone: (how, ran) => {
          requests.gone()
          if (!ran && this.#starting !== null) this.#failed(task, `${task} ended before it ran (${how})`)
        },
        failed: (reason) => this.#failed(task, reason),
        report: (report) => this.#heard(task, requests, report),
        log,
      },
    })
    const requests = new Requests(task, process)
    return { process, requests }
  }

  #up(task: Task): void {
    const part = this.#parts.get(task)
    if (part === undefined) return
    const { process, requests } = part
    for (const [other, { process: sibling }] of this.#parts) {
      if (other === task || !sibling.isUp) continue
      // both ways: each may have told the other something while it was not up
      sibling.send({ type: 'siblingUp', task })
      process.send({ type: 'siblingUp', task: other })
    }
    requests.up()
    if (process.restarts > 0) this.#options.log('notice', `${task} is back as process ${process.pid}`)
    if (this.#starting === null || ![...this.#parts.values()].every((one) => one.process.isUp)) return
    this.#starting.up()
    this.#starting = null
  }

  #failed(task: Task, reason: string): void {
    if (this.#starting === null) this.#options.log('error', `${task}: ${reason}`)
    else this.#starting.failed(reason)
    this.#starting = null
  }

  #heard(task: Task, requests: Requests, report: Report): void {
    switch (report.type) {
      case 'tell':
        this.#parts.get(report.to)?.process.send({ type: 'heard', from: task, bytes: report.bytes })
        return
      case 'log':
        this.#options.log(report.level, `${task}: ${report.text}`)
        return
      case 'progress':
      case 'answer':
        requests.heard(report)
        return
      default:
        throw new Error(`assertion failed: ${report.type} is no message for the supervisor`)
    }
  }

  #look(): void {
    for (const { process } of this.#parts.values()) process.look()
  }
}
