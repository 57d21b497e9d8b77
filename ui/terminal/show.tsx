/**
 * Opens the console on a terminal and gives the terminal back on every way out. Invariant: `close` runs once and first of
 * all restores the screen, the cursor and the line discipline; only then is anything printed.
 */
import { type Instance, render } from 'ink'
import { loadCharts } from '../charts/charts.js'
import { App } from '../components/app.js'
import { shows } from '../layout.js'
import { lookOf } from '../look.js'
import { ConsoleSession } from '../session.js'
import type { ConsoleOptions, ConsoleSource } from '../source.js'
import { layoutFor } from '../views/screen.js'
import { Ending } from './ending.js'
import { watchExits } from './exits.js'
import { catchStrayOutput } from './stray-output.js'

/** Keys repaint faster than snapshots, but no faster than this. */
const MAX_FPS = 30
const HOME_AND_ERASE = '\u001b[H\u001b[J'
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
    ...(history === undefined ? {} : { history }),
  })
  const unwatch = watchExits(
    {
      asked: () => session.leave(false),
      crashed: (error) => ending.crash(error),
    },
    [stdin, stdout],
  )
  const giveBack = catchStrayOutput((line) => session.overheard(line))
  options.stopped?.addEventListener('abort', () => {
    ending.stopped(options.stopped?.reason, session.model().ui.leaving)
  })
  const screen = render(<App session={session} />, {
    stdin,
    stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    incrementalRendering: true,
    maxFps: MAX_FPS,
    // a terminal in CI is one nevertheless
    interactive: true,
  })
  // a view that throws ends Ink's tree
  screen.waitUntilExit().catch((error: unknown) => ending.crash(error))
  const stopRepainting = repaintOnResize(session, screen, stdout)
  const stopCharts = loadChartsWhenShown(session)

  const { exit, reason } = await ending.came
  stopCharts()
  stopRepainting()
  session.close()
  screen.unmount()
  giveBack()
  unwatch()
  if (reason !== '') stderr.write(`p2p-tui: ${reason}\n`)
  return exit
}

/**
 * Ink moves the cursor relative to its last frame and leaves lines alone that did not change; a terminal that was resized has
 * neither where they were. So every resize draws the whole screen from its first cell, before Ink looks at the old frame.
 * Two quick resizes that end at the old size make no 'resize' event, but the signal comes.
 */
function repaintOnResize(session: ConsoleSession, screen: Instance, stdout: NodeJS.WriteStream): () => void {
  const repaint = () => {
    screen.clear()
    stdout.write(HOME_AND_ERASE)
    session.resize(sizeOf(stdout))
    screen.rerender(<App session={session} />)
  }
  stdout.prependListener('resize', repaint)
  process.on('SIGWINCH', repaint)
  return () => {
    stdout.off('resize', repaint)
    process.off('SIGWINCH', repaint)
  }
}

const sizeOf = ({ columns = 80, rows = 24 }: NodeJS.WriteStream) => ({ columns, rows })

/** blessed-contrib takes 100 ms to load: only where there is room for a chart, and never before the first paint. */
function loadChartsWhenShown(session: ConsoleSession): () => void {
  let timer: NodeJS.Timeout | null = null
  const load = () => {
    unsubscribe()
    try {
      session.setCharts({ kind: 'ready', charts: loadCharts() })
    } catch (error) {
      session.setCharts({
        kind: 'missing',
        reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      })
    }
  }
  const look = () => {
    if (timer === null && shows(layoutFor(session.model()), 'rates')) timer = setTimeout(load, CHARTS_AFTER_MS)
  }
  const unsubscribe = session.subscribe(look)
  look()
  return () => {
    unsubscribe()
    if (timer !== null) clearTimeout(timer)
  }
}
