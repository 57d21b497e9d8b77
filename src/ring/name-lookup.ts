/**
 * `lookup <name>`: the key's owner and replicas with the path that led there, always over the fingers.
 * Invariant: an owner is reported only after it answered; while the ring heals the walk is tried again.
 */

import type { PeerId } from '../../wire/types.js'
import { done as completed, type Done, type LookupProgress, type LookupView, type Result } from '../api.js'
import { keyOf } from './id.js'
import type { Liveness } from './liveness.js'
import type { Found, Lookups } from './lookup.js'
import { type Calls, FEW_TRIES, type RingEnv } from './rpc.js'
import type { RingState } from './state.js'

const TRIES = 12
const AGAIN_MS = 250
const MAX_RUNNING = 32

export interface NameLookupParts {
  readonly env: RingEnv
  readonly state: RingState
  readonly calls: Calls
  readonly lookups: Lookups
  readonly liveness: Liveness
  /** Known members, linked ones first. */
  readonly candidates: () => readonly PeerId[]
  /** Copies of a name in the network (k). */
  readonly replicas: number
  /** `newest` is another one. */
  readonly changed: () => void
}

export class NameLookup {
  readonly #parts: NameLookupParts
  #running = 0 // at most MAX_RUNNING
  #newest: LookupProgress | null = null
  #started = 0

  constructor(parts: NameLookupParts) {
    this.#parts = parts
  }

  /** The lookup that began last, while it runs and afterwards. */
  get newest(): LookupProgress | null {
    return this.#newest
  }

  lookup(name: string, done: Done<LookupView>): void {
    if (this.#running >= MAX_RUNNING) {
      const message = `${MAX_RUNNING} lookups are running: try again when one has ended`
      this.#parts.env.after(0, () => done({ ok: false, kind: 'refused', message }))
      return
    }
    this.#running++
    const show = this.#showing(name)
    show({})
    const ended = (result: Result<LookupView>): void => {
      this.#running--
      if (result.ok) show({ path: result.value.path, owner: result.value.owner, state: 'done' })
      else show({ state: 'failed' })
      done(result)
    }
    this.#try(name, TRIES, ended, (path) => show({ path: this.#fromSelf(path) }))
  }

  /** How one lookup tells how far it is; of those that run at once only the one that began last is shown. */
  #showing(name: string): (news: Partial<LookupProgress>) => void {
    const number = ++this.#started
    let progress: LookupProgress = { name, key: keyOf(name), path: this.#fromSelf([]), owner: null, state: 'running' }
    return (news) => {
      if (number !== this.#started) return
      progress = { ...progress, ...news }
      this.#newest = progress
      this.#parts.changed()
    }
  }

  #fromSelf(path: readonly PeerId[]): readonly PeerId[] {
    const { self } = this.#parts.state
    return [self, ...path.filter((peer) => peer !== self)]
  }

  #try(name: string, triesLeft: number, done: Done<LookupView>, stepped: (path: readonly PeerId[]) => void): void {
    const { env, lookups, state, calls, liveness } = this.#parts
    const key = keyOf(name)
    const again = () => {
      if (triesLeft > 1) env.after(AGAIN_MS, () => this.#try(name, triesLeft - 1, done, stepped))
      else done({ ok: false, kind: 'timeout', message: `nobody in the ring answered for ${name}: see peers and ring` })
    }
    const start = this.#start()
    if (start === undefined) return void env.after(0, again)
    lookups.find(
      key,
      start,
      (found) => {
        if (found === null || (found.alone && start !== state.self)) return again()
        const [owner] = found.owners
        if (owner === state.self)
          return state.standing === 'outside' ? again() : done(completed(this.#view(key, found)))
        calls.ping(owner, FEW_TRIES, (alive) => {
          if (alive) return done(completed(this.#view(key, found)))
          liveness.suspect(owner)
          again()
        })
      },
      stepped,
    )
  }

  /** Ourselves, where we know the ring; else somebody who does. */
  #start(): PeerId | undefined {
    const { state, candidates } = this.#parts
    if (state.connected) return state.self
    return candidates()[0] ?? (state.standing === 'alone' ? state.self : undefined)
  }

  #view(key: LookupView['key'], found: Found): LookupView {
    const [owner, ...after] = found.owners
    return { key, owner, replicas: after.slice(0, this.#parts.replicas - 1), path: this.#fromSelf(found.path) }
  }
}
