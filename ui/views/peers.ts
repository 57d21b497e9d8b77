/**
 * Who is here: state, name, round trip, what moves; for the others why they are not. Columns come and go with the width,
 * the most asked-for first; peers stand in an order that traffic does not change.
 */
import type { PeerState, PeerView } from '../../src/api.js'
import type { Look } from '../look.js'
import type { Model } from '../state.js'
import { column, type Line, type Span, type Style, styled } from '../text/line.js'
import { age, compact, latency, shortId } from '../text/units.js'
import type { Content } from './rows.js'

const ORDER: Readonly<Record<PeerState, number>> = { up: 0, suspect: 1, dialing: 2, down: 3 }
const NAME = { least: 8, wished: 11, most: 24 }
/** From this width on the columns have a line that names them. */
const HEAD_FROM = 58

export function peersContent({ snapshot, look, now }: Model, width: number): Content {
  const peers = [...(snapshot?.peers ?? [])].sort(
    (a, b) => ORDER[a.state] - ORDER[b.state] || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
  )
  const table = tableOf(width)
  return {
    ...(width >= HEAD_FROM ? { head: headLine(table, look) } : {}),
    rows: peers.map((peer) => ({
      key: peer.id,
      lines: [peerLine(peer, table, width, look, now), ...(peer.tasks.length === 0 ? [] : [tasksLine(peer, look)])],
    })),
    footer: [],
    empty: 'no peers yet: run p2p-tui in a second terminal, or :invite for another machine',
  }
}

interface Column {
  readonly head: string
  readonly width: number
  /** Whether only a peer that is up has it: for the others these columns together say what is wrong. */
  readonly live: boolean
  show(peer: PeerView, look: Look, now: number): Span
}

const live = (head: string, width: number, show: Column['show']): Column => ({ head, width, live: true, show })
const fixed = (head: string, width: number, show: Column['show']): Column => ({ head, width, live: false, show })

const TASK_ORDER = ['manifests', 'files'] as const

/** In the order in which they stand. */
const COLUMNS = {
  rtt: live('rtt', 6, ({ rttMs }) => latency(rttMs)),
  down: live('down', 5, ({ down }, { glyphs }) => flow('in', glyphs.incoming, down)),
  up: live('up', 5, ({ up }, { glyphs }) => flow('out', glyphs.outgoing, up)),
  score: live('score', 5, ({ score }) => scoreSpan(score)),
  since: live('age', 4, ({ since }, _, now) => (since === null ? '   -' : age(now - since))),
  received: live('got', 4, ({ received }) => compact(received)),
  sent: live('gave', 4, ({ sent }) => compact(sent)),
  id: fixed('id', 7, ({ id }, look) => styled('dim', shortId(id, look))),
  address: fixed('address', 21, ({ address }, look) => styled('dim', column(address, 21, look))),
  version: fixed('version', 7, ({ software }, look) => styled('dim', column(versionOf(software), 7, look))),
  role: fixed('role', 8, ({ role }, look) => styled(role === 'peer' ? 'dim' : 'accent', column(role, 8, look))),
} as const

/** A program's name is the same for nearly all. */
const versionOf = (software: string): string => software.split(/[ /]/).at(-1) ?? ''

type Key = keyof typeof COLUMNS
const LIVE: readonly Key[] = ['rtt', 'down', 'up']
const WIDE: readonly Key[] = [...LIVE, 'score', 'since', 'address', 'version']

/** What a line has, from the barest to the fullest: the last that fits. */
const TABLES: readonly (readonly Key[])[] = [
  ['rtt'],
  ['rtt', 'down'],
  LIVE,
  [...LIVE, 'id'],
  [...LIVE, 'id', 'score'],
  [...LIVE, 'id', 'score', 'since'],
  WIDE,
  [...WIDE, 'id'],
  [...WIDE, 'id', 'role'],
  [...WIDE, 'id', 'role', 'received', 'sent'],
]

interface Table {
  readonly name: number
  readonly columns: readonly Column[]
}

