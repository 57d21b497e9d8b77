/**
 * What the process of a task does: builds its world and its core as the first order says, then obeys.
 * Invariants: it ends with the IPC channel, so it never outlives its supervisor; signals of the terminal or the service
 * manager, which reach every process of a group, are the supervisor's to answer.
 */
import { Socket } from 'node:net'
import { assert, OperationalError } from '../../../wire/errors.js'
import type { LogLine } from '../../api.js'
import type { Env } from '../../env.js'
import type { Answer, Call } from '../../host/control-server.js'
import type { TaskApi, TaskCore, TaskHooks } from '../task.js'
import {
  type Begin,
  decodeSibling,
  encodeSibling,
  ORDERS,
  type Order,
  REPORTS,
  type Report,
  unpack,
} from './messages.js'
import { Outlet } from './outlet.js'
import { BEAT_MS } from './task-process.js'
import { openTaskWorld, type TaskWorld } from './task-world.js'

/** After a change of its figures a task tells them so soon. */
const NEWS_MS = 100
const FAILED = 1

/** What commands see of a task. */
export interface TaskFace {
  readonly api: TaskApi
  readonly network: string
  readonly secret: Uint8Array
}

export interface TaskParts {
  core(begin: Begin, env: Env, hooks: TaskHooks): TaskCore
  answer(face: TaskFace, call: Call): Promise<Answer>
}

/** Serves this process's supervisor until it says quit, or is gone. */
export function runTask(parts: TaskParts): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  process.on('disconnect', () => process.exit(FAILED))
  let running: TaskRun | null = null
  process.on('message', (packed, handle) => {
    const order = unpack(ORDERS, packed)
    if (order.type === 'begin') running = new TaskRun(parts, order)
    else {
      assert(running !== null, `${order.type} before begin`)
      running.obey(order, handle instanceof Socket ? handle : null)
    }
  })
}

class TaskRun {
  readonly #parts: TaskParts
  readonly #begin: Begin
  readonly #outlet: Outlet<typeof REPORTS>
  readonly #calls = new Map<number, AbortController>() // as many as the supervisor's control socket lets in
  readonly #opened: { readonly world: TaskWorld; readonly core: TaskCore } | null
  #news: NodeJS.Timeout | null = null
  #told = ''

  constructor(parts: TaskParts, begin: Begin) {
    this.#parts = parts
    this.#begin = begin
    this.#outlet = new Outlet(
      REPORTS,
      (message, _handle, written) => process.send?.(message, undefined, undefined, () => written()),
      // it stood still for long, or is at its limits: it starts this task anew when it reads on
      () => process.exit(FAILED),
    )
    this.#opened = this.#open()
    this.#opened?.core.start((error) => {
      if (error === null) this.#started()
      else this.#fail(error)
    })
  }

  obey(order: Exclude<Order, Begin>, socket: Socket | null): void {
    if (this.#opened === null) return
    const { world, core } = this.#opened
    switch (order.type) {
      case 'socket':
        // without one: the connection ended on its way
        if (socket !== null) world.transport.take(socket, order.address)
        this.#send({ type: 'taken', serial: order.serial })
        return
      case 'heard':
        core.heard(order.from, decodeSibling(order.bytes))
        return
      case 'siblingUp':
        core.siblingUp(order.task)
        return
      case 'command':
        this.#run(order)
        return
      case 'abort':
        this.#calls.get(order.request)?.abort()
        return
      case 'quit':
        core.quit(() => this.#close())
        return
    }
  }

  #open(): { readonly world: TaskWorld; readonly core: TaskCore } | null {
    try {
      const world = openTaskWorld(this.#begin, {
        log: (line) => this.#log(line),
        fatal: (reason) => this.#fail(reason),
      })
      const core = this.#parts.core(this.#begin, world.env, {
        tell: (to, message) => this.#send({ type: 'tell', to, bytes: encodeSibling(message) }),
        changed: () => this.#changed(),
      })
      return { world, core }
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error
      this.#fail(error.message)
      return null
    }
  }

  #started(): void {
    this.#beat()
    this.#send({ type: 'started' })
    setInterval(() => this.#beat(), BEAT_MS)
  }

  #changed(): void {
    this.#news ??= setTimeout(() => {
      this.#news = null
      const counts = this.#opened?.core.counts()
      if (counts !== undefined && JSON.stringify(counts) !== this.#told) this.#beat()
    }, NEWS_MS)
  }

  #beat(): void {
    if (this.#opened === null) return
    const counts = this.#opened.core.counts()
    this.#told = JSON.stringify(counts)
    this.#send({ type: 'beat', ...counts })
  }

  /** Chatter gives way to everything else. */
  #log({ time, level, text }: LogLine): void {
    if (level !== 'debug' || this.#outlet.isIdle) this.#send({ type: 'log', time, level, text })
  }

  #run({ request, words, cwd, columns, pictures }: Extract<Order, { readonly type: 'command' }>): void {
    if (this.#opened === null) return
    const { world, core } = this.#opened
    const abort = new AbortController()
    this.#calls.set(request, abort)
    const call: Call = {
      words,
      cwd,
      columns,
      pictures,
      signal: abort.signal,
      progress: (text, done, total, unit) => {
        if (this.#outlet.isIdle) this.#send({ type: 'progress', request, text, ...whole(done, total), unit })
      },
    }
    const face: TaskFace = { api: core.api, network: this.#begin.network, secret: world.secret }
    this.#parts
      .answer(face, call)
      .then(
        (answer) => this.#outlet.sendLarge({ type: 'answer', request, ...answer }),
        (error: unknown) => {
          const why = `internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
          this.#send({
            type: 'answer',
            request,
            exit: FAILED,
            json: null,
            text: '',
            error: why,
            more: '',
            message: why,
          })
        },
      )
      .finally(() => this.#calls.delete(request))
  }

  #send(report: Report): void {
    this.#outlet.send(report)
  }

  /** Tells why, then ends: the supervisor decides what follows. */
  #fail(reason: string): void {
    this.#send({ type: 'failed', reason })
    setImmediate(() => process.exit(FAILED))
  }

  #close(): void {
    const closed = this.#opened?.world.env.close() ?? Promise.resolve()
    closed.then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`p2p-tui: ${this.#begin.task} could not close cleanly: ${String(error)}\n`)
        process.exit(FAILED)
      },
    )
  }
}

function whole(done: number, total: number): { readonly done: number; readonly total: number } {
  return { done: Math.max(0, Math.round(done)), total: Math.max(0, Math.round(total)) }
}
