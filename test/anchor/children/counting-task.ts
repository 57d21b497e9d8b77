/**
 * A task that knows nothing of the network but its links: it takes them (over real TLS), writes their number into its own
 * database before it answers with `close`, and tells its siblings. For tests of the processes around a core.
 */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { runTask } from '../../../src/anchor/process/run-task.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskHooks } from '../../../src/anchor/task.js'
import { TASKS } from '../../../src/anchor/task.js'
import { hostOfTask } from '../../../src/cli/command-host.js'
import { answer } from '../../../src/cli/serve.js'
import type { Env, Link, LinkHandler } from '../../../src/env.js'
import type { Address, PeerId } from '../../../wire/types.js'

const KEY = 'links that came in'

class CountingCore implements TaskCore {
  readonly api: TaskApi
  readonly #env: Env
  readonly #task: Task
  readonly #addresses: readonly Address[]
  readonly #hooks: TaskHooks
  readonly #heard = new Set<PeerId>()
  readonly #mine = new Set<PeerId>()
  #served = 0

  constructor(env: Env, task: Task, addresses: readonly Address[], hooks: TaskHooks) {
    this.#env = env
    this.#task = task
    this.#addresses = addresses
    this.#hooks = hooks
    this.api = {
      addresses: () => addresses,
      transfers: () => [],
      // of whom this task heard from its siblings, one a line
      polls: () => [...this.#heard],
      tally: (poll) => ({
        poll,
        height: 0,
        final: false,
        total: 1,
        choices: {},
        question: '',
        options: [],
        closes: null,
        roll: null,
        state: 'open',
      }),
      join: () => {}, // never done
    }
  }

  start(done: (error: string | null) => void): void {
    const [first, ...rest] = this.#addresses
    if (first === undefined) throw new Error('no address to listen on')
    this.#listen(first, () => {
      for (const address of rest) this.#listen(address, () => {})
      this.#env.log('info', `${this.#count()} links in all`)
      done(null)
    })
  }

  heard(_from: Task, message: SiblingMessage): void {
    if (message.kind === 'left') for (const peer of message.peers) this.#heard.add(peer)
    this.#hooks.changed()
  }

  siblingUp(task: Task): void {
    this.#hooks.tell(task, { kind: 'left', peers: [...this.#mine] })
  }

  counts(): { served: number; queued: number; known: number } {
    return { served: this.#served, queued: 0, known: this.#task === 'admission' ? this.#count() : this.#heard.size }
  }

  quit(done: () => void): void {
    const note = process.env.GOODBYES
    if (note !== undefined) appendFileSync(join(note, this.#task), 'goodbye\n')
    done()
  }

  #listen(address: Address, listening: () => void): void {
    this.#env.links.listen(address, {
      listening,
      failed: (reason, detail) => {
        throw new Error(`${reason}: ${detail}`)
      },
      accepted: (link) => this.#accepted(link),
    })
  }

  #accepted(link: Link): LinkHandler {
    const count = Buffer.from(String(this.#count() + 1))
    this.#env.store.write([{ put: 'meta', key: KEY, value: new Uint8Array(count) }], () => {
      this.#served++
      this.#mine.add(link.peer)
      for (const task of TASKS) if (task !== this.#task) this.#hooks.tell(task, { kind: 'left', peers: [link.peer] })
      this.#hooks.changed()
      link.close('normal', `${process.pid} has ${count}`)
    })
    return { message: () => {}, drained: () => {}, closed: () => {} }
  }

  #count(): number {
    return Number(Buffer.from(this.#env.store.get('meta', KEY) ?? []).toString())
  }
}

runTask({
  core: (begin, env, hooks) => {
    if (process.env.BROKEN === begin.task) throw new Error('this task cannot be built')
    return new CountingCore(env, begin.task, begin.addresses[begin.task], hooks)
  },
  answer: (face, call) => answer(hostOfTask(face), call),
})
