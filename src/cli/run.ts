/** Runs one parsed command on a running peer; the console and the control socket both come here. */
import { OperationalError } from '../../wire/errors.js'
import * as files from './commands/files.js'
import { folder } from './commands/folder.js'
import * as ledger from './commands/ledger.js'
import * as network from './commands/network.js'
import * as polls from './commands/polls.js'
import * as ring from './commands/ring.js'
import { type CommandContext, failed, type Outcome } from './outcome.js'
import type { Invocation } from './parse.js'

type Run = (context: CommandContext, invocation: Invocation) => Outcome | Promise<Outcome>

const RUNS: ReadonlyMap<string, Run> = new Map(
  Object.entries<Run>({
    status: network.status,
    peers: network.peers,
    join: network.join,
    leave: network.leave,
    invite: network.invite,
    log: network.log,
    quit: network.quit,
    vote: ledger.vote,
    tally: polls.tally,
    poll: polls.poll,
    receipt: ledger.receipt,
    note: ledger.note,
    chain: ledger.chain,
    mine: ledger.mine,
    ring: ring.ring,
    lookup: ring.lookup,
    store: files.store,
    share: files.share,
    request: files.request,
    remove: files.remove,
    files: files.files,
    manifest: files.manifest,
    transfers: files.transfers,
    folder,
  }),
)

export async function runCommand(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  const run = invocation.command === null ? undefined : RUNS.get(invocation.command)
  if (run === undefined) return failed('no such command (help lists them)')
  try {
    return await run(context, invocation)
  } catch (error) {
    if (error instanceof OperationalError) return failed(error.message)
    throw error
  }
}

export const RUNNABLE: ReadonlySet<string> = new Set(RUNS.keys())
