/**
 * What a pane lists: things with a name that stays (`key`), the text a filter looks at, and their lines.
 */
import type { Look } from '../look.js'
import type { Model, PaneId } from '../state.js'
import { type Line, plainText } from '../text/line.js'
import { chainContent } from './chain.js'
import { filesContent } from './files.js'
import { peersContent } from './peers.js'
import { ringContent } from './ring.js'

export interface Row {
  readonly key: string
  readonly lines: readonly Line[]
}

export interface Content {
  /** Names the columns, where they are many and there is room for it. */
  readonly head?: Line
  readonly rows: readonly Row[]
  /** Stays at the bottom of the pane, the most important line first: the others go where there is no room. */
  readonly footer: readonly Line[]
  /** How to fill an empty pane. */
  readonly empty: string
}

const CONTENTS: Readonly<Record<PaneId, (model: Model, width: number) => Content>> = {
  peers: peersContent,
  chain: chainContent,
  ring: ringContent,
  files: filesContent,
}

/** A pane's list at that width, its filter applied. */
export function contentOf(pane: PaneId, model: Model, width: number): Content {
  const content = CONTENTS[pane](model, width)
  const filter = model.ui.filters[pane].toLowerCase()
  if (filter === '') return content
  const rows = content.rows.filter((row) => searchText(row, model.look).includes(filter))
  return { ...content, rows, empty: `nothing here fits "${model.ui.filters[pane]}" (Esc ends the filter)` }
}

const searchText = (row: Row, look: Look): string =>
  row.lines
    .map((line) => plainText(line, look))
    .join(' ')
    .toLowerCase()
