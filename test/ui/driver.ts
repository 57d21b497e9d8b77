// The real console on a scripted source: `driver.js '{"downloads":4}'`, with --plain for lines.
import { appendFileSync } from 'node:fs'
import { historyFile } from '../../src/cli/history.js'
import { openConsole } from '../../ui/console.js'
import { openPlain } from '../../ui/plain.js'
import type { Painted } from '../../ui/source.js'
import type { Model } from '../../ui/state.js'
import { screenOf } from './screen.js'
import { type Script, ScriptedSource } from './scripted-source.js'

/** Tells the test what cannot be seen on the screen: the process id, and that the console gave an exit code back. */
function trace(line: string): void {
  if (process.env.TRACE !== undefined) appendFileSync(process.env.TRACE, `${line}\n`)
}

/** The end of a picture. */
const PAINTED = '\u001b[?2026l'

export interface Remark {
  /** `painted`: this picture was just written. `asked`: the test wants to know how the screen must look now. */
  readonly about: 'painted' | 'asked'
  /** As the views have it now; behind it what they had before the last key, which React may not have met yet. */
  readonly screens: readonly { readonly columns: number; readonly rows: number; readonly lines: readonly string[] }[]
}

/** Says into the output, unseen, how the views would have the screen at that place; see `Terminal.onRemark`. */
function remarkOnPictures(session: Painted): void {
  const write = process.stdout.write.bind(process.stdout)
  let now = session.model()
  let before: Model = now
  session.subscribe(() => {
    before = now
    now = session.model()
  })
  const remark = (about: Remark['about']) => {
    const wanted = about === 'asked' || before === now ? [now] : [now, before]
    const said: Remark = { about, screens: wanted.map((model) => ({ ...model.size, lines: screenOf(model) })) }
    write(`\u001b]7777;${Buffer.from(JSON.stringify(said)).toString('base64')}\u0007`)
  }
  process.stdout.write = (data: string | Uint8Array, ...rest: []) => {
    const going = write(data, ...rest)
    if (typeof data === 'string' && data.endsWith(PAINTED)) remark('painted')
    return going
  }
  process.on('SIGUSR1', () => remark('asked'))
}

const script: Script = JSON.parse(process.argv[2] ?? '{}')
const source = new ScriptedSource(script)
const stop = new AbortController()
const DISK_FULL = 'the disk is full: free some space and start again'
process.on('SIGUSR2', () => stop.abort(DISK_FULL))
const remarks = process.env.REMARKS === '1'
if (!remarks) process.on('SIGUSR1', () => source.say('no anchor answered: founded network "home"'))
if (script.stopped === true) stop.abort(DISK_FULL)
trace(`pid ${process.pid}`)
const open = process.argv.includes('--plain') ? openPlain : openConsole
const { HISTORY } = process.env
const exit = await open(source, {
  stopped: stop.signal,
  ...(HISTORY === undefined ? {} : { history: historyFile(HISTORY) }),
  ...(remarks ? { opened: remarkOnPictures } : {}),
})
trace(`exit ${exit} ${source.left}`)
process.exit(exit)
