/** Answers the user's shells and attached consoles for a peer in this process. */
import { OperationalError } from '../../wire/errors.js'
import { type Answer, type Call, type Control, ControlServer } from '../host/control-server.js'
import type { OpenPeer } from '../host/open-peer.js'
import type { View } from '../host/pictures.js'
import { hostOf } from './command-host.js'
import type { CommandHost, Outcome } from './outcome.js'
import { type Parsed, parseWords } from './parse.js'
import { runCommand } from './run.js'
import { VERSION } from './version.js'

/** Answers the commands of a peer; see `serveWords`. */
export function serveCommands(opened: OpenPeer): Promise<() => Promise<void>> {
  const host = hostOf(opened)
  return serveWords(opened, { run: (call) => answer(host, call), view: viewOf(host) })
}

/** Opens the control socket; answers how to close it. Throws OperationalError, and `opened` ends, where that fails. */
export async function serveWords(
  opened: Pick<OpenPeer, 'facts' | 'ended' | 'quit'>,
  control: Control,
): Promise<() => Promise<void>> {
  const { socket } = opened.facts
  try {
    const server = await ControlServer.open(socket, control)
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

/** Runs the words of a call. */
export async function answer(host: CommandHost, call: Call): Promise<Answer> {
  const parsed = parseWords(call.words, VERSION)
  if (!parsed.ok) return unparsed(parsed)
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

/** What is wrong with the words. */
export function unparsed({ exit, text }: Extract<Parsed, { readonly ok: false }>): Answer {
  return { exit, json: null, text: '', error: text, more: '', message: text }
}

function viewOf(host: CommandHost): View {
  return {
    version: VERSION,
    snapshot: () => (host.isOpen() ? host.peer.snapshot() : null),
    log: () => host.log(),
    watch: (changed) => host.watch(changed),
  }
}

/** For the control socket. */
export function answerOf(outcome: Outcome): Answer {
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
