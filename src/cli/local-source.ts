/**
 * The console's view of a peer in this very process. The console opens before the peer is there: until `attach`,
 * there is no snapshot, and commands wait.
 */
import type { CommandEvents, CommandOutcome, ConsoleSource, Suggestions } from '../../ui/source.js'
import type { HoldersView, LogLine, Snapshot } from '../api.js'
import { completions, knownFrom, strongest } from './completion.js'
import { type CommandHost, EXIT } from './outcome.js'
import { runCommand } from './run.js'
import { consoleCommands, outcomeOf, readTyped } from './typed.js'

export class LocalSource implements ConsoleSource {
  readonly commands = consoleCommands()
  #host: CommandHost | null = null
  readonly #cwd = process.cwd()
  /** The last picture that was cut: one for every key that is typed would cost too much. */
  #snapshot: Snapshot | null = null
  readonly #listeners = new Set<() => void>()
  readonly #quit: (abrupt: boolean) => Promise<void>

  constructor(quit: (abrupt: boolean) => Promise<void>) {
    this.#quit = quit
  }

  /** The peer is up: snapshots and commands work from now on. */
  attach(host: CommandHost): void {
    this.#host = host
    host.watch(() => this.#changed())
    this.#changed()
  }

  snapshot(): Snapshot | null {
    // a closed peer may not be asked any more: what it showed last stays
    if (this.#host?.isOpen() === true) this.#snapshot = this.#host.peer.snapshot()
    return this.#snapshot
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  log(): readonly LogLine[] {
    return this.#host?.log() ?? []
  }

  holders(link: string): Promise<HoldersView | null> {
    const host = this.#host
    if (host?.isOpen() !== true) return Promise.resolve(null)
    return new Promise((resolve) => host.peer.holders(link, (result) => resolve(result.ok ? result.value : null)))
  }

  complete(line: string): Suggestions {
    const peer = this.#host?.isOpen() === true ? this.#host.peer : null
    const known = knownFrom(this.#snapshot, this.#cwd)
    if (peer === null) return completions(line, known)
    return completions(line, {
      ...known,
      polls: () => peer.polls(),
      choices: (poll) => strongest(peer.tally(poll).choices),
    })
  }

  async run(line: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome> {
    const typed = readTyped(line)
    if ('exit' in typed) return typed
    const host = await this.#started(on, signal)
    if (host === null) return { exit: EXIT.failed, message: 'cancelled' }
    if (!host.isOpen()) return { exit: EXIT.failed, message: 'the peer has left the network' }
    const { timeout } = typed.invocation.globals
    const outcome = await runCommand(
      {
        host,
        cwd: this.#cwd,
        columns: 0,
        pictures: false,
        signal,
        progress: (progress) => on.progress(progress),
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      },
      typed.invocation,
    )
    const { exit, message, lines = [], json } = outcome
    return outcomeOf(line, { exit, message, lines, json: typed.invocation.globals.json ? json : undefined })
  }

  /** What is typed before the peer is there waits for it; null where it was cancelled meanwhile. */
  async #started(on: CommandEvents, signal: AbortSignal): Promise<CommandHost | null> {
    if (this.#host !== null) return this.#host
    on.progress({ text: 'waits for the peer to start', done: 0, total: 0, unit: '' })
    return new Promise((resolve) => {
      const settle = (): void => {
        if (this.#host === null && !signal.aborted) return
        this.#listeners.delete(settle)
        signal.removeEventListener('abort', settle)
        resolve(signal.aborted ? null : this.#host)
      }
      this.#listeners.add(settle)
      signal.addEventListener('abort', settle)
      settle()
    })
  }

  quit(abrupt: boolean): Promise<void> {
    return this.#quit(abrupt)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
