/** How long it takes from a key to the screen that shows it. */
import type { Terminal } from '../../test/e2e/terminal.js'

const LINE = 60
const LETTERS = 'abcdefghij'

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Types into the prompt of a console that is ready, at an uneven pace; milliseconds of each key. */
export async function keyEchoes(terminal: Terminal, keys: number): Promise<readonly number[]> {
  const echoes: number[] = []
  terminal.type(':')
  await terminal.until(/Enter run/)
  let typed = ''
  for (let key = 0; key < keys; key++) {
    if (typed.length === LINE) {
      terminal.type('\u0015')
      typed = ''
      await terminal.until((screen) => screen.trimEnd().endsWith('❯'))
    }
    await wait(15 + ((key * 37) % 50))
    const letter = LETTERS[key % LETTERS.length] ?? ''
    typed += letter
    const wanted = `❯ ${typed}`
    const started = performance.now()
    terminal.type(letter)
    await terminal.until((screen) => screen.includes(wanted))
    echoes.push(performance.now() - started)
  }
  return echoes
}

const FRAMES_PER_SECOND = 10

/** What the pictures in this output would cost at ten a second. */
export function bytesPerSecond(output: string): number {
  const frames = output.split('\u001b[?2026h').length - 1
  return (Buffer.byteLength(output) / Math.max(1, frames)) * FRAMES_PER_SECOND
}
