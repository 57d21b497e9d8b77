/**
 * Everything the console remembers that is not the network's: focus, cursor, filter, prompt, form, message. A value: keys
 * make a new one (see input/press.ts), so every behaviour can be tested without a terminal.
 */
import type { HoldersView, LogLine, Progress, Snapshot } from '../src/api.js'
import type { LogLevel } from '../src/env.js'
import type { Charts } from './charts/charts.js'
import type { Form } from './input/forms.js'
import type { Look } from './look.js'
import type { Needs } from './needs.js'
import type { Pace } from './pace.js'
import type { Completion, Suggested } from './prompt/completion.js'
import { type Editor, EMPTY } from './prompt/editor.js'
import { type History, historyOf } from './prompt/history.js'
import type { Search } from './prompt/search.js'
import type { RateSample } from './rates.js'
import type { Attached, CommandHelp, LongAnswer, MessageLevel } from './source.js'

export const PANES = ['peers', 'chain', 'ring', 'files'] as const
/** Of the detail of the shared folder, which is no file: theirs begin with `f:` or `t:`. */
export const FOLDER_KEY = 'folder'
export type PaneId = (typeof PANES)[number]

/** Where the cursor of a pane stands: on a thing rather than a line, since lists move. */
export interface Cursor {
  readonly key: string | null
  /** Where it stood last: used when the thing is gone. */
  readonly index: number
}

export interface Message {
  readonly text: string
  readonly level: MessageLevel | 'busy'
  readonly progress: Progress | null
  /** Milliseconds since the epoch. */
  readonly at: number
  /** A log line gives way to anything; the answer to a command does not give way to chatter. */
  readonly from: 'command' | 'log'
  /** Of a running command. */
  readonly pace?: Pace
}

/** `filter`: only lines with this in them. */
export type Overlay = { readonly scroll: number; readonly filter?: string } & (
  | { readonly kind: 'help' }
  | LogOverlay
  | { readonly kind: 'detail'; readonly pane: PaneId; readonly key: string }
  | (LongAnswer & { readonly kind: 'text' })
)

/** What a person wants to see of the log at first. */
export const USUAL_LEVEL: LogLevel = 'info'

export interface LogOverlay {
  readonly kind: 'log'
  /** The least that is shown. */
  readonly level: LogLevel
  /**
   * `scroll` counts upwards from the end of this line, so that the place is kept while new ones come in; null follows the
   * newest.
   */
  readonly end: LogLine | null
}

/** Who gets the text that is typed. */
export type Mode = 'panes' | 'prompt' | 'search' | 'filter' | 'form'

export interface UiState {
  readonly mode: Mode
  readonly focus: PaneId
  readonly zoom: boolean
  readonly cursors: Readonly<Record<PaneId, Cursor>>
  readonly filters: Readonly<Record<PaneId, string>>
  readonly prompt: Editor
  readonly completion: Completion | null
  /** What may stand where the cursor is, in the prompt or in a form. */
  readonly suggested: Suggested | null
  readonly history: History
  /** Edited in the mode 'search', over the prompt. */
  readonly search: Search | null
  /** Edited in the mode 'filter'; `filters` follows it. */
  readonly filter: Editor
  readonly form: Form | null
  readonly overlay: Overlay | null
  readonly message: Message | null
  /** Commands that are still running. */
  readonly jobs: number
  readonly leaving: boolean
}

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** All that a frame is made from. */
export interface Model {
  readonly ui: UiState
  readonly snapshot: Snapshot | null
  readonly commands: readonly CommandHelp[]
  readonly attached?: Attached
  readonly rates: readonly RateSample[]
  /** What each area has to show, for the layout. */
  readonly needs: Needs
  /** Newest last; only what the screen can show. */
  readonly log: readonly LogLine[]
  readonly charts: ChartsState
  /** Of the file whose detail is open; absent until it is known. */
  readonly holders?: HoldersView
  readonly size: Size
  readonly look: Look
  /** Milliseconds since the epoch, at which the frame is true. */
  readonly now: number
}

/** Pictures by blessed-contrib are loaded after the first paint, and the console works without them. */
export type ChartsState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly charts: Charts }
  | { readonly kind: 'missing'; readonly reason: string }

const START: Cursor = { key: null, index: 0 }

export function initialState(history: readonly string[]): UiState {
  return {
    mode: 'panes',
    focus: 'peers',
    zoom: false,
    cursors: { peers: START, chain: START, ring: START, files: START },
    filters: { peers: '', chain: '', ring: '', files: '' },
    prompt: EMPTY,
    completion: null,
    suggested: null,
    history: historyOf(history),
    search: null,
    filter: EMPTY,
    form: null,
    overlay: null,
    message: null,
    jobs: 0,
    leaving: false,
  }
}
