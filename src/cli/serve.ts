/** Answers the user's shells and attached consoles for a peer in this process. */
import { OperationalError } from '../../wire/errors.js'
import { type Answer, type Call, ControlServer } from '../host/control-server.js'
import type { OpenPeer } from '../host/open-peer.js'
import type { View } from '../host/pictures.js'
import { hostOf } from './command-host.js'
import type { CommandHost, Outcome } from './outcome.js'
import { parseWords } from './parse.js'
import { runCommand } from './run.js'
import { VERSION } from './version.js'

/** Opens the control socket; answers how to close it. Throws OperationalError, and the peer ends, where that fails. */
export async function serveCommands(opened: OpenPeer): Promise<() => Promise<void>> {
  const host = hostOf(opened)
  const { socket } = opened.facts
  try {
    const server = await ControlServer.open(socket, { run: (call) => answer(host, call), view: viewOf(host) })
    let reason = 'it left the network'
    void opened.ended.then((end) => {
      reason = end.reason ?? reason
    })
    return () => server.close(reason)
  } catch (error) {
    opened.quit(false)
    await opened.ended
    throw new OperationalError(
      `cannot open the control socket ${socket}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

async function answer(host: CommandHost, call: Call): Promise<Answer> {
  const parsed = parseWords(call.words, VERSION)
  if (!parsed.ok) return { exit: parsed.exit, json: null, text: '', error: parsed.text, more: '', message: parsed.text }
  const { timeout } = parsed.invocation.globals
  const outcome = await runCommand(
    {
      host,
      cwd: call.cwd,
      columns: call.columns,
      pictures: call.pictures,
      signal: call.signal,
      progress: (at) => call.progress(at.text, at.done, at.total, at.unit),
      timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    },
    parsed.invocation,
  )
  return answerOf(outcome)
}

function viewOf(host: CommandHost): View {
  return {
    version: VERSION,
    snapshot: () => (host.isOpen() ? host.peer.snapshot() : null),
    log: () => host.log(),
    watch: (changed) => host.watch(changed),
  }
}

function answerOf(outcome: Outcome): Answer {
  const good = outcome.exit === 0
  return {
    exit: outcome.exit,
    json: outcome.json === undefined ? null : JSON.stringify(outcome.json),
    text: good ? (outcome.lines ?? [outcome.message]).join('\n') : '',
    more: good && outcome.lines === undefined ? (outcome.more ?? []).join('\n') : '',
    error: good ? '' : outcome.message,
    message: outcome.message,
  }
}
