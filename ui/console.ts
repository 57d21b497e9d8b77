/**
 * The way into the console. Kept light: the screen is taken and its first frame painted by plain writes, then Ink and React
 * come by a dynamic import, after NODE_ENV is set, since React decides by it at load time which of its builds it is.
 */
import type { ConsoleOptions, ConsoleSource } from './source.js'

/**
 * Opens the full-screen console, or plain lines where there is no terminal to draw on. Resolves with the exit code after
 * the terminal is as it was; the caller ends the process.
 */
export async function openConsole(source: ConsoleSource, options: ConsoleOptions = {}): Promise<number> {
  if (!canDraw(options)) return (await import('./plain.js')).openPlain(source, options)
  if (process.env.NODE_ENV === undefined) Object.assign(process.env, { NODE_ENV: 'production' })
  return (await import('./terminal/show.js')).show(source, options)
}

function canDraw({ stdin = process.stdin, stdout = process.stdout, env = process.env }: ConsoleOptions): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && env.TERM !== 'dumb' && env.INK_SCREEN_READER !== 'true'
}
