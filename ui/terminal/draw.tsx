/** Ink on a terminal that is already ours: it paints the session's models and reads the keys. */
import { type Instance, render } from 'ink'
import { App } from '../components/app.js'
import type { ConsoleSession } from '../session.js'
import { oneKeyAtATime } from './key-pieces.js'

/** Keys repaint faster than snapshots, but no faster than this. */
const MAX_FPS = 60
const HOME_AND_ERASE = '\u001b[H\u001b[J'

/** Answers how to end it, which restores the screen, the cursor and the line discipline. */
export function draw(
  session: ConsoleSession,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  failed: (error: unknown) => void,
): () => void {
  // the window may have changed while Ink was loaded
  session.resize({ columns: stdout.columns, rows: stdout.rows })
  const screen = render(<App session={session} />, {
    stdin: oneKeyAtATime(stdin),
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
  screen.waitUntilExit().catch(failed)
  const stopRepainting = repaintOnResize(session, screen, stdout)
  return () => {
    stopRepainting()
    screen.unmount()
  }
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
    session.resize({ columns: stdout.columns, rows: stdout.rows })
    screen.rerender(<App session={session} />)
  }
  stdout.prependListener('resize', repaint)
  process.on('SIGWINCH', repaint)
  return () => {
    stdout.off('resize', repaint)
    process.off('SIGWINCH', repaint)
  }
}
