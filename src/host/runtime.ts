/** This peer's entry in the runtime directory, so that commands and other peers find it (see running.ts). */
import { rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import type { PeerId } from '../../wire/types.js'
import { replaceFile } from './durable.js'
import { privateDirectory } from './homes.js'
import { ownMark } from './process-mark.js'
import { type RunningEntry, SUFFIX } from './running.js'

export { type RunningEntry, runningPeers } from './running.js'

/** sun_path of macOS; Linux has 108. */
const MAX_SOCKET_PATH_BYTES = 103

export interface Announcement {
  readonly entry: RunningEntry
  update(change: Partial<Pick<RunningEntry, 'address' | 'name'>>): void
  /** Takes the entry and the socket away. */
  remove(): void
}

/** Writes the entry of the peer that this process is, which listens nowhere yet; `remove` it at the end. */
export function announceThis(
  runtimeHome: string,
  peer: Omit<RunningEntry, 'pid' | 'address' | 'socket'>,
): Announcement {
  const socket = socketPath(runtimeHome, peer.id)
  return announce(runtimeHome, { ...peer, pid: process.pid, address: null, socket })
}

/** Writes a peer's entry; `remove` it at the end. */
export function announce(runtimeHome: string, first: RunningEntry): Announcement {
  const path = join(runtimeHome, `${first.id}${SUFFIX}`)
  let entry = first
  let removed = false
  const write = (): void => {
    privateDirectory(runtimeHome) // temporary directories are swept now and then
    replaceFile(path, `${JSON.stringify({ ...entry, mark: ownMark() })}\n`)
  }
  write()
  return {
    get entry() {
      return entry
    },
    update: (change) => {
      if (removed) return
      entry = { ...entry, ...change }
      write()
    },
    remove: () => {
      removed = true
      rmSync(path, { force: true })
      rmSync(entry.socket, { force: true })
    },
  }
}

/** A path short enough for a Unix socket: in the runtime directory, or in a private one beside the temporary files. */
export function socketPath(runtimeHome: string, id: PeerId): string {
  const name = `${id.slice(0, 16)}.sock`
  const path = join(privateDirectory(runtimeHome), name)
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return path
  const inTemp = join(tmpdir(), `p2p-tui-${userInfo().uid}`)
  const short =
    Buffer.byteLength(join(inTemp, name)) <= MAX_SOCKET_PATH_BYTES ? inTemp : `/tmp/p2p-tui-${userInfo().uid}`
  return join(privateDirectory(short), name)
}
