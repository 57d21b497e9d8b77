/**
 * A peer with its console in one process. The console paints first; the peer is loaded and opened behind it, and
 * whatever ends the peer (quit, a signal, a full disk) closes the console with the reason. An abrupt end does so, too:
 * the terminal is given back, and then the process is gone with all that the peer had still to say.
 */
import type { ConsoleOptions } from '../../ui/source.js'
import { OperationalError } from '../../wire/errors.js'
import type { OpenPeer, PeerPlan } from '../host/open-peer.js'
import { historyFile } from './history.js'
import { LocalSource } from './local-source.js'

/** A terminal that takes longer than this to be given back is gone itself. */
const VANISH_MS = 1000

export async function runConsole(plan: PeerPlan, plain: boolean): Promise<number> {
  const stopped = new AbortController()
  let opened: OpenPeer | null = null
  let closeCommands: () => Promise<void> = async () => {}
  let leaving = false
  let leftAt = Number.POSITIVE_INFINITY
  const vanish = (): void => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), VANISH_MS).unref()
    stopped.abort('')
    void closed.then((exit) => process.exit(exit))
  }
  const source = new LocalSource(async (abrupt) => {
    leaving = true
    leftAt = Date.now()
    if (abrupt && opened === null) vanish()
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
    opened = await openPeer(plan, { fullScreen: !plain, vanish })
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
  if (!plain) tellWhatCameLast(opened, leftAt)
  return exit
}

/** Warnings of the departure, such as files that are nowhere else: the screen on which they would stand is gone. */
function tellWhatCameLast(opened: OpenPeer | null, since: number): void {
  for (const { time, level, text } of opened?.log() ?? [])
    if (time >= since && (level === 'warn' || level === 'error')) process.stderr.write(`p2p-tui: ${text}\n`)
}
