/**
 * A dedicated anchor: started like a headless peer, and its commands. Each is answered by the task that knows, or by the
 * supervisor itself, which answers `anchor status` also while a task's process is dead.
 */
import { type OpenAnchor, openAnchor } from '../anchor/process/open-anchor.js'
import type { AnchorView } from '../anchor/process/supervisor.js'
import { TASKS, type Task } from '../anchor/task.js'
import type { Answer, Call } from '../host/control-server.js'
import { isLoopback } from '../membership/address.js'
import * as network from './commands/network.js'
import { plural, shortId, size, table } from './format.js'
import { runLines } from './lines.js'
import { EXIT, failed, type Outcome } from './outcome.js'
import { type Invocation, parseWords } from './parse.js'
import type { AnchorOptions } from './plan.js'
import { answerOf, serveWords, unparsed } from './serve.js'
import { VERSION } from './version.js'

const TASK_OF: ReadonlyMap<string, Task> = new Map([
  ['status', 'admission'],
  ['peers', 'admission'],
  ['join', 'admission'],
  ['leave', 'admission'],
  ['invite', 'admission'],
  ['vote', 'admission'],
  ['note', 'admission'],
  ['poll', 'admission'],
  ['tally', 'admission'],
  ['receipt', 'admission'],
  ['chain', 'admission'],
  ['files', 'manifests'],
  ['manifest', 'manifests'],
  ['transfers', 'files'],
])

const LOOPBACK_ONLY = 'not yet: start it with --lan (or --listen) for other machines'

/** The module of the tasks' processes, beside this one. */
const ENTRY = new URL('./anchor-task.js', import.meta.url)

export async function runAnchor(options: AnchorOptions, json: boolean): Promise<number> {
  return runLines(json, (onLog) => openAnchor({ ...options, entry: ENTRY }, onLog), serveAnchor, welcome)
}

/** Who it is, where it listens, and what one does next. */
function welcome({ facts }: OpenAnchor): string {
  const { name, id, network, data, tasks, quotaBytes } = facts
  const isOpen = TASKS.some((task) => tasks[task].some((address) => !isLoopback(address)))
  const row = (word: string, text: string): string => `  ${word.padEnd(10)} ${text}`
  return [
    `${name} ${shortId(id)}, a dedicated anchor of the network "${network}"`,
    ...TASKS.map((task) => row(task, tasks[task].join('  '))),
    row('state', data),
    row('copies', `up to ${size(quotaBytes)} of files`),
    row('here', 'p2p-tui in another terminal finds it'),
    row('elsewhere', isOpen ? `p2p-tui invite -n ${name} prints a ticket` : LOOPBACK_ONLY),
    row('how it is', `p2p-tui anchor status -n ${name}`),
    row('its end', `Ctrl-C here, or p2p-tui quit -n ${name}`),
  ].join('\n')
}

function serveAnchor(anchor: OpenAnchor): Promise<() => Promise<void>> {
  return serveWords(anchor, {
    run: (call) => answerAnchor(anchor, call),
    view: 'a dedicated anchor has no console: p2p-tui anchor status, p2p-tui log',
  })
}

async function answerAnchor(anchor: OpenAnchor, call: Call): Promise<Answer> {
  const parsed = parseWords(call.words, VERSION)
  if (!parsed.ok) return unparsed(parsed)
  const { invocation } = parsed
  const task = TASK_OF.get(invocation.command ?? '')
  return task === undefined ? answerOf(ownOutcome(anchor, invocation)) : anchor.ask(task, call)
}

function ownOutcome(anchor: OpenAnchor, invocation: Invocation): Outcome {
  const context = { host: anchor }
  switch (invocation.command) {
    case 'anchor':
      return anchorStatus(anchor.view())
    case 'log':
      return network.log(context, invocation)
    case 'quit':
      return network.quit(context, invocation)
    default:
      return failed('a dedicated anchor does not do that: ask another peer (-n or -d picks one)')
  }
}

function anchorStatus(view: AnchorView): Outcome {
  const message = `${plural(view.peers, 'peer')}, ${plural(view.manifests, 'manifest')}`
  const rows = view.processes.map(({ task, state, pid, restarts, served, queued }) => [
    task,
    state,
    pid === 0 ? '-' : String(pid),
    String(restarts),
    String(served),
    String(queued),
  ])
  const lines = [message, ...table(['task', 'state', 'pid', 'restarts', 'served', 'queued'], rows)]
  return { exit: EXIT.done, message, lines, json: view }
}
