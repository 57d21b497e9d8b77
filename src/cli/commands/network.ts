/** Commands about peers: status, peers, join, leave, invite, log, quit. */

import { isAddress } from '../../../wire/field.js'
import type { PeerApi, PeerView } from '../../api.js'
import { LOG_LEVELS } from '../../env.js'
import { clock, plural, shortId, size, table, tableWidth } from '../format.js'
import { type CommandContext, type CommandHost, EXIT, failed, type Outcome, settle, usage } from '../outcome.js'
import type { Invocation } from '../parse.js'
import { qrForShell } from '../qr.js'

export function status({ host }: { readonly host: { readonly peer: Pick<PeerApi, 'status'> } }): Outcome {
  const view = host.peer.status()
  const lines = [
    `${view.name} ${shortId(view.id)}  ${view.network}  ${view.role}  ${view.address}`,
    `${plural(view.peers, 'peer')}, block ${view.height} ${shortId(view.tip)}, ${plural(view.files, 'file')}, ` +
      `${plural(view.transfers, 'transfer')}, ${view.hashRate} hashes/s, clock ${Math.round(view.clockOffsetMs)} ms off`,
    `${size(view.keptBytes)} of copies kept, room for ${size(view.quotaBytes)}`,
  ]
  return { exit: EXIT.done, message: lines[1] ?? '', lines, json: view }
}

interface PeerColumn {
  readonly head: string
  readonly of: (peer: PeerView) => string
}

const PEER_COLUMNS: readonly PeerColumn[] = [
  { head: 'name', of: ({ name }) => name },
  { head: 'id', of: ({ id }) => shortId(id) },
  { head: 'state', of: ({ state }) => state },
  { head: 'rtt', of: ({ rttMs }) => (rttMs === null ? '-' : `${Math.round(rttMs)} ms`) },
  { head: 'down', of: ({ down }) => `${size(down)}/s` },
  { head: 'up', of: ({ up }) => `${size(up)}/s` },
  { head: 'received', of: ({ received }) => size(received) },
  { head: 'sent', of: ({ sent }) => size(sent) },
  { head: 'since', of: ({ since }) => (since === null ? '-' : clock((Date.now() - since) / 1000)) },
  { head: 'score', of: ({ score }) => String(score) },
  { head: 'role', of: ({ role }) => role },
  { head: 'tasks', of: ({ tasks }) => services(tasks).join(' ') },
  { head: 'address', of: ({ address }) => address },
  { head: '', of: ({ detail, tasks }) => [detail, ...unlinked(tasks)].filter((word) => word !== '').join(', ') },
]
/** Left out, in this order, where the terminal is too narrow. */
const SPARE = ['tasks', 'sent', 'received', 'since', 'id', 'role'] as const

/** Of a dedicated anchor; one has several addresses. */
function services(tasks: PeerView['tasks']): readonly string[] {
  return [...new Set(tasks.map(({ service }) => service))]
}

function unlinked(tasks: PeerView['tasks']): readonly string[] {
  return services(tasks.filter(({ up }) => !up)).map((service) => `no link with ${service}`)
}

export function peers({ host, columns }: CommandContext): Outcome {
  const views = host.peer.peers()
  const lines =
    views.length === 0
      ? ['no peers yet: run p2p-tui in another terminal, or invite another machine (invite)']
      : peerTable(views, columns)
  return { exit: EXIT.done, message: plural(views.length, 'peer'), lines, json: views }
}

function peerTable(views: readonly PeerView[], columns: number): readonly string[] {
  const anchors = views.some(({ tasks }) => tasks.length > 0)
  let shown = PEER_COLUMNS.filter(({ head }) => anchors || head !== 'tasks')
  const head = (): string[] => shown.map((column) => column.head)
  const rows = (): string[][] => views.map((peer) => shown.map((column) => column.of(peer)))
  for (const spare of SPARE) {
    if (columns === 0 || tableWidth(head(), rows()) <= columns) break
    shown = shown.filter((column) => column.head !== spare)
  }
  return table(head(), rows(), columns)
}

