/** What to start: flags, config file and tickets become one plan, before anything is opened. */
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type { Address } from '../../wire/types.js'
import type { AnchorPlan } from '../anchor/process/open-anchor.js'
import type { MineMode } from '../api.js'
import { homes } from '../host/directories.js'
import { namingFault } from '../host/identity.js'
import type { PeerPlan } from '../host/open-peer.js'
import { isNetworkName, rememberNetwork } from '../host/secret.js'
import { decodeTicket, looksLikeTicket } from '../membership/ticket.js'
import { withConfig } from './config.js'
import type { Globals } from './parse.js'
import { readTicket } from './ticket-input.js'
import { SOFTWARE } from './version.js'

const MAX_REPLICAS = 16
const MIN_QUOTA_BYTES = 2 ** 20

/** A mistake in the words: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a dedicated anchor is started with. */
export type AnchorOptions = Omit<AnchorPlan, 'entry'>

export async function planOf(flags: Globals): Promise<PeerPlan> {
  if (flags.quota !== undefined) throw new UsageError('--quota is for a dedicated anchor: p2p-tui anchor')
  return commonPlan(flags)
}

export async function anchorPlanOf(flags: Globals): Promise<AnchorOptions> {
  if (flags.mine !== undefined) throw new UsageError('a dedicated anchor mines nothing: leave --mine out')
  if (flags.plain) throw new UsageError('a dedicated anchor has no console: leave --plain out')
  const { quota } = withConfig(flags, homes().config)
  const quotaBytes = quota === undefined ? null : bytesOf(quota)
  if (quotaBytes !== null && !(quotaBytes >= MIN_QUOTA_BYTES && quotaBytes <= Number.MAX_SAFE_INTEGER))
    throw new UsageError(`--quota ${quota}: a size of at least 1M, such as 500M, 10G or 1T`)
  const { network, name, data, join, listen, lan, replicas, pingIntervalMs, software } = await commonPlan(flags)
  return { network, name, data, join, listen, lan, replicas, pingIntervalMs, software, quotaBytes }
}

/** `500M`, `10 GiB`, or a number of bytes; a unit is 1024 of the one before. NaN where it is none. */
function bytesOf(given: string): number {
  const [, amount, unit = ''] = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmgt]?)(?:i?b)?$/.exec(given.trim().toLowerCase()) ?? []
  return amount === undefined ? Number.NaN : Math.floor(Number(amount) * 1024 ** ' kmgt'.indexOf(unit || ' '))
}

async function commonPlan(flags: Globals): Promise<PeerPlan> {
  const globals = withConfig(flags, homes().config)
  let network = globals.network
  const join: Address[] = []
  for (const given of globals.join) {
    const where = given === '-' ? await readTicket() : given.trim()
    if (given === '-' || looksLikeTicket(where)) {
      const ticket = acceptTicket(where, globals.network ?? null)
      if (network !== undefined && network !== ticket.network && join.length > 0)
        throw new UsageError('these tickets are of different networks: join one at a time')
      network = ticket.network
      join.push(...ticket.addresses)
    } else if (isAddress(where)) join.push(where)
    else throw new UsageError(`--join ${where}: neither host:port nor a ticket`)
  }
  for (const where of globals.listen)
    if (!isAddress(where) && !/^(\[[0-9a-fA-F:.]+\]|[\w.-]+):0$/.test(where))
      throw new UsageError(`--listen ${where}: not a host:port`)
  if (network !== undefined && !isNetworkName(network))
    throw new UsageError(`"${network}" is no name for a network: letters, digits, dot, dash, 32 at most`)
  const misnamed = globals.name === undefined ? null : namingFault(globals.name)
  if (misnamed !== null) throw new UsageError(misnamed)
  const replicas = globals.replicas ?? 4
  if (replicas < 1 || replicas > MAX_REPLICAS) throw new UsageError(`--replicas takes 1 to ${MAX_REPLICAS}`)
  const pingIntervalMs = globals.pingInterval ?? 500
  if (pingIntervalMs < 50 || pingIntervalMs > 60_000) throw new UsageError('--ping-interval takes 50 to 60000 ms')
  return {
    network: network ?? null,
    name: globals.name ?? null,
    data: globals.data ?? null,
    join,
    listen: globals.listen,
    lan: globals.lan,
    udp: globals.udp,
    replicas,
    mine: modeOf(globals.mine),
    pingIntervalMs,
    software: SOFTWARE,
  }
}

/** Remembers the ticket's network (under `as`, else its own name); answers the name it has here. */
export function acceptTicket(
  pasted: string,
  as: string | null,
): { readonly network: string; readonly addresses: readonly Address[] } {
  const ticket = decodeTicket(pasted)
  if (!ticket.ok) throw new UsageError(ticket.message)
  const { network, secret, addresses } = ticket.value
  const name = as ?? network
  if (!isNetworkName(name)) throw new OperationalError(`the ticket's network has no usable name: add --network <name>`)
  return { network: rememberNetwork(homes().config, name, secret), addresses }
}

function modeOf(word: string | undefined): MineMode {
  return word === 'always' || word === 'never' ? word : 'own'
}
