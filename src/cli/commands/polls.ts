/** Commands about polls: poll create, poll list, poll show, tally. */
import { isHash } from '../../../wire/hash.js'
import type { PeerId } from '../../../wire/types.js'
import { DEFAULT_POLL, type PeerApi, type TallyView, type VoteView } from '../../api.js'
import { plural, table, utc } from '../format.js'
import { type CommandContext, EXIT, failed, type Outcome, settle, usage } from '../outcome.js'
import type { Invocation } from '../parse.js'
import { mined } from './ledger.js'

const UNITS_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
/** A shorter beginning of an id is taken for a name. */
const MIN_ID_DIGITS = 6

export function tally({ host }: CommandContext, invocation: Invocation): Outcome {
  return tallyOutcome(host.peer.tally(invocation.args.poll ?? DEFAULT_POLL))
}

export function poll(context: CommandContext, invocation: Invocation): Outcome | Promise<Outcome> {
  const action = (invocation.args.action ?? '').toLowerCase()
  const unused = action === 'create' ? undefined : Object.keys(invocation.options)[0]
  if (unused !== undefined) return usage(`--${unused} is for poll create`)
  switch (action) {
    case 'create':
      return create(context, invocation)
    case 'show':
      return show(context.host.peer, invocation.args.poll)
    default:
      return list(context.host.peer)
  }
}

function create(context: CommandContext, { args, options }: Invocation): Outcome | Promise<Outcome> {
  const { peer } = context.host
  const name = args.poll?.trim()
  if (name === undefined) return usage('which name? poll create <poll> [question] --options a,b,c')
  if (typeof options.options !== 'string') return usage(`which choices? poll create ${name} --options a,b,c`)
  const closes = typeof options.closes === 'string' ? closingTime(options.closes, Date.now()) : 0
  if (closes === null)
    return usage(`--closes takes 30s, 30m, 2h, 1d, a date (2030-12-31T18:00) or unix seconds, not "${options.closes}"`)
  const roll = typeof options.roll === 'string' ? rollOf(options.roll, peer) : []
  if (typeof roll === 'string') return failed(roll)
  const draft = { poll: name, question: args.question ?? '', options: words(options.options), closes, roll }
  return settle<VoteView>(
    { ...context, timeoutMs: undefined },
    (done) => peer.createPoll(draft, { timeoutMs: context.timeoutMs ?? null }, context.progress, done),
    (view) => {
      if (view.status === 'invalid') return { exit: EXIT.failed, message: view.reason, json: view }
      const next = `vote <voter> <choice> --poll ${/[\s'"\\]/.test(name) ? JSON.stringify(name) : name}`
      return mined(view, `poll ${name}`, next)
    },
  )
}

function show(peer: PeerApi, given: string | undefined): Outcome {
  if (given === undefined) return usage('which one? poll show <poll>')
  const view = peer.tally(given)
  if (view.total === 0 && view.options.length === 0)
    return failed(`no poll "${given.trim()}" here: poll list shows them, poll create makes one`)
  return tallyOutcome(view)
}

function list(peer: PeerApi): Outcome {
  const views = peer.polls().map((name) => peer.tally(name))
  const rows = views.map((view) => [view.poll, String(view.total), stateWords(view), view.question])
  const lines =
    views.length === 0
      ? ['no polls yet: poll create <poll> --options a,b,c, or vote <voter> <choice> --poll <poll> for an open one']
      : table(['poll', 'ballots', 'state', 'question'], rows)
  return { exit: EXIT.done, message: plural(views.length, 'poll'), lines, json: views }
}

function tallyOutcome(view: TallyView): Outcome {
  const rows = Object.entries(view.choices).sort((a, b) => b[1] - a[1])
  const most = Math.max(1, ...rows.map(([, count]) => count))
  const state = view.options.length > 0 ? `, ${stateWords(view)}` : ''
  const message = `${view.poll}: ${plural(view.total, 'ballot')} at block ${view.height}${state}`
  const lines = [
    message,
    ...(view.question === '' ? [] : [view.question]),
    ...(view.roll === null ? [] : [`one ballot each for ${plural(view.roll, 'peer')}`]),
    ...table(
      ['choice', 'ballots', ''],
      rows.map(([choice, count]) => [choice, String(count), '█'.repeat(Math.round((count / most) * 30))]),
    ).slice(1),
  ]
  return { exit: EXIT.done, message, lines, json: view }
}

function stateWords({ state, closes }: TallyView): string {
  if (state !== 'open') return state === 'final' ? 'final' : 'ended, not final yet'
  return closes === null ? 'open' : `open until ${utc(closes)}`
}

const words = (text: string): readonly string[] => text.split(',').map((word) => word.trim())

/** Unix seconds of `30m`, `2h`, an ISO date (of this machine's zone where it names none) or unix seconds; else null. */
export function closingTime(text: string, nowMs: number): number | null {
  const given = text.trim()
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(given.toLowerCase()) ?? []
  if (unit !== undefined) return Math.floor(nowMs / 1000) + Number(amount) * (UNITS_S[unit] ?? 0)
  if (/^\d{9,10}$/.test(given)) return Number(given)
  if (!/^\d{4}-\d{2}-\d{2}/.test(given)) return null
  const atMs = Date.parse(/^[\d-]{10}$/.test(given) ? `${given}T00:00` : given)
  return Number.isNaN(atMs) ? null : Math.floor(atMs / 1000)
}

/** The peers of a roll, by name, id or the beginning of one; or what is wrong with it. */
function rollOf(text: string, peer: PeerApi): readonly PeerId[] | string {
  const known = [peer.status(), ...peer.peers()]
  const roll: PeerId[] = []
  for (const word of words(text)) {
    const id = word.toLowerCase()
    const named = known.filter(({ name }) => name === word)
    const fitting =
      named.length > 0 || word.length < MIN_ID_DIGITS ? named : known.filter((one) => one.id.startsWith(id))
    const [only] = fitting
    if (isHash(id)) roll.push(id as PeerId)
    else if (fitting.length > 1)
      return `${fitting.length} peers are called "${word}": name one by its id (peers --json)`
    else if (only === undefined)
      return `no peer "${word}" is known: peers lists them; a whole id will do for one who is away`
    else roll.push(only.id)
  }
  return roll
}
