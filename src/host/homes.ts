/**
 * Where things live: XDG config, data and runtime homes.
 * Light on purpose (no database, no sockets, no cryptography): every command line call loads it.
 */
import { lstatSync, mkdirSync } from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { OperationalError } from '../../wire/errors.js'
import { errorText } from './error-text.js'

const APP = 'p2p-tui'

export interface Homes {
  readonly config: string
  readonly data: string
  readonly runtime: string
}

/** The three homes; `P2P_CONFIG_HOME` and its like win over `XDG_CONFIG_HOME` and its like. */
export function homes(environment: NodeJS.ProcessEnv = process.env): Homes {
  const pick = (word: string, otherwise: () => string): string => {
    const given = environment[`P2P_${word}`] || environment[`XDG_${word}`]
    return given ? resolve(given, APP) : otherwise()
  }
  return {
    config: pick('CONFIG_HOME', () => join(homedir(), '.config', APP)),
    data: pick('DATA_HOME', () => join(homedir(), '.local', 'share', APP)),
    runtime: environment.P2P_RUNTIME_HOME
      ? resolve(environment.P2P_RUNTIME_HOME, APP)
      : environment.XDG_RUNTIME_DIR
        ? resolve(environment.XDG_RUNTIME_DIR, APP)
        : join(tmpdir(), `${APP}-${userInfo().uid}`),
  }
}

/** Makes a directory that only this user may enter, and refuses one that somebody else made. */
export function privateDirectory(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const found = lstatSync(path)
    const uid = process.getuid?.() ?? found.uid
    if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) {
      throw new OperationalError(
        `${path} is not private to this user: remove it, or set P2P_RUNTIME_HOME to another place`,
      )
    }
    return path
  } catch (error) {
    if (error instanceof OperationalError) throw error
    throw new OperationalError(`cannot use ${path}: ${errorText(error)}`)
  }
}
