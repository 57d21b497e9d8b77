/**
 * The 32-byte secrets of this user's networks, one file each, mode 0600, in the config directory.
 * Invariant: two first starts agree on one secret, and a remembered secret is never overwritten.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { createFile, errorCode, errorText } from './durable.js'

export const DEFAULT_NETWORK = 'home'
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/
const SUFFIX = '.secret'

/** Whether this may be a network's name: it becomes a file and a directory name. */
export function isNetworkName(name: string): boolean {
  return NAME.test(name)
}

/** The secret of a network, made now if there is none. */
export function networkSecret(configDirectory: string, name: string): Uint8Array {
  const path = prepare(configDirectory, name)
  return attempt(path, () => read(path) ?? create(path, randomBytes(32)))
}

/** The secret of a network that was used or joined before; null when there is none. */
export function knownSecret(configDirectory: string, name: string): Uint8Array | null {
  const path = prepare(configDirectory, name)
  return attempt(path, () => read(path))
}

/**
 * Remembers a ticket's network and answers the name it has here: `name`, or the one it was remembered under before.
 * A different network of the same name is refused.
 */
export function rememberNetwork(configDirectory: string, name: string, secret: Uint8Array): string {
  const path = prepare(configDirectory, name)
  return attempt(path, () => {
    const kept = read(path)
    if (kept !== null && same(kept, secret)) return name
    const before = networkNames(configDirectory).find((other) => {
      const known = knownSecret(configDirectory, other)
      return known !== null && same(known, secret)
    })
    if (before !== undefined) return before
    if (kept === null && same(create(path, secret), secret)) return name
    throw new OperationalError(
      `you already have another network called "${name}"; join this one under a name of your own: --network <name>`,
    )
  })
}

/** Names of all remembered networks, in order. */
export function networkNames(configDirectory: string): readonly string[] {
  return readdirSync(folder(configDirectory))
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter(isNetworkName)
    .sort()
}

function folder(configDirectory: string): string {
  return join(configDirectory, 'networks')
}

function prepare(configDirectory: string, name: string): string {
  if (!isNetworkName(name)) {
    throw new OperationalError(`"${name}" is no network name: use 1 to 32 letters, digits, dots, dashes or underscores`)
  }
  const path = folder(configDirectory)
  attempt(path, () => mkdirSync(path, { recursive: true, mode: 0o700 }))
  return join(path, `${name}${SUFFIX}`)
}

/** Whoever comes second takes what the first one made. */
function create(path: string, secret: Uint8Array): Uint8Array {
  if (createFile(path, `${Buffer.from(secret).toString('hex')}\n`)) return secret
  const made = read(path)
  if (made === null) throw new OperationalError(`${path} was removed while it was made: start again`)
  return made
}

function read(path: string): Uint8Array | null {
  let content: string
  try {
    content = readFileSync(path, 'utf8').trim()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  }
  if (!/^[0-9a-f]{64}$/.test(content)) {
    throw new OperationalError(`${path} holds no network secret: restore it, or remove it to found a new network`)
  }
  return new Uint8Array(Buffer.from(content, 'hex'))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b)
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof OperationalError) throw error
    throw new OperationalError(`cannot use ${path}: ${errorText(error)}`)
  }
}
