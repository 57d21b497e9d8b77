/** A person sees at once that something happens; Ink takes 100 ms to load and then paints over it. */
import { type Drawing, GIVE_SCREEN_BACK, sizeOf, TAKE_SCREEN } from './drawing.js'

const HOME = '\u001b[H'

/** Takes the terminal; `line` is what there is to see, as wide as asked for. */
export function paintFirst(
  line: (columns: number) => string,
  stdin: NodeJS.ReadStream,
  stdout: NodeJS.WriteStream,
): Drawing {
  const paint = (): void => {
    stdout.write(`${HOME}${line(sizeOf(stdout).columns)}${HOME}`)
  }
  const take = (): void => {
    stdin.setRawMode(true)
    stdout.write(TAKE_SCREEN)
    paint()
  }
  const giveBack = (): void => {
    stdout.write(GIVE_SCREEN_BACK)
    stdin.setRawMode(false)
  }
  take()
  return {
    suspend: async (meanwhile) => {
      giveBack()
      meanwhile()
      take()
    },
    repaint: paint,
    end: giveBack,
  }
}