/** As many columns as fit beside a name that can be read. */
function tableOf(width: number): Table {
  const room = (keys: readonly Key[]) => width - 2 - keys.reduce((sum, key) => sum + COLUMNS[key].width + 1, 0)
  const keys = TABLES.findLast((one) => room(one) >= (one.length > LIVE.length ? NAME.wished : NAME.least)) ?? ['rtt']
  const columns = Object.entries(COLUMNS).filter(([key]) => keys.some((one) => one === key))
  const name = Math.max(NAME.least, Math.min(NAME.most, room(keys)))
  return { name, columns: columns.map(([, one]) => one) }
}

function headLine({ name, columns }: Table, look: Look): Line {
  const heads = columns.map(({ head, width, live }) => ` ${column(head, width, look, live ? 'right' : 'left')}`)
  return [styled('dim', `  ${column('name', name, look)}${heads.join('')}`)]
}

function peerLine(peer: PeerView, { name, columns }: Table, width: number, look: Look, now: number): Line {
  const named = (cells: number): Span[] => [peerMark(peer, look), ' ', column(peer.name, cells, look)]
  const line = named(name)
  if (peer.state === 'up') return [...line, ...columns.flatMap((one) => [' ', one.show(peer, look, now)])]
  const detail = peer.detail === '' ? peer.state : `${peer.state}, ${peer.detail}`
  const room = columns.filter((one) => one.live).reduce((sum, one) => sum + one.width + 1, -1)
  // where the reason is longer than that, it is worth more than an id
  if (detail.length > room) {
    const rest = Math.max(NAME.least, Math.min(name, width - 3 - detail.length))
    return [...named(rest), ' ', styled('dim', detail)]
  }
  const rest = columns.filter((one) => !one.live)
  const shown = styled('dim', column(detail, room, look))
  return [...line, ' ', shown, ...rest.flatMap((one) => [' ', one.show(peer, look, now)])]
}

/** What stands still is not what the eye looks for. */
const flow = (style: Style, glyph: string, bytes: number): Span =>
  styled(bytes > 0 ? style : 'dim', `${glyph}${compact(bytes)}`)

const GOOD_SCORE = 80
const FAIR_SCORE = 50

function scoreSpan(score: number): Span {
  const text = String(Math.round(score)).padStart(5)
  if (score >= GOOD_SCORE) return text
  return styled(score >= FAIR_SCORE ? 'busy' : 'bad', text)
}

/** What a score means. */
export function scoreWords(score: number): string {
  if (score >= 95) return 'answers all that is asked of it, in time'
  if (score >= GOOD_SCORE) return 'answers nearly all that is asked of it'
  return score >= FAIR_SCORE ? 'leaves part of what is asked of it undone' : 'often silent, late or wrong'
}

/** The tasks that a dedicated anchor has beside admission, and whether there is a link with each. */
export function tasksOf({ tasks }: PeerView): readonly PeerView['tasks'][number][] {
  return TASK_ORDER.flatMap((service) => {
    const of = tasks.filter((task) => task.service === service)
    const [best] = of
    return best === undefined ? [] : [{ ...best, up: of.some(({ up }) => up) }]
  })
}

export const taskMark = (up: boolean, { glyphs }: Look): Span =>
  up ? styled('good', glyphs.up) : styled('bad', glyphs.down)

/** Below the anchor's own line, whose mark is that of admission. */
function tasksLine(peer: PeerView, look: Look): Line {
  const tasks = tasksOf(peer).flatMap(({ service, up }): Span[] => [' ', taskMark(up, look), ` ${service} `])
  return [styled('accent', '  anchor'), ...tasks]
}

export function peerMark(
  { state, role }: Pick<PeerView, 'state' | 'role'>,
  { glyphs }: Look,
): { readonly text: string; readonly style: Style } {
  if (state === 'up') return styled('good', role === 'anchor' ? glyphs.anchor : glyphs.up)
  return state === 'down' ? styled('dim', glyphs.down) : styled('busy', glyphs.busy)
}
