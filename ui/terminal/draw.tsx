/** Ink on a terminal that is already ours: it paints the session's models and reads the keys. */
import { render, useApp } from 'ink'
import { useLayoutEffect } from 'react'
import { App } from '../components/app.js'
import type { ConsoleSession } from '../session.js'
import { type Drawing, sizeOf } from './drawing.js'
import { inkOutput } from './ink-output.js'
import { oneKeyAtATime } from './key-pieces.js'
import { Painter } from './painter.js'
import type { Suspend } from './stops.js'

/** Keys repaint faster than snapshots, but no faster than this. */
const MAX_FPS = 60

export function draw(
  session: ConsoleSession,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
  failed: (error: unknown) => void,
): Drawing {
  // the window may have changed while Ink was loaded
  session.resize(sizeOf(stdout))
  const painter = new Painter((bytes) => stdout.write(bytes))
  let suspend: Suspend = async () => undefined
  const screen = render(
    <>
      <App session={session} />
      <Suspender
        take={(how) => {
          suspend = how
        }}
      />
    </>,
    {
      stdin: oneKeyAtATime(stdin),
      stdout: inkOutput(stdout, painter, () => sizeOf(stdout)),
      exitOnCtrlC: false,
      patchConsole: false,
      alternateScreen: true,
      maxFps: MAX_FPS,
      // a terminal in CI is one nevertheless
      interactive: true,
    },
  )
  // a view that throws ends Ink's tree
  screen.waitUntilExit().catch(failed)
  const repaint = () => {
    painter.forget()
    session.resize(sizeOf(stdout))
    // where the size changed, Ink is about to make a picture that fits
    painter.repaint(sizeOf(stdout))
  }
  const stopRepainting = repaintOnResize(repaint, stdout)
  return {
    // Ink sets the line discipline only where a component has asked for keys already
    suspend: (meanwhile) =>
      suspend(() => {
        stdin.setRawMode(false)
        meanwhile()
        stdin.setRawMode(true)
      }),
    repaint,
    end: () => {
      stopRepainting()
      screen.unmount()
      stdin.setRawMode(false)
    },
  }
}

/** Ink tells only components how to hand the terminal over for a while. */
function Suspender({ take }: { readonly take: (suspend: Suspend) => void }) {
  const { suspendTerminal } = useApp()
  useLayoutEffect(() => take(suspendTerminal), [take, suspendTerminal])
  return null
}

/** Two quick resizes that end at the old size make no 'resize' event, but the signal comes. */
function repaintOnResize(repaint: () => void, stdout: NodeJS.WriteStream): () => void {
  stdout.on('resize', repaint)
  process.on('SIGWINCH', repaint)
  return () => {
    stdout.off('resize', repaint)
    process.off('SIGWINCH', repaint)
  }
}
