/** What is more than a command: a peer in this process (with the console, as plain lines, or headless), or a console. */
import type { RunningEntry } from '../host/running.js'
import { EXIT } from './outcome.js'
import type { Globals } from './parse.js'
import { anchorPlanOf, planOf, UsageError } from './plan.js'

export async function startHere(globals: Globals): Promise<number> {
  const plan = await orUsage(() => {
    if (globals.json && !globals.headless) throw new UsageError('--json without a command needs --headless')
    return planOf(globals)
  })
  if (plan === null) return EXIT.usage
  if (globals.headless) return (await import('./headless.js')).runHeadless(plan, globals.json)
  return (await import('./console.js')).runConsole(plan, globals.plain || !process.stdout.isTTY || !process.stdin.isTTY)
}

/** A dedicated anchor in this process and three more. */
export async function startAnchor(globals: Globals): Promise<number> {
  const options = await orUsage(() => anchorPlanOf(globals))
  return options === null ? EXIT.usage : (await import('./anchor.js')).runAnchor(options, globals.json)
}

/** The console of a peer that runs elsewhere. */
export async function attachTo(entry: RunningEntry, plain: boolean): Promise<number> {
  return (await import('./attach.js')).runAttach(entry, plain)
}

/** null: there is a mistake in the words, and the user was told. */
async function orUsage<T>(plan: () => Promise<T>): Promise<T | null> {
  try {
    return await plan()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`p2p-tui: ${error.message}\n`)
    return null
  }
}
