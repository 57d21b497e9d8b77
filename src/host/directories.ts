/**
 * One state directory per running peer.
 * Invariant: a state directory belongs to one network for ever, and to one process at a time (see lock.ts).
 * The host's name is part of the path because home directories are shared between lab machines.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import type { Hash } from '../../wire/types.js'
import { errorCode, errorText, replaceFile } from './durable.js'
import { type Lock, lockDirectory } from './lock.js'

export { type Homes, homes, privateDirectory } from './homes.js'

/** State directories tried before giving up: more terminals than one user opens on one machine. */
const MAX_DIRECTORIES = 4096

export interface StateDirectory {
  readonly path: string
  readonly lock: Lock
}

/** Name and tag of the network that a state directory belongs to. */
export interface Belongs {
  readonly network: string
  readonly tag: Hash
}

/** Locks the directory that the user named. */
export function openStateDirectory(path: string): StateDirectory {
  makeDirectory(path)
  refuseOthers(path)
  const taken = take(path)
  if (taken.ok) return { path, lock: taken.lock }
  const { holder } = taken
  if (holder === null) throw new OperationalError(`${path} is just being taken by another peer: try again`)
  const where = holder.host === hostname() ? '' : ` on ${holder.host}`
  const way =
    where === ''
      ? 'quit that peer, or pick another directory with -d'
      : `pick another directory with -d, or remove ${taken.path} if that machine no longer runs it`
  throw new OperationalError(`${path} is in use by process ${holder.pid}${where}: ${way}`)
}

/** What lives in a state directory. */
export type Inhabitant = 'peer' | 'anchor'
/** A dedicated anchor has its tasks' directories here. */
export const ANCHOR_DIRECTORY = 'anchor'

/**
 * Locks the most recently used free directory of a network on this host, or a new one; the most recently used of those that
 * `suits`, if there is one. A peer never takes that of a dedicated anchor that is down for a while, nor the other way round:
 * each comes back as who it was.
 */
export function claimStateDirectory(
  dataHome: string,
  own: Belongs,
  as: Inhabitant = 'peer',
  suits: (path: string) => boolean = () => true,
): StateDirectory {
  const root = join(dataHome, own.network, hostname().replace(/[^A-Za-z0-9._-]/g, '_') || 'localhost')
  makeDirectory(root)
  const known = numbered(root)
  const rank = new Map(known.map(({ path }) => [path, suits(path) ? 0 : 1]))
  const before = (a: Numbered, b: Numbered): number =>
    (rank.get(a.path) ?? 0) - (rank.get(b.path) ?? 0) || b.usedMs - a.usedMs
  for (const { path } of [...known].sort(before)) {
    if ((existsSync(join(path, ANCHOR_DIRECTORY)) ? 'anchor' : 'peer') !== as) continue
    const bound = belongsTo(path)
    if (bound !== null && bound.tag !== own.tag) continue // its network's secret was replaced
    const taken = take(path)
    if (taken.ok) return { path, lock: taken.lock }
  }
  const used = new Set(known.map(({ number }) => number))
  for (let number = 1; number <= MAX_DIRECTORIES; number++) {
    if (used.has(number)) continue
    const path = join(root, String(number))
    makeDirectory(path)
    const taken = take(path)
    if (taken.ok) return { path, lock: taken.lock }
  }
  throw new OperationalError(`${root} holds ${MAX_DIRECTORIES} directories in use: quit some peers`)
}

/** The network that this directory belongs to; null for a new one. */
export function belongsTo(path: string): Belongs | null {
  const file = join(path, 'network.json')
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const { network, tag } = value as Record<string, unknown>
    if (typeof network !== 'string' || typeof tag !== 'string') throw new Error('incomplete')
    return { network, tag: tag as Hash }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw new OperationalError(
      `cannot read ${file} (${errorText(error)}): restore it, or pick another directory with -d`,
    )
  }
}

/** Makes a new directory a network's own; refuses one that belongs to another network. */
export function bindToNetwork(path: string, own: Belongs): void {
  const bound = belongsTo(path)
  if (bound === null) {
    // the caller holds the directory's lock: nobody else writes here
    replaceFile(join(path, 'network.json'), `${JSON.stringify(own)}\n`)
    return
  }
  if (bound.tag === own.tag) return
  const another = 'pick another directory with -d'
  throw new OperationalError(
    bound.network === own.network
      ? `${path} belongs to an older network called "${bound.network}", whose secret was replaced: ${another}`
      : `${path} belongs to the network "${bound.network}", not to "${own.network}": start it with --network ${bound.network}, or ${another}`,
  )
}

/** Marks a directory as just used, so that the next terminal prefers it. */
export function touch(path: string): void {
  const now = new Date()
  utimesSync(join(path, 'network.json'), now, now)
}

function take(path: string): ReturnType<typeof lockDirectory> {
  try {
    return lockDirectory(path)
  } catch (error) {
    throw new OperationalError(`cannot lock ${path}: ${errorText(error)}`)
  }
}

/** A directory that holds somebody's files is no state directory: ours would lie among them. */
function refuseOthers(path: string): void {
  const names = readdirSync(path)
  if (
    names.includes('network.json') ||
    names.includes('identity.pem') ||
    names.every((name) => name.startsWith('lock'))
  )
    return
  throw new OperationalError(`${path} holds other files and no peer of p2p-tui: pick a new or empty directory with -d`)
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new OperationalError(`cannot make ${path}: ${errorText(error)}`)
  }
}

interface Numbered {
  readonly number: number
  readonly path: string
  readonly usedMs: number
}

function numbered(root: string): readonly Numbered[] {
  return readdirSync(root)
    .filter((name) => /^[1-9]\d{0,3}$/.test(name))
    .map((name) => ({ number: Number(name), path: join(root, name), usedMs: usedAt(join(root, name)) }))
}

function usedAt(path: string): number {
  return statSync(join(path, 'network.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
