/**
 * Would the simulator notice? Three bugs of the kind that reviews miss, planted from outside; each is found within 200
 * seeds, and the product as it is passes the very seeds that find them.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Message } from '../../wire/messages.js'
import type { SimLink } from './link.js'
import type { Tamper } from './network.js'
import { type Boot, peerOptions, startPeer } from './peer.js'
import { makePlan, type PlanName } from './plan.js'
import type { SimProcess } from './process.js'
import { type PlayOptions, play } from './scenario.js'
import { InvariantError } from './world.js'
import { hastyStore, withParts } from './wrap.js'

const MOST_SEEDS = 200

/** The first seed that finds the bug; the product passes all up to it. */
function firstToFind(name: PlanName, planted: () => PlayOptions): { readonly seed: number; readonly found: string } {
  for (let seed = 1; seed <= MOST_SEEDS; seed++) {
    const plan = makePlan(name, seed)
    try {
      play(plan, planted())
    } catch (error) {
      assert.ok(error instanceof InvariantError, String(error))
      play(plan)
      return { seed, found: error.message }
    }
    play(plan)
  }
  throw new Error(`not found in ${MOST_SEEDS} seeds`)
}

test('an acknowledgement before the disk is found', () => {
  const boot: Boot = (env, setup) => {
    const hasty = withParts(env, { store: hastyStore({ store: env.store, after: (ms, fn) => env.after(ms, fn) }) })
    return startPeer(hasty, peerOptions(setup))
  }
  const { seed, found } = firstToFind('power', () => ({ boot }))
  console.log(`acknowledge before disk: seed ${seed}: ${found}`)
  assert.match(found, /acknowledged|file/)
})

test('a forgotten relay is found', () => {
  const { seed, found } = firstToFind('line', () => ({ tamper: new Forgetful() }))
  console.log(`forget a relay: seed ${seed}: ${found}`)
  assert.match(found, /passed on|acknowledged/)
})

test('a wrong successor on leave is found', () => {
  const tamper: Tamper = {
    outgoing: (_link, message) =>
      message.type === 'ringLeave' ? { ...message, successors: message.successors.slice(1) } : message,
    incoming: () => {},
  }
  const { seed, found } = firstToFind('churn', () => ({ tamper }))
  console.log(`wrong successor on leave: seed ${seed}: ${found}`)
  assert.match(found, /beyond/)
})

/** Peers that keep to themselves what they heard from others. */
class Forgetful implements Tamper {
  readonly #heard = new Map<SimProcess, Set<string>>()

  incoming({ process }: SimLink, message: Message): void {
    const heard = this.#heard.get(process) ?? new Set()
    this.#heard.set(process, heard)
    if (message.type === 'inventory') for (const id of message.ids) heard.add(id)
    if (message.type === 'announce') heard.add(hex(message.header))
  }

  outgoing({ process }: SimLink, message: Message): Message | null {
    const heard = this.#heard.get(process)
    if (heard === undefined) return message
    if (message.type === 'announce') return heard.has(hex(message.header)) ? null : message
    if (message.type !== 'inventory') return message
    const ids = message.ids.filter((id) => !heard.has(id))
    return ids.length === 0 ? null : { ...message, ids }
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.run()
