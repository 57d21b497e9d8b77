/**
 * Makes a failing plan smaller while it still fails in the same way: drops runs of steps, then softens the rest. Works
 * because what happens to one message does not depend on how many others there were. After Zeller's ddmin (2002).
 */

import { NO_FAULTS } from './datagrams.js'
import type { Plan, Step } from './plan.js'
import { type PlayOptions, play } from './scenario.js'

/** What went wrong, or null. */
export function failureOf(plan: Plan, options: PlayOptions = {}): string | null {
  try {
    play(plan, options)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A plan no longer than `plan` that fails alike; `budget` bounds the number of plays. */
export function shrink(plan: Plan, options: PlayOptions = {}, budget = 150): Plan {
  const softer = function* (current: () => Plan): Iterable<Plan> {
    const changes = [{ loss: 0 }, { datagrams: NO_FAULTS }, { latencyMs: [1, 1] as const }, { syncMs: 1 }]
    for (const change of changes) yield { ...current(), ...change }
    for (const step of current().steps) {
      if (step.onDone !== 'nothing') yield replaced(current(), step, { ...step, onDone: 'nothing' })
    }
  }
  return shrinkPlan(plan, (candidate) => failureOf(candidate, options), softer, budget)
}

/** The same for any plan that has steps. `softer` proposes changes of the smallest plan so far. */
export function shrinkPlan<S, P extends { readonly steps: readonly S[] }>(
  plan: P,
  failure: (plan: P) => string | null,
  softer: (current: () => P) => Iterable<P>,
  budget: number,
): P {
  const first = kindOf(failure(plan))
  if (first === null) return plan
  let best = plan
  let left = budget
  const attempt = (candidate: P): boolean => {
    if (left-- <= 0 || kindOf(failure(candidate)) !== first) return false
    best = candidate
    return true
  }
  for (let size = Math.max(1, best.steps.length >> 1); size >= 1; size >>= 1) {
    for (let place = 0; place < best.steps.length; ) {
      if (!attempt({ ...best, steps: best.steps.toSpliced(place, size) })) place += size
    }
  }
  for (const candidate of softer(() => best)) attempt(candidate)
  return best
}

const replaced = (plan: Plan, from: Step, to: Step): Plan => ({
  ...plan,
  steps: plan.steps.map((step) => (step === from ? to : step)),
})

/** The same failure, whatever its numbers and names. */
const kindOf = (failure: string | null): string | null =>
  failure?.replace(/[0-9a-f]{8,}|\d+(\.\d+)?/g, '#').slice(0, 60) ?? null
