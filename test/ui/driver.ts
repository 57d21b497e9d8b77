// The real console on a scripted source: `driver.js '{"downloads":4}'`, with --plain for lines.
import { openConsole } from '../../ui/console.js'
import { openPlain } from '../../ui/plain.js'
import { type Script, ScriptedSource } from './scripted-source.js'

const script: Script = JSON.parse(process.argv[2] ?? '{}')
const source = new ScriptedSource(script)
const stop = new AbortController()
process.on('SIGUSR2', () => stop.abort(new Error('the disk is full: free some space and start again')))
process.on('SIGUSR1', () => source.say('no anchor answered: founded network "home"'))
const open = process.argv.includes('--plain') ? openPlain : openConsole
process.exit(await open(source, { stopped: stop.signal }))
