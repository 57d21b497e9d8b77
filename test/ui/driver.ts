// The real console on a scripted source: `driver.js '{"downloads":4}'`, with --plain for lines.
import { appendFileSync } from 'node:fs'
import { historyFile } from '../../src/cli/history.js'
import { openConsole } from '../../ui/console.js'
import { openPlain } from '../../ui/plain.js'
import { type Script, ScriptedSource } from './scripted-source.js'

/** Tells the test what cannot be seen on the screen: the process id, and that the console gave an exit code back. */
function trace(line: string): void {
  if (process.env.TRACE !== undefined) appendFileSync(process.env.TRACE, `${line}\n`)
}

const script: Script = JSON.parse(process.argv[2] ?? '{}')
const source = new ScriptedSource(script)
const stop = new AbortController()
process.on('SIGUSR2', () => stop.abort('the disk is full: free some space and start again'))
process.on('SIGUSR1', () => source.say('no anchor answered: founded network "home"'))
trace(`pid ${process.pid}`)
const open = process.argv.includes('--plain') ? openPlain : openConsole
const { HISTORY } = process.env
const history = HISTORY === undefined ? {} : { history: historyFile(HISTORY) }
const exit = await open(source, { stopped: stop.signal, ...history })
trace(`exit ${exit}`)
process.exit(exit)
