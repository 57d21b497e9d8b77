/** The console of a peer that runs elsewhere. Leaving it leaves the peer as it is; the peer's end closes it. */
import { openConsole } from '../../ui/console.js'
import { framesPerSecond } from '../../ui/layout.js'
import { openPlain } from '../../ui/plain.js'
import type { RunningEntry } from '../host/running.js'
import { historyFile } from './history.js'
import { EXIT } from './outcome.js'
import { RemoteSource, stopWords } from './remote-source.js'

export async function runAttach(entry: RunningEntry, plain: boolean): Promise<number> {
  const stopped = new AbortController()
  const source = new RemoteSource(entry, {
    everyMs: () => 1000 / framesPerSecond({ columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 }),
    ended: (reason) => stopped.abort(reason),
  })
  const options = { stopped: stopped.signal, history: historyFile() }
  const exit = await (plain ? openPlain(source, options) : openConsole(source, options))
  await source.quit(false)
  // the terminal may be gone; that is no failure any more
  process.stderr.on('error', () => undefined)
  if (exit === EXIT.done) process.stderr.write(`detached; ${entry.name} goes on (${stopWords(entry)} stops it)\n`)
  return exit
}
