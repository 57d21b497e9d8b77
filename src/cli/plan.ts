/** What to start: flags, config file and tickets become one plan, before anything is opened. */
import { resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type { Address } from '../../wire/types.js'
import type { AnchorPlan } from '../anchor/process/open-anchor.js'
import type { MineMode } from '../api.js'
import { FOLDER_MODES } from '../folder-views.js'
import { homes } from '../host/directories.js'
import { namingFault } from '../host/identity.js'
import type { FolderPlan, PeerPlan } from '../host/open-peer.js'
import { isNetworkName, rememberNetwork } from '../host/secret.js'
import { decodeTicket, looksLikeTicket } from '../membership/ticket.js'
import { parseSize } from './byte-size.js'
import { withConfig } from './config.js'
import type { Globals } from './parse.js'
import { readTicket } from './ticket-input.js'
import { SOFTWARE } from './version.js'

const MAX_REPLICAS = 16

/** A mistake in the words: exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a dedicated anchor is started with. */
export type AnchorOptions = Omit<AnchorPlan, 'entry'>

export async function anchorPlanOf(flags: Globals): Promise<AnchorOptions> {
  if (flags.mine !== undefined) throw new UsageError('a dedicated anchor mines nothing: leave --mine out')
  if (flags.plain) throw new UsageError('a dedicated anchor has no console: leave --plain out')
  if (typeof flags.folder === 'string' || flags.folderMode !== undefined)
    throw new UsageError('a dedicated anchor shares no folder: leave --folder and --folder-mode out')
  const { network, name, data, join, listen, lan, replicas, quotaBytes, pingIntervalMs, software } = await planOf(flags)
  return { network, name, data, join, listen, lan, replicas, quotaBytes, pingIntervalMs, software }
}

export async function planOf(flags: Globals): Promise<PeerPlan> {
  if (flags.folder === false && flags.folderMode !== undefined)
    throw new UsageError('--no-folder leaves nothing for --folder-mode: leave one of them out')
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
  const quotaBytes = globals.quota === undefined ? null : parseSize(globals.quota)
  if (globals.quota !== undefined && quotaBytes === null)
    throw new UsageError(`--quota takes a size such as 500M or 10G, not "${globals.quota}"`)
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
    quotaBytes,
    folder: folderOf(globals),
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

function folderOf({ folder, folderMode }: Globals): FolderPlan | null {
  if (folder === '') throw new UsageError('--folder takes a directory or a file, not an empty word')
  if (folder === false) return null
  const mode = FOLDER_MODES.find((one) => one === folderMode) ?? 'both'
  return { path: folder === undefined ? null : resolve(folder), mode }
}

function modeOf(word: string | undefined): MineMode {
  return word === 'always' || word === 'never' ? word : 'own'
}
