/**
 * Opens the console on a terminal and gives the terminal back on every way out. Invariant: from the first byte on, every
 * signal and crash comes through `Ending`, and every stop through whoever holds the terminal; then the screen, the cursor
 * and the line discipline are restored before anything is printed.
 */
import { loadCharts } from '../charts/charts.js'
import type { TerminalWish } from '../input/step.js'
import { lookOf } from '../look.js'
import { ConsoleSession } from '../session.js'
import type { ConsoleOptions, ConsoleSource } from '../source.js'
import { headerLine } from '../views/header.js'
import { wantsCharts } from '../views/screen.js'
import { type Drawing, sizeOf } from './drawing.js'
import { Ending } from './ending.js'
import { watchExits } from './exits.js'
import { paintFirst } from './first-paint.js'
import { watchStops } from './stops.js'
import { catchStrayOutput } from './stray-output.js'

/** After the first paint, which loading them would delay. */
const CHARTS_AFTER_MS = 300

export async function show(source: ConsoleSource, options: ConsoleOptions): Promise<number> {
  const {
    stdin = process.stdin,
    stdout = process.stdout,
    stderr = process.stderr,
    env = process.env,
    history,
  } = options
  const ending = new Ending()
  const session = new ConsoleSession(source, {
    look: lookOf(env),
    size: sizeOf(stdout),
    left: (exit, reason) => ending.come(exit, reason),
    wished: (wish) => grant(wish),
    ...(history === undefined ? {} : { history }),
  })
  options.opened?.(session)
  const crashed = (error: unknown) => ending.crash(error)
  const unwatch = watchExits({ asked: () => session.leave(false), crashed }, [stdin, stdout])
  ending.follow(options.stopped, () => session.model().ui.leaving)
  const giveBack = catchStrayOutput((line) => session.overheard(line))
  const stops = watchStops((meanwhile) => drawing.suspend(meanwhile).then(() => drawing.repaint()), crashed)
  let drawing = paintFirst((columns) => headerLine(session.model(), columns), stdin, stdout)
  const grant = (wish: TerminalWish): void => {
    if (wish.do === 'suspend') stops.stop()
    else if (wish.do === 'repaint') drawing.repaint()
    else stdout.write(copying(wish.text))
  }
  drawing = await drawWithInk(drawing, session, stdin, stdout, crashed)
  const stopCharts = loadChartsWhenShown(session)

  const { exit, reason } = await ending.came
  stopCharts()
  session.close()
  stops.unwatch()
  drawing.end()
  giveBack()
  unwatch()
  if (reason !== '') stderr.write(`p2p-tui: ${reason}\n`)
  return exit
}

/** OSC 52 of xterm's ctlseqs: works over ssh, and through a tmux that allows it. */
const copying = (text: string) => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`

/** Where Ink cannot be loaded, the first paint keeps the terminal until the end, which has come. */
async function drawWithInk(
  first: Drawing,
  session: ConsoleSession,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  crashed: (error: unknown) => void,
): Promise<Drawing> {
  try {
    const { draw } = await import('./draw.js')
    return draw(session, stdin, stdout, crashed)
  } catch (error) {
    crashed(error)
    return first
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
