/** The console over a scripted network in a real terminal, which is closed whatever happens. */
import { Terminal, type TerminalOptions } from '../e2e/terminal.js'
import type { Script } from './scripted-source.js'

export const DRIVER = new URL('./driver.js', import.meta.url).pathname
/** All of the scripted network is on the screen, and the prompt takes keys. */
export const READY = /7 peers[\s\S]*: types a command/

export async function withTerminal(
  script: Script,
  run: (terminal: Terminal) => Promise<void>,
  options: TerminalOptions = {},
): Promise<void> {
  const terminal = new Terminal([DRIVER, JSON.stringify(script)], options)
  try {
    await run(terminal)
  } finally {
    await terminal.close()
  }
}

/** The same, once the console is ready. */
export function withConsole(
  run: (terminal: Terminal) => Promise<void>,
  options: TerminalOptions = {},
  script: Script = {},
): Promise<void> {
  return withTerminal(
    script,
    async (terminal) => {
      await terminal.until(READY)
      await run(terminal)
    },
    options,
  )
}
