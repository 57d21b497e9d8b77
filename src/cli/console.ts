/**
 * A peer with its console in one process. The console paints first; the peer is loaded and opened behind it, and
 * whatever ends the peer (quit, a signal, a full disk) closes the console with the reason.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsoleOptions, HistoryFile } from '../../ui/source.js'
import { OperationalError } from '../../wire/errors.js'
import { homes } from '../host/directories.js'
import type { OpenPeer, PeerPlan } from '../host/open-peer.js'
import { LocalSource } from './local-source.js'

const HISTORY_LINES = 500

export async function runConsole(plan: PeerPlan, plain: boolean): Promise<number> {
  const stopped = new AbortController()
  let opened: OpenPeer | null = null
  let closeCommands: () => Promise<void> = async () => {}
  let leaving = false
  const source = new LocalSource(async (abrupt) => {
    leaving = true
    if (opened === null) return
    opened.quit(abrupt)
    await opened.ended
  })
  const start = async (): Promise<void> => {
    const [{ openPeer }, { serveCommands }, { hostOf }] = await Promise.all([
      import('../host/open-peer.js'),
      import('./serve.js'),
      import('./command-host.js'),
    ])
    if (leaving) return
    opened = await openPeer(plan, { onLog: () => source.touched(), fullScreen: !plain })
    void opened.ended.then((end) => stopped.abort(end.reason ?? ''))
    closeCommands = await serveCommands(opened)
    if (leaving) opened.quit(false)
    else source.attach(hostOf(opened))
  }
  const options: ConsoleOptions = { stopped: stopped.signal, history: historyFile() }
  const closed = plain
    ? (await import('../../ui/plain.js')).openPlain(source, options)
    : (await import('../../ui/console.js')).openConsole(source, options)
  const starting = start().catch((error: unknown) => {
    stopped.abort(error instanceof OperationalError ? error.message : error)
  })
  const exit = await closed
  await starting
  await closeCommands()
  return exit
}

/** Command lines of earlier consoles, kept in the config directory; tickets never get there. */
function historyFile(): HistoryFile {
  const folder = homes().config
  const path = join(folder, 'history')
  let lines: readonly string[] = []
  try {
    lines = readFileSync(path, 'utf8').split('\n').filter(Boolean).slice(-HISTORY_LINES)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  return {
    lines,
    append: (line) => {
      if (/p2p1/i.test(line)) return
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      appendFileSync(path, `${line}\n`, { mode: 0o600 })
    },
  }
}
