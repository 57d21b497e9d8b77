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
  const first = kindOf(failureOf(plan, options))
  if (first === null) return plan
  let best = plan
  let left = budget
  const attempt = (candidate: Plan): boolean => {
    if (left-- <= 0 || kindOf(failureOf(candidate, options)) !== first) return false
    best = candidate
    return true
  }
  dropSteps(() => best, attempt)
  for (const softer of [{ loss: 0 }, { datagrams: NO_FAULTS }, { latencyMs: [1, 1] as const }, { syncMs: 1 }])
    attempt({ ...best, ...softer })
  for (const step of best.steps) {
    if (step.onDone !== 'nothing') attempt(replaced(best, step, { ...step, onDone: 'nothing' }))
  }
  return best
}

function dropSteps(current: () => Plan, attempt: (candidate: Plan) => boolean): void {
  for (let size = Math.max(1, current().steps.length >> 1); size >= 1; size >>= 1) {
    for (let place = 0; place < current().steps.length; ) {
      const plan = current()
      if (!attempt({ ...plan, steps: plan.steps.toSpliced(place, size) })) place += size
    }
  }
}

const replaced = (plan: Plan, from: Step, to: Step): Plan => ({
  ...plan,
  steps: plan.steps.map((step) => (step === from ? to : step)),
})

/** The same failure, whatever its numbers and names. */
const kindOf = (failure: string | null): string | null =>
  failure?.replace(/[0-9a-f]{8,}|\d+(\.\d+)?/g, '#').slice(0, 60) ?? null
