/** Who holds the file whose detail is open: asked for again and again while it is, so that one sees the copies grow. */
import type { FileView, HoldersView } from '../src/api.js'
import type { ConsoleSource } from './source.js'
import { linkOf } from './text/link.js'

/** From an answer to the next question. */
const AGAIN_MS = 1000

export class HoldersWatch {
  readonly #source: Pick<ConsoleSource, 'holders'>
  readonly #known: (holders: HoldersView) => void
  #file: FileView | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(source: Pick<ConsoleSource, 'holders'>, known: (holders: HoldersView) => void) {
    this.#source = source
    this.#known = known
  }

  /** This file is open now; null: none is. */
  look(file: FileView | null): void {
    if (file?.id === this.#file?.id) return
    this.#file = file
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (file !== null) void this.#ask(file)
  }

  async #ask(file: FileView): Promise<void> {
    const holders = await this.#source.holders(linkOf(file))
    if (this.#file?.id !== file.id) return
    // after the next turn: it may look again
    this.#timer = setTimeout(() => void this.#ask(file), AGAIN_MS)
    if (holders !== null) this.#known(holders)
  }
}
