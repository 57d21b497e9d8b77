/**
 * Would the simulator notice? Three bugs of the kind that reviews miss, planted from outside; each is found within 200
 * seeds, and the product as it is passes the very seeds that find them.
 */
import assert from 'node:assert/strict'
import { test } from 'uvu'
import type { Env } from '../../src/env.js'
import type { Hash } from '../../wire/types.js'
import type { Tamper } from './network.js'
import { type Boot, peerOptions, startPeer } from './peer.js'
import { makePlan, type PlanName } from './plan.js'
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

test.run()
