/**
 * The static failure experiment of the Chord paper (ToN 2003, section 6.4) over the real lookup code: tables are right,
 * then peers die at once and nothing is repaired. Each peer has noticed the deaths in its own successor list, which it
 * watches, and has no new entries for them; fingers still point at the dead.
 */
import { performance } from 'node:perf_hooks'
import type { Mesh } from '../../src/mesh.js'
import { SLOTS } from '../../src/ring/finger-table.js'
import { Lookups } from '../../src/ring/lookup.js'
import { route } from '../../src/ring/route.js'
import { Calls, type RingEnv } from '../../src/ring/rpc.js'
import { RingState } from '../../src/ring/state.js'
import { mulberry } from '../../test/ring/mulberry.js'
import { Heap, type Timed } from '../../test/sim/heap.js'
import { sha256 } from '../../wire/hash.js'
import type { RingMessage } from '../../wire/messages.js'
import type { Hash, PeerId } from '../../wire/types.js'
import { ownerOf } from './ring-owner.js'

export interface HalfDead {
  readonly lookups: number
  /** No answer, or a wrong one. */
  readonly failed: number
  readonly meanAsked: number
  /** Peers whose whole list died: nobody could name what they are before. */
  readonly cutOff: number
  readonly tookMs: number
}

interface Event extends Timed {
  readonly run: () => void
}

export function halfDead(count: number, share: number, lookups: number, seed: number): HalfDead {
  const since = performance.now()
  const table = new DeadTable(count, share, seed)
  let failed = 0
  let asked = 0
  for (let lookup = 0; lookup < lookups; lookup++) {
    const path = table.lookUp(sha256(Buffer.from(`${seed} ${lookup}`)))
    if (path === null) failed++
    else asked += path.length - 1
  }
  const meanAsked = asked / (lookups - failed)
  return { lookups, failed, meanAsked, cutOff: table.cutOff, tookMs: performance.now() - since }
}

class DeadTable {
  readonly #states = new Map<PeerId, RingState>()
  readonly #walkers = new Map<PeerId, { readonly lookups: Lookups; readonly calls: Calls }>()
  readonly #alive: PeerId[]
  readonly #random: () => number
  readonly #events = new Heap<Event>()
  #now = 0
  #sequence = 0

  constructor(count: number, share: number, seed: number) {
    this.#random = mulberry(seed)
    const ids = Array.from({ length: count }, (_, place) => sha256(Buffer.from(`${seed}/${place}`)) as PeerId).sort()
    const order = ids.map((id) => ({ id, place: this.#random() })).sort((a, b) => a.place - b.place)
    const dead = new Set(order.slice(0, Math.floor(count * share)).map(({ id }) => id))
    this.#alive = ids.filter((id) => !dead.has(id))
    for (const [place, id] of ids.entries()) if (!dead.has(id)) this.#states.set(id, tableOf(id, place, ids, dead))
  }

  get cutOff(): number {
    return [...this.#states.values()].filter(({ successors }) => successors.size === 0).length
  }

  /** Who was asked, null where the lookup failed. */
  lookUp(key: Hash): readonly PeerId[] | null {
    const from = this.#alive[Math.floor(this.#random() * this.#alive.length)]!
    let path: readonly PeerId[] | null = null
    this.#walker(from).lookups.find(key, from, (found) => {
      if (found !== null && found.owners[0] === ownerOf(key, this.#alive)) path = found.path
    })
    for (let event = this.#events.pop(); event !== undefined; event = this.#events.pop()) {
      this.#now = event.time
      event.run()
    }
    return path
  }

  #walker(self: PeerId): { readonly lookups: Lookups; readonly calls: Calls } {
    const known = this.#walkers.get(self)
    if (known !== undefined) return known
    const env: RingEnv = {
      identity: { id: self, publicKey: new Uint8Array(32), name: '', bootNonce: new Uint8Array(8), startTime: 0 },
      now: () => this.#now,
      after: (delayMs, fn) => this.#after(delayMs, fn),
      random: this.#random,
      log: () => {},
      datagrams: { send: () => null, onDatagram: () => {}, onRefused: () => {} },
    }
    const calls = new Calls(env, this.#mesh(self))
    const walker = { calls, lookups: new Lookups(env, this.#states.get(self)!, calls) }
    this.#walkers.set(self, walker)
    return walker
  }

  #after(delayMs: number, fn: () => void): () => void {
    let active = true
    const run = () => {
      if (active) fn()
    }
    this.#events.push({ time: this.#now + delayMs, sequence: this.#sequence++, run })
    return () => {
      active = false
    }
  }

  /** The living answer a little later; the dead have no link and refuse every dial. */
  #mesh(self: PeerId): Mesh {
    return {
      linked: () => [],
      isLinked: (peer) => this.#states.has(peer),
      members: () => [],
      member: () => undefined,
      send: (peer, message) => {
        if (!this.#states.has(peer)) return 'none'
        this.#after(1, () => this.#answer(self, peer, message as RingMessage))
        return 'sent'
      },
      reach: (_peer, done) => void this.#after(1, () => done(false)),
      openData: () => () => {},
      blame: () => {},
      claim: () => undefined,
    }
  }

  #answer(self: PeerId, peer: PeerId, message: RingMessage): void {
    const state = this.#states.get(peer)
    if (message.type !== 'ringStep' || state?.standing !== 'member') return
    const answer = {
      type: 'ringRoute',
      request: message.request,
      standing: 'member',
      ...route(state, message.key),
    } as const
    this.#walker(self).calls.receive(peer, answer)
  }
}

/** As it was before the deaths, without the dead successors. */
function tableOf(self: PeerId, place: number, ids: readonly PeerId[], dead: ReadonlySet<PeerId>): RingState {
  const state = new RingState(self, (peer) => !dead.has(peer))
  const after = Array.from({ length: 16 }, (_, step) => ids[(place + step + 1) % ids.length]!)
  const [head, ...following] = after.filter((peer) => !dead.has(peer))
  if (head !== undefined) state.adoptSuccessors(head, following)
  for (let slot = 0; slot < SLOTS; slot++) {
    const target = state.fingers.target(slot)
    const owner = target === undefined ? self : ownerOf(target, ids)
    if (owner !== self) state.fingers.set(slot, owner)
  }
  return state
}
