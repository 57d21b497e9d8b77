/**
 * Manifests: the task that keeps every name of the network with its manifest, and who holds which chunks. It answers
 * questions about names, takes acknowledgements of chunks, and passes on to the files task what that must know.
 */
import { MAX_REGISTERS_PER_MESSAGE } from '../../wire/messages/swarm.js'
import type { SwarmMessage } from '../../wire/messages.js'
import type { PeerId } from '../../wire/types.js'
import type { Env } from '../env.js'
import type { SwarmProtocol } from '../membership/swarm-mesh.js'
import type { Register } from '../swarm/register.js'
import type { Swarm } from '../swarm/swarm.js'
import { Listing } from './listing.js'
import type { TaskOptions } from './options.js'
import { Relays } from './relays.js'
import { SwarmTask } from './swarm-task.js'
import type { SiblingMessage, Task, TaskApi, TaskCore, TaskCounts, TaskHooks } from './task.js'

/** Between two pages of registers for a files task that has just begun. */
const PAGE_MS = 20

/** What peers come here for. */
const SERVED: ReadonlySet<SwarmMessage['type']> = new Set([
  'manifestPut',
  'nameFind',
  'manifestGet',
  'holdersGet',
  'countsGet',
  'chunksHave',
])

export class Manifests implements TaskCore {
  readonly api: TaskApi
  readonly #env: Env
  readonly #hooks: TaskHooks
  readonly #task: SwarmTask
  readonly #relays: Relays

  constructor(env: Env, options: TaskOptions, hooks: TaskHooks) {
    this.#env = env
    this.#hooks = hooks
    this.#relays = new Relays(env)
    this.#task = new SwarmTask({
      env,
      options,
      hooks,
      service: 'manifests',
      swarm: {
        keep: (parts) => new Listing(parts),
        learned: (registers) => this.#tellFiles(registers),
      },
      hasData: false,
      before: (swarm) => this.#before(swarm),
      // of the claims of files it may have missed some
      sibling: (message) => {
        if (message.type === 'claimsWant') hooks.tell('files', { kind: 'relay', from: env.identity.id, message })
      },
      figures: ({ liveCount }) => ({ kind: 'names', count: liveCount }),
    })
    const { swarm } = this.#task
    this.api = {
      files: (pattern, done) => swarm.files(pattern, done),
      manifest: (what, done) => swarm.manifest(what, done),
      holders: (what, done) => swarm.holders(what, done),
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
    if (sibling === 'files') this.#tellFilesAll([...this.#task.swarm.registers()])
  }

  counts(): TaskCounts {
    return this.#task.counts(this.#task.swarm.liveCount)
  }

  quit(done: () => void): void {
    this.#task.quit(done)
  }

  /** What peers say is counted, and passed on to the files task. */
  #before(swarm: Swarm): SwarmProtocol {
    return {
      receive: (from, message) => {
        if (SERVED.has(message.type)) this.#task.served()
        swarm.receive(from, message)
        this.#relay(from, message)
      },
      linkUp: (peer) => swarm.linkUp(peer),
      linkDown: (peer) => {
        this.#relays.forget(peer)
        swarm.linkDown(peer)
      },
      linkDrained: (peer) => swarm.linkDrained(peer),
      memberJoined: (peer) => swarm.memberJoined(peer),
      memberLeft: (peer, how) => swarm.memberLeft(peer, how),
    }
  }

  /** News of claims, and what keeps them from being forgotten over there. */
  #relay(from: PeerId, message: SwarmMessage): void {
    if (message.type !== 'chunksHave' && message.type !== 'claimsDigest') return
    if (this.#relays.admits(from, message)) this.#hooks.tell('files', { kind: 'relay', from, message })
  }

  /** A page at a time: each signature is checked over there. */
  #tellFilesAll(registers: readonly Register[]): void {
    this.#tellFiles(registers.slice(0, MAX_REGISTERS_PER_MESSAGE))
    const rest = registers.slice(MAX_REGISTERS_PER_MESSAGE)
    if (rest.length > 0) this.#env.after(PAGE_MS, () => this.#tellFilesAll(rest))
  }

  #tellFiles(registers: readonly Register[]): void {
    const from = this.#env.identity.id
    for (let at = 0; at < registers.length; at += MAX_REGISTERS_PER_MESSAGE) {
      const some = registers.slice(at, at + MAX_REGISTERS_PER_MESSAGE).map(({ signed }) => signed)
      this.#hooks.tell('files', { kind: 'relay', from, message: { type: 'nameNews', registers: some } })
    }
  }
}
