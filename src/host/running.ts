/**
 * The runtime directory read: one entry per running peer of this user.
 * Invariant: an entry whose process is gone is never answered, and is removed by whoever meets it.
 * Light on purpose (no database, no sockets, no cryptography): every command line call loads it.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAddress } from '../../wire/field.js'
import type { Address, Hash, PeerId } from '../../wire/types.js'
import { errorCode } from './error-text.js'
import { privateDirectory } from './homes.js'
import { lifeOf, readMark } from './process-mark.js'

/** How the files of the entries end. */
export const SUFFIX = '.peer.json'

export interface RunningEntry {
  readonly pid: number
  readonly id: PeerId
  readonly name: string
  /** Where it listens; null until it does. */
  readonly address: Address | null
  readonly network: string
  readonly tag: Hash
  /** Its state directory. */
  readonly data: string
  /** Path of its control socket. */
  readonly socket: string
  /** A dedicated anchor. */
  readonly isAnchor: boolean
}

/** All running peers of this user on this machine, in order of their names. */
export function runningPeers(runtimeHome: string): readonly RunningEntry[] {
  const peers: RunningEntry[] = []
  for (const file of readdirSync(privateDirectory(runtimeHome))) {
    if (!file.endsWith(SUFFIX)) continue
    const path = join(runtimeHome, file)
    const found = readEntry(path)
    if (found === 'half') continue
    if (found === 'stale') rmSync(path, { force: true })
    else peers.push(found)
  }
  return peers.sort((a, b) => (a.name === b.name ? (a.id < b.id ? -1 : 1) : a.name < b.name ? -1 : 1))
}

/** 'half': gone since the directory was read, or not ours to judge. */
function readEntry(path: string): RunningEntry | 'stale' | 'half' {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'half'
    throw error
  }
  const parsed = parse(text)
  if (parsed === null) return 'stale'
  const { mark, entry } = parsed
  const life = lifeOf(mark)
  if (life === 'elsewhere') return 'half'
  return life === 'alive' ? entry : 'stale'
}

function parse(text: string): { mark: NonNullable<ReturnType<typeof readMark>>; entry: RunningEntry } | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null // cut short by a power failure
  }
  if (typeof value !== 'object' || value === null) return null
  const { mark, pid, id, name, address, network, tag, data, socket, isAnchor } = value as Record<string, unknown>
  const process = readMark(mark)
  const isText = (item: unknown): item is string => typeof item === 'string'
  if (process === null || typeof pid !== 'number') return null
  if (!isText(id) || !isText(name) || !isText(network) || !isText(tag) || !isText(data) || !isText(socket)) return null
  const where = isText(address) && isAddress(address) ? address : null
  return {
    mark: process,
    entry: {
      pid,
      id: id as PeerId,
      name,
      address: where,
      network,
      tag: tag as Hash,
      data,
      socket,
      isAnchor: isAnchor === true,
    },
  }
}