export async function join(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  const where = (invocation.args.address ?? '').trim()
  if (where.toLowerCase().startsWith('p2p1')) {
    const accepted = context.host.acceptTicket(where)
    if ('error' in accepted) return accepted.usage ? usage(accepted.error) : failed(accepted.error)
    return joinAll(context, accepted.addresses)
  }
  if (!isAddress(where)) return usage(`not a host:port and not a ticket: ${JSON.stringify(where.slice(0, 60))}`)
  return joinAll(context, [where])
}

/** The first address that answers will do: the peer list brings the others. */
async function joinAll(context: CommandContext, addresses: readonly string[]): Promise<Outcome> {
  const words: string[] = []
  for (const address of addresses) {
    if (!isAddress(address)) continue
    const outcome = await settle<PeerView>(
      context,
      (done) => context.host.peer.join(address, done),
      (peer) => ({ exit: EXIT.done, message: `joined ${peer.name} at ${address}`, json: [peer] }),
    )
    if (outcome.exit === EXIT.done || context.signal.aborted) return outcome
    words.push(outcome.message)
  }
  return failed(words.length > 0 ? words.join('; ') : 'the ticket names no address: ask for a new one (invite --lan)')
}

export function leave(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  return settle<PeerView>(
    context,
    (done) => context.host.peer.leave(invocation.args.peer ?? '', done),
    (peer) => ({ exit: EXIT.done, message: `left ${peer.name}; join ${peer.address} links again`, json: [peer] }),
  )
}

export async function invite({ host, columns, pictures }: CommandContext, invocation: Invocation): Promise<Outcome> {
  // `--lan` is an option of the whole program too, and the parser gives it to that one
  const lan = invocation.options.lan === true || invocation.globals.lan
  const addresses = lan ? await host.openLan() : host.peer.addresses()
  const outside = addresses.filter((address) => !isLoopback(address))
  const ticket = host.ticket(outside.length > 0 ? outside : addresses)
  const advice =
    outside.length > 0
      ? 'on the other machine: p2p-tui --join -   and paste the ticket'
      : `this peer listens on this machine only: ${host.lanAdvice}; ` +
        'for another user of this machine: p2p-tui --join -   and paste the ticket'
  const lines = [ticket, advice, ...(pictures ? qrForShell(ticket, columns) : [])]
  return { exit: EXIT.done, message: advice, lines, json: { ticket, addresses } }
}

function isLoopback(address: string): boolean {
  return /^(127\.|\[::1\]|localhost)/.test(address)
}

/** The newest lines of a level and those above it, oldest first. */
export function log({ host }: { readonly host: Pick<CommandHost, 'log'> }, invocation: Invocation): Outcome {
  const { level, last } = invocation.options
  const word = (typeof level === 'string' ? level : (invocation.args.least ?? 'debug')).toLowerCase()
  const levels: readonly string[] = LOG_LEVELS
  const least = levels.indexOf(word)
  if (least < 0) return usage(`--level is one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(word.slice(0, 20))}`)
  const fitting = host.log().filter((line) => levels.indexOf(line.level) >= least)
  const entries = last === undefined ? fitting : fitting.slice(Math.max(0, fitting.length - Number(last)))
  const lines = entries.map((line) => `${new Date(line.time).toISOString().slice(11, 19)} ${line.level} ${line.text}`)
  return { exit: EXIT.done, message: plural(lines.length, 'line'), lines, json: entries }
}

export function quit({ host }: { readonly host: Pick<CommandHost, 'quit'> }, invocation: Invocation): Outcome {
  const abrupt = invocation.options.abrupt === true
  host.quit(abrupt)
  return { exit: EXIT.done, message: abrupt ? 'gone' : 'leaving', json: { left: true, abrupt } }
}
