/** Commands about the ring: ring, lookup. The same facts as in the console's pane. */
import { clockwise, partOfCircle } from '../../../ui/text/circle.js'
import type { LookupView, RingView, WatchedNeighbour } from '../../api.js'
import { plural, shortId, table } from '../format.js'
import { type CommandContext, EXIT, type Outcome, settle } from '../outcome.js'
import type { Invocation } from '../parse.js'

const HEAD = ['', 'name', 'id', 'state', 'rtt', 'away']

export function ring({ host, columns }: CommandContext): Outcome {
  const view = host.peer.ring()
  const { name } = host.peer.status()
  const self = ['self', name, shortId(view.id), '', '', '']
  const before = view.predecessors.map((peer, place) => neighbourRow('predecessor', place, peer, view)).reverse()
  const after = view.successors.map((peer, place) => neighbourRow('successor', place, peer, view))
  const fingers = view.fingers.map((finger) => finger.name).join(' ') || '-'
  const lines = [
    ...table(HEAD, [...before, self, ...after], columns),
    `${plural(view.keys, 'key')} held, ${plural(view.fingers.length, 'finger')}: ${fingers}`,
  ]
  const near = (peers: readonly WatchedNeighbour[]) => peers[0]?.name ?? 'nobody'
  const message = `between ${near(view.predecessors)} and ${near(view.successors)}, ${plural(view.keys, 'key')} held`
  return { exit: EXIT.done, message, lines, json: view }
}

/** How far away: a part of the circle, in the direction of the ring after us (`+`) or before us (`-`). */
function neighbourRow(
  side: 'predecessor' | 'successor',
  place: number,
  { id, name, state, rttMs }: WatchedNeighbour,
  ring: RingView,
): readonly string[] {
  const away =
    side === 'successor' ? `+${partOfCircle(clockwise(ring.id, id))}` : `-${partOfCircle(clockwise(id, ring.id))}`
  const rtt = rttMs === null ? '-' : `${rttMs.toFixed(1)} ms`
  return [`${side} ${place + 1}`, name, shortId(id), state, rtt, away]
}

export function lookup(context: CommandContext, invocation: Invocation): Promise<Outcome> {
  const { peer } = context.host
  return settle<LookupView>(
    context,
    (done) => peer.lookup(invocation.args.name ?? '', done),
    (view) => {
      const { id, name } = peer.status()
      const names = new Map([...peer.peers(), { id, name }].map((one) => [one.id, one.name]))
      const named = (one: LookupView['owner']): string => `${names.get(one) ?? ''} ${shortId(one)}`.trim()
      // whom it asked, and whom the last one named
      const way = view.path.at(-1) === view.owner ? view.path : [...view.path, view.owner]
      const hops = plural(way.length - 1, 'hop')
      const lines = [
        `key       ${view.key}`,
        `owner     ${named(view.owner)}, ${partOfCircle(clockwise(view.key, view.owner)).trim()} of the circle after the key`,
        `replicas  ${view.replicas.map(named).join(', ') || '-'}`,
        `path      ${way.map(named).join(' → ')}, ${hops}`,
      ]
      return { exit: EXIT.done, message: `${named(view.owner)} owns it, ${hops}`, lines, json: view }
    },
  )
}
