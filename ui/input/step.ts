/** What a key leads to, and what it may look at to decide. */
import type { LogLine, Snapshot } from '../../src/api.js'
import type { CommandHelp, MessageLevel, Suggestions } from '../source.js'
import type { Message, PaneId, UiState } from '../state.js'

export type Effect =
  | { readonly do: 'run'; readonly line: string; readonly queued: boolean }
  /** Cancels the command that was started last. */
  | { readonly do: 'abort' }
  | { readonly do: 'quit'; readonly abrupt: boolean }
  | TerminalWish

/** What only the terminal can do. */
export type TerminalWish =
  /** Gives the terminal back and stops the process, until a shell continues it. */
  | { readonly do: 'suspend' }
  | { readonly do: 'repaint' }
  /** Into the clipboard of whoever looks at the terminal. */
  | { readonly do: 'copy'; readonly text: string }

export interface Step {
  readonly ui: UiState
  readonly effects: readonly Effect[]
}

/** What a key may look at. */
export interface Surroundings {
  readonly snapshot: Snapshot | null
  readonly commands: readonly CommandHelp[]
  complete(line: string): Suggestions
  /** The things listed in a pane, top to bottom, with its filter applied. */
  keysOf(pane: PaneId): readonly string[]
  /** Lines that PgUp and PgDn jump. */
  readonly pageLines: number
  /** How far the open overlay can scroll, and how far it is. */
  readonly overlayScroll: number
  readonly overlayTop: number
  /** The newest line of the log. */
  readonly lastLog: LogLine | null
  /** What the open overlay has to copy; null where that is nothing. */
  copied(): Copied | null
  readonly now: number
}

export interface Copied {
  readonly text: string
  /** `the ticket`, `120 lines` */
  readonly what: string
}

export const step = (ui: UiState, ...effects: readonly Effect[]): Step => ({ ui, effects })

export function say(ui: UiState, text: string, level: MessageLevel, now: number): UiState {
  const message: Message = { text, level, progress: null, at: now, from: 'command' }
  return { ...ui, message }
}
