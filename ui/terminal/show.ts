/**
 * Opens the console on a terminal and gives the terminal back on every way out. Invariant: from the first byte on, every
 * signal and crash comes through `Ending`; then the screen, the cursor and the line discipline are restored before anything
 * is printed.
 */
import { loadCharts } from '../charts/charts.js'
import { lookOf } from '../look.js'
import { ConsoleSession } from '../session.js'
import type { ConsoleOptions, ConsoleSource } from '../source.js'
import { headerLine } from '../views/header.js'
import { wantsCharts } from '../views/screen.js'
import type { Drawing } from './draw.js'
import { Ending } from './ending.js'
import { watchExits } from './exits.js'
import { catchStrayOutput } from './stray-output.js'

/** After the first paint, which loading them would delay. */
const CHARTS_AFTER_MS = 300
const TAKE_SCREEN = '\u001b[?1049h\u001b[?25l\u001b[H'
const HOME = '\u001b[H'
const GIVE_SCREEN_BACK = '\u001b[?1049l\u001b[?25h'

export async function show(source: ConsoleSource, options: ConsoleOptions): Promise<number> {
  const {
    stdin = process.stdin,
    stdout = process.stdout,
    stderr = process.stderr,
    env = process.env,
    history,
  } = options
  const ending = new Ending()
  let drawing: Drawing | null = null
  const session = new ConsoleSession(source, {
    look: lookOf(env),
    size: sizeOf(stdout),
    left: (exit, reason) => ending.come(exit, reason),
    wished: (wish) => drawing?.grant(wish),
    ...(history === undefined ? {} : { history }),
  })
  const unwatch = watchExits({ asked: () => session.leave(false), crashed: (error) => ending.crash(error) }, [
    stdin,
    stdout,
  ])
  options.stopped?.addEventListener('abort', () => {
    ending.stopped(options.stopped?.reason, session.model().ui.leaving)
  })
  const giveBack = catchStrayOutput((line) => session.overheard(line))
  paintFirst(session, stdin, stdout)
  drawing = await drawWithInk(session, stdin, stdout, ending)
  const stopCharts = loadChartsWhenShown(session)

  const { exit, reason } = await ending.came
  stopCharts()
  session.close()
  drawing.end()
  giveBack()
  unwatch()
  if (reason !== '') stderr.write(`p2p-tui: ${reason}\n`)
  return exit
}

const sizeOf = ({ columns = 80, rows = 24 }: NodeJS.WriteStream) => ({ columns, rows })

/** A person sees at once that something happens; Ink takes 100 ms to load and then paints over it. */
function paintFirst(session: ConsoleSession, stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream): void {
  const model = session.model()
  stdin.setRawMode(true)
  stdout.write(`${TAKE_SCREEN}${headerLine(model, model.size.columns)}${HOME}`)
}

/** Its end restores the terminal. */
async function drawWithInk(
  session: ConsoleSession,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  ending: Ending,
): Promise<Drawing> {
  try {
    const { draw } = await import('./draw.js')
    return draw(session, stdin, stdout, (error) => ending.crash(error))
  } catch (error) {
    ending.crash(error)
    return {
      grant: () => undefined,
      end: () => {
        stdin.setRawMode(false)
        stdout.write(GIVE_SCREEN_BACK)
      },
    }
  }
}

/** blessed-contrib takes 100 ms to load: only where there is room for a chart, and never before the first paint. */
function loadChartsWhenShown(session: ConsoleSession): () => void {
  let timer: NodeJS.Timeout | null = null
  const load = () => {
    unsubscribe()
    try {
      session.setCharts({ kind: 'ready', charts: loadCharts() })
    } catch (error) {
      const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
      session.setCharts({ kind: 'missing', reason })
    }
  }
  const look = () => {
    if (timer === null && wantsCharts(session.model())) timer = setTimeout(load, CHARTS_AFTER_MS)
  }
  const unsubscribe = session.subscribe(look)
  look()
  return () => {
    unsubscribe()
    if (timer !== null) clearTimeout(timer)
  }
}
