/** The options of a library peer, checked (callers may write plain JavaScript) and turned into what the host starts. */
import { resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { isAddress } from '../../wire/field.js'
import type { Address } from '../../wire/types.js'
import type { MineMode } from '../api.js'
import { SOFTWARE } from '../cli/version.js'
import { FOLDER_MODES, type FolderMode } from '../folder-views.js'
import { type Homes, homes as usualHomes } from '../host/directories.js'
import type { FolderPlan, PeerPlan } from '../host/open-peer.js'
import { isNetworkName, rememberNetwork } from '../host/secret.js'
import { decodeTicket, looksLikeTicket, type Ticket } from '../membership/ticket.js'
import type { DataCriterion } from './data.js'

export type { Homes }

const MAX_REPLICAS = 16
const MODES: readonly string[] = ['own', 'always', 'never'] satisfies readonly MineMode[]

export interface PeerOptions {
  /** Name of the network; the data directory's own, else `home`, where absent. */
  readonly network?: string
  /** Name of the peer, remembered; the remembered one, else two words from its id, where absent. */
  readonly name?: string
  /** State directory; the most recently used free one where absent. */
  readonly data?: string
  /** Addresses (`host:port`) of peers, and tickets; kept trying. */
  readonly join?: string | readonly string[]
  /** More addresses to listen on, beside loopback; port 0 takes a free one. */
  readonly listen?: readonly string[]
  /** Listen on all addresses of this machine. */
  readonly lan?: boolean
  /** False where UDP must not be used. */
  readonly udp?: boolean
  /** Copies of a stored file; 4 where absent. */
  readonly replicas?: number
  /** Bytes of copies of stored files that this peer keeps; a tenth of the free disk, at most 10 GiB, where absent. */
  readonly quotaBytes?: number
  /** Directory or single file to share with all peers; `folder` in the state directory where absent; false: none. */
  readonly folder?: string | false
  /** 'both' where absent. */
  readonly folderMode?: FolderMode
  /** 'own' where absent: mine when there is something to mine. */
  readonly mine?: MineMode
  /** 500 where absent. */
  readonly pingIntervalMs?: number
  /** Answer the commands of this user's shells, as a console does. */
  readonly control?: boolean
  /** What `addData` lets in; the voting rule where absent. */
  readonly dataCriterion?: DataCriterion
  /** Where secrets, state and sockets live; this user's own places where absent. */
  readonly homes?: Homes
}

/** Throws OperationalError that names the option. */
export function planOf(options: PeerOptions): PeerPlan {
  const { listen = [], replicas = 4, quotaBytes = null } = options
  const { mine = 'own', pingIntervalMs = 500, homes = usualHomes() } = options
  const given = typeof options.join === 'string' ? [options.join] : (options.join ?? [])
  const { network, join } = destination(given, options.network ?? null, homes)
  for (const where of listen)
    check(isAddress(where.replace(/:0$/, ':1')), `listen: ${where} is no host:port (port 0 takes a free one)`)
  if (network !== null) check(isNetworkName(network), `network: "${network}" is no name for a network`)
  check(Number.isInteger(replicas) && replicas >= 1 && replicas <= MAX_REPLICAS, `replicas: 1 to ${MAX_REPLICAS}`)
  check(quotaBytes === null || (Number.isSafeInteger(quotaBytes) && quotaBytes >= 0), 'quotaBytes: bytes, 0 or more')
  check(MODES.includes(mine), `mine: one of ${MODES.join(', ')}`)
  check(pingIntervalMs >= 50 && pingIntervalMs <= 60_000, 'pingIntervalMs: 50 to 60000')
  return {
    network,
    name: options.name ?? null,
    data: options.data ?? null,
    join,
    listen,
    lan: options.lan === true,
    udp: options.udp !== false,
    replicas,
    quotaBytes,
    folder: folderOf(options),
    mine,
    pingIntervalMs,
    software: SOFTWARE,
    homes,
  }
}

function folderOf({ folder, folderMode = 'both' }: PeerOptions): FolderPlan | null {
  check(
    folder === undefined || folder === false || (typeof folder === 'string' && folder !== ''),
    'folder: a path, or false',
  )
  check(FOLDER_MODES.includes(folderMode), `folderMode: one of ${FOLDER_MODES.join(', ')}`)
  if (folder === false) return null
  return { path: folder === undefined ? null : resolve(folder), mode: folderMode }
}

/** What to dial for an address or a ticket of the network with this secret. */
export function addressesOf(where: string, secret: Uint8Array): readonly Address[] {
  if (!looksLikeTicket(where)) return [checkedAddress(where)]
  const ticket = readTicket(where)
  check(
    Buffer.from(secret).equals(ticket.secret),
    `that ticket is of another network ("${ticket.network}"): open another peer with Peer.open({ join: ticket })`,
  )
  check(ticket.addresses.length > 0, 'the ticket names no address: ask for a new one')
  return ticket.addresses
}

interface Destination {
  readonly network: string | null
  readonly join: readonly Address[]
}

/** A ticket's network is remembered, under `named` where given. */
function destination(given: readonly string[], named: string | null, homes: Homes): Destination {
  let network: string | null = null
  const join: Address[] = []
  for (const where of given) {
    if (!looksLikeTicket(where)) {
      join.push(checkedAddress(where))
      continue
    }
    const ticket = readTicket(where)
    const name = rememberNetwork(homes.config, named ?? ticket.network, ticket.secret)
    check(network === null || network === name, 'join: these tickets are of different networks')
    network = name
    join.push(...ticket.addresses)
  }
  return { network: network ?? named, join }
}

function readTicket(pasted: string): Ticket {
  const ticket = decodeTicket(pasted)
  if (!ticket.ok) throw new OperationalError(ticket.message)
  return ticket.value
}

function checkedAddress(where: string): Address {
  const address = where.trim()
  if (isAddress(address)) return address
  throw new OperationalError(`join: ${where} is neither host:port nor a ticket`)
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new OperationalError(message)
}
