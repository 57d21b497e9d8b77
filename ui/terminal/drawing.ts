/** Who holds the terminal: the first paint until Ink is loaded, then Ink. Exactly one at a time. */
import type { Size } from '../state.js'
import type { Suspend } from './stops.js'

export interface Drawing {
  /** Gives the terminal back for a while, and takes it again. */
  readonly suspend: Suspend
  /** The whole screen anew. */
  repaint(): void
  /** Restores the screen, the cursor and the line discipline. */
  end(): void
}

export const TAKE_SCREEN = '\u001b[?1049h\u001b[?25l'
export const GIVE_SCREEN_BACK = '\u001b[?1049l\u001b[?25h'

/** A terminal that does not know its size says 0. */
export const sizeOf = ({ columns, rows }: NodeJS.WriteStream): Size => ({ columns: columns || 80, rows: rows || 24 })
