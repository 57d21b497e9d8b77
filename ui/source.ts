/**
 * What the console asks of a peer. A peer in this process implements it, and so does one that is attached to from another
 * process: the console never touches a peer itself, and it opens before there is one.
 * Signals and crashes are the console's while it is open; whoever opened it ends the process afterwards.
 * Invariant: everything here may be hostile text that came from other peers; the console cleans it when it paints.
 */
import type { HoldersView, LogLine, Progress, Snapshot } from '../src/api.js'
import type { Model } from './state.js'

export interface ConsoleSource {
  /** null until the core is loaded: the console paints first. */
  snapshot(): Snapshot | null
  /** `changed` is called as often as anything changes; it only marks the console dirty. */
  subscribe(changed: () => void): () => void
  /**
   * Runs one command line as typed. Words are parted by blanks; double quotes keep blanks, and inside them a backslash
   * keeps the next character (see `quoteWord`). Aborting the signal cancels the command; it still resolves.
   */
  run(line: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome>
  log(): readonly LogLine[]
  /** Who holds how much of the file behind a `p2p:` link; null where nobody can tell. */
  holders(link: string): Promise<HoldersView | null>
  /** What may stand at the end of `line`, the part of a line before the cursor. Asked at every key: no waiting. */
  complete(line: string): Suggestions
  readonly commands: readonly CommandHelp[]
  /** The peer runs in another process, and leaving the console leaves it there. */
  readonly attached?: Attached
  /** Graceful: hands over, at most 10 s. Abrupt: at once. */
  quit(abrupt: boolean): Promise<void>
}

export interface Suggestions {
  /** Where in the line the word begins that they replace. */
  readonly from: number
  /** Best first, at most MAX_SUGGESTIONS. */
  readonly candidates: readonly Suggestion[]
  /** Which of the command's arguments is being typed, from 0; -1 for an option, its value, or the command itself. */
  readonly argument: number
}

export interface Suggestion {
  /** As it is, without quotes. With a slash or an equals sign at its end, the word goes on. */
  readonly value: string
  /** What it stands for, where its name does not say so. */
  readonly note?: string
}

export const MAX_SUGGESTIONS = 64

export interface Attached {
  readonly name: string
  /** What to type in a shell to stop the peer. */
  readonly stop: string
}

export interface CommandEvents {
  progress(progress: Progress): void
  message(text: string, level: MessageLevel): void
}

export type MessageLevel = 'info' | 'good' | 'bad'

export interface CommandOutcome {
  /** As the shell's exit code: 0 is success. */
  readonly exit: number
  readonly message: string
  /** A result that needs room: opens over the panes. */
  readonly long?: LongAnswer
}

export interface LongAnswer {
  readonly title: string
  readonly lines: readonly string[]
  /** What a key copies: a ticket. */
  readonly copy?: string
  /** Lines of half blocks, light on dark, all of one width; they stand below the text where they fit whole. */
  readonly picture?: readonly string[]
}

export interface CommandHelp {
  readonly name: string
  /** `<voter> <choice> [--poll p]` */
  readonly args: string
  readonly summary: string
  /** Keys that start it, one character each: `va`. */
  readonly key?: string
  readonly example?: string
  /** Under which heading the help lists it. */
  readonly group?: string
}

/** Command lines of earlier runs. */
export interface HistoryFile {
  readonly lines: readonly string[]
  /** Why there is less than there should be; '' where all is well. */
  readonly warning: string
  /** Answers why the line could not be kept; '' where it is. */
  append(line: string): string
}

export interface ConsoleOptions {
  readonly stdin?: NodeJS.ReadStream
  readonly stdout?: NodeJS.WriteStream
  readonly stderr?: NodeJS.WritableStream
  readonly env?: NodeJS.ProcessEnv
  readonly history?: HistoryFile
  /**
   * Aborted where the peer ended without the console's doing: the console closes. The reason is printed and the exit code is
   * 1; with the reason '', or while the console is leaving anyway, it was a polite end: 0.
   */
  readonly stopped?: AbortSignal
  /** Handed what the full-screen console paints: by it a test knows how the screen must look. */
  readonly opened?: (painted: Painted) => void
}

export interface Painted {
  readonly model: () => Model
  readonly subscribe: (listener: () => void) => () => void
}
