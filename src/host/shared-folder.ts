/**
 * Where the shared folder lies, and where it may not. Invariant: neither this peer's secrets and keys nor those of another
 * peer of this user are ever below what is shared, whatever links lead there.
 */
import { readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { replaceFile } from './durable.js'
import { errorCode, errorText } from './error-text.js'
import type { Homes } from './homes.js'

const USUAL_NAME = 'folder'
/** In a state directory: which folder its index speaks of. */
const LAST = 'folder-path'

/** The folder, or the one file: `wanted`, null: the usual one. Throws OperationalError that says what to do. */
export function sharedFolder(wanted: string | null, stateDirectory: string, homes: Homes): string {
  const usual = join(resolve(stateDirectory), USUAL_NAME)
  if (wanted === null) return usual
  const place = realPlace(wanted)
  if (isWithin(place, realPlace(usual))) return wanted
  for (const [own, name] of [
    [stateDirectory, 'the state of this peer'],
    [homes.data, 'the state of your peers'],
    [homes.config, 'the secrets of your networks'],
    [homes.runtime, 'the sockets of your peers'],
  ] as const) {
    const real = realPlace(own)
    const how = isWithin(real, place) ? 'holds' : isWithin(place, real) ? 'lies in' : null
    if (how !== null) throw new OperationalError(`--folder ${wanted} ${how} ${name} (${own}): pick another directory`)
  }
  return wanted
}

/** Notes that this folder is the one that was opened for this peer. */
export function rememberShared(stateDirectory: string, root: string): void {
  if (lastShared(stateDirectory) !== root) replaceFile(join(stateDirectory, LAST), `${root}\n`)
}

/** Whether a peer shared this folder last, or none yet; null: the usual one. */
export function sharedLast(stateDirectory: string, wanted: string | null): boolean {
  const last = lastShared(stateDirectory)
  return last === null || last === (wanted === null ? join(resolve(stateDirectory), USUAL_NAME) : resolve(wanted))
}

function lastShared(stateDirectory: string): string | null {
  try {
    return readFileSync(join(stateDirectory, LAST), 'utf8').trimEnd()
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null
    throw new OperationalError(`cannot read ${join(stateDirectory, LAST)}: ${errorText(error)}`)
  }
}

/** With no link in it, as far as it is there. */
function realPlace(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    const above = dirname(path)
    if (errorCode(error) === 'ENOENT' && above !== path) return join(realPlace(above), basename(path))
    throw new OperationalError(`--folder ${path}: ${errorText(error)}`)
  }
}

/** Whether `inner` is `outer` or lies below it. */
function isWithin(inner: string, outer: string): boolean {
  const way = relative(outer, inner)
  return way !== '..' && !way.startsWith(`..${sep}`)
}
