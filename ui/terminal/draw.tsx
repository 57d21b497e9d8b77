/** Ink on a terminal that is already ours: it paints the session's models and reads the keys. */
import { render, useApp } from 'ink'
import { useEffect } from 'react'
import { App } from '../components/app.js'
import type { TerminalWish } from '../input/step.js'
import type { ConsoleSession } from '../session.js'
import { oneKeyAtATime } from './key-pieces.js'
import { type Suspend, watchStops } from './stops.js'

/** Keys repaint faster than snapshots, but no faster than this. */
const MAX_FPS = 60
const HOME_AND_ERASE = '\u001b[H\u001b[J'

export interface Drawing {
  grant(wish: TerminalWish): void
  /** Restores the screen, the cursor and the line discipline. */
  end(): void
}

export function draw(
  session: ConsoleSession,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  failed: (error: unknown) => void,
): Drawing {
  // the window may have changed while Ink was loaded
  session.resize({ columns: stdout.columns, rows: stdout.rows })
  let suspend: Suspend = async () => undefined
  const tree = (
    <>
      <App session={session} />
      <Suspender
        take={(how) => {
          suspend = how
        }}
      />
    </>
  )
  const screen = render(tree, {
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
  const repaint = () => {
    screen.clear()
    stdout.write(HOME_AND_ERASE)
    session.resize({ columns: stdout.columns, rows: stdout.rows })
    screen.rerender(tree)
  }
  const stopRepainting = repaintOnResize(repaint, stdout)
  const stops = watchStops((meanwhile) => suspend(meanwhile), repaint, failed)
  return {
    grant: (wish) => {
      if (wish.do === 'suspend') stops.stop()
      else if (wish.do === 'repaint') repaint()
      else stdout.write(copying(wish.text))
    },
    end: () => {
      stops.unwatch()
      stopRepainting()
      screen.unmount()
    },
  }
}

/** OSC 52 of xterm's ctlseqs: works over ssh, and through a tmux that allows it. */
const copying = (text: string) => `\u001b]52;c;${Buffer.from(text).toString('base64')}\u0007`

/** Ink tells only components how to hand the terminal over for a while. */
function Suspender({ take }: { readonly take: (suspend: Suspend) => void }) {
  const { suspendTerminal } = useApp()
  useEffect(() => take(suspendTerminal), [take, suspendTerminal])
  return null
}

/**
 * Ink moves the cursor relative to its last frame and leaves lines alone that did not change; a terminal that was resized has
 * neither where they were. So every resize draws the whole screen from its first cell, before Ink looks at the old frame.
 * Two quick resizes that end at the old size make no 'resize' event, but the signal comes.
 */
function repaintOnResize(repaint: () => void, stdout: NodeJS.WriteStream): () => void {
  stdout.prependListener('resize', repaint)
  process.on('SIGWINCH', repaint)
  return () => {
    stdout.off('resize', repaint)
    process.off('SIGWINCH', repaint)
  }
}
