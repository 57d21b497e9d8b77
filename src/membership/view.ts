/** One peer as the console and `peers --json` show it. */

import type { TaskService } from '../../wire/messages/membership.js'
import type { Address } from '../../wire/types.js'
import type { PeerState, PeerView } from '../api.js'
import type { PeerInfo } from '../mesh.js'
import type { ByteRates } from '../rates.js'
import type { Attempt } from './dialer.js'
import type { Standing } from './roster.js'

export interface Sight {
  readonly info: PeerInfo
  readonly standing: Standing
  readonly suspect: boolean
  /** Of the settled link; null where there is none. */
  readonly link: {
    readonly remote: Address
    readonly dialed: boolean
    readonly rttMs: number | null
    readonly silentMs: number
  } | null
  /** Silence beyond this is shown. */
  readonly quietMs: number
  readonly attempt: Attempt | undefined
  readonly traffic: { readonly sent: number; readonly received: number }
  readonly rates: ByteRates
  readonly software: string
  /** When it became a member. */
  readonly since: number | null
  readonly score: number
  isTaskLinked(service: TaskService): boolean
}

export function peerView(sight: Sight): PeerView {
  const { info, link, traffic, rates } = sight
  const { state, detail } = stateOf(sight)
  return {
    id: info.id,
    name: info.name,
    address: addressOf(sight),
    state,
    rttMs: link?.rttMs ?? null,
    sent: traffic.sent,
    received: traffic.received,
    role: info.role,
    detail,
    down: rates.down,
    up: rates.up,
    software: sight.software,
    since: state === 'up' ? sight.since : null,
    score: sight.score,
    tasks: info.tasks.map(({ service, address }) => ({ service, address, up: sight.isTaskLinked(service) })),
  }
}

function stateOf({ link, suspect, standing, attempt, quietMs }: Sight): { state: PeerState; detail: string } {
  if (link !== null) {
    const isQuiet = link.silentMs >= quietMs
    if (isQuiet) return { state: 'suspect', detail: `no answer for ${Math.round(link.silentMs / 1000)} s` }
    return suspect ? { state: 'suspect', detail: 'no answer to the ring' } : { state: 'up', detail: '' }
  }
  const trying = attempt === undefined ? '' : tryWords(attempt)
  if (suspect) return { state: 'suspect', detail: trying === '' ? 'link lost' : `link lost, ${trying}` }
  if (standing === 'gone') return { state: 'down', detail: trying }
  if (standing === 'member' && attempt === undefined) return { state: 'up', detail: 'not linked' }
  return { state: 'dialing', detail: trying }
}

function tryWords({ dialing, tries, nextInMs }: Attempt): string {
  const number = `try ${tries + 1}`
  return dialing || nextInMs < 1000 ? number : `${number} in ${Math.round(nextInMs / 1000)} s`
}

/** Where it can be dialed; for want of that, where it came from. */
function addressOf({ info, link }: Sight): Address {
  if (link?.dialed) return link.remote
  return info.addresses[0] ?? link?.remote ?? ('0.0.0.0:1' as Address)
}
