/** What a key leads to, and what it may look at to decide. */
import type { Snapshot } from '../../src/api.js'
import type { CommandHelp, MessageLevel } from '../source.js'
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
  complete(line: string): readonly string[]
  /** The things listed in a pane, top to bottom, with its filter applied. */
  keysOf(pane: PaneId): readonly string[]
  /** Lines that PgUp and PgDn jump. */
  readonly pageLines: number
  /** How far the open overlay can scroll. */
  readonly overlayScroll: number
  readonly now: number
}

export const step = (ui: UiState, ...effects: readonly Effect[]): Step => ({ ui, effects })

export function say(ui: UiState, text: string, level: MessageLevel, now: number): UiState {
  const message: Message = { text, level, progress: null, at: now, from: 'command' }
  return { ...ui, message }
}
