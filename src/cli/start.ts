/** What is more than a command: a peer in this process (with the console, as plain lines, or headless), or a console. */
import type { PeerPlan } from '../host/open-peer.js'
import type { RunningEntry } from '../host/running.js'
import { EXIT } from './outcome.js'
import type { Globals } from './parse.js'
import { planOf, UsageError } from './plan.js'

export async function startHere(globals: Globals): Promise<number> {
  let plan: PeerPlan
  try {
    if (globals.json && !globals.headless) throw new UsageError('--json without a command needs --headless')
    plan = await planOf(globals)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`p2p-tui: ${error.message}\n`)
    return EXIT.usage
  }
  if (globals.headless) return (await import('./headless.js')).runHeadless(plan, globals.json)
  return (await import('./console.js')).runConsole(plan, globals.plain || !process.stdout.isTTY || !process.stdin.isTTY)
}

/** The console of a peer that runs elsewhere. */
export async function attachTo(entry: RunningEntry, plain: boolean): Promise<number> {
  return (await import('./attach.js')).runAttach(entry, plain)
}
