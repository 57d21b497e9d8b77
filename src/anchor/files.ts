/**
 * Files: the task that keeps copies of stored files under a quota and moves chunks, both ways. What peers hold it hears
 * of through the manifests task, which hears from here what this anchor holds.
 */
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import { Content } from './content.js'
import type { TaskOptions } from './options.js'
import { SwarmTask } from './swarm-task.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskCounts, TaskHooks } from './task.js'

export class Files implements TaskCore {
  readonly api: TaskApi
  readonly #self: PeerId
  /** What it counts as served: chunks handed out and taken. */
  readonly #task: SwarmTask

  constructor(env: Env, options: TaskOptions, hooks: TaskHooks) {
    const self = env.identity.id
    let content: Content | null = null
    const task: SwarmTask = new SwarmTask({
      env,
      options,
      hooks,
      service: 'files',
      swarm: {
        gossips: false,
        keep: (parts, fetches) => (content = new Content(parts, fetches, options.quotaBytes)),
        served: (blob) => {
          task.served()
          content?.used(blob)
        },
        chunkAnswered: (_peer, outcome) => {
          if (outcome === 'ok') task.served()
        },
      },
      hasData: true,
      sibling: (message) => {
        if (message.type === 'chunksHave' || message.type === 'claimsDigest')
          hooks.tell('manifests', { kind: 'relay', from: self, message })
      },
      figures: ({ room, movingCount }) => ({ kind: 'copies', bytes: room.keptBytes, transfers: movingCount }),
    })
    this.#self = self
    this.#task = task
    this.api = {
      transfers: () => task.swarm.transfers(),
      control: (transfer, action) => task.swarm.control(transfer, action),
    }
  }

  start(done: (error: string | null) => void): void {
    this.#task.start(done)
  }

  heard(_from: Task, message: SiblingMessage): void {
    this.#task.heard(message)
  }

  siblingUp(sibling: Task): void {
    if (sibling === 'admission') this.#task.admissionUp()
    if (sibling !== 'manifests') return
    // it has forgotten what it was told of the copies here: all of it is said again
    this.#task.swarm.linkDown(this.#self)
    this.#task.swarm.linkUp(this.#self)
  }

  counts(): TaskCounts {
    return this.#task.counts(this.#task.swarm.keptCount)
  }

  quit(done: () => void): void {
    this.#task.quit(done)
  }
}
