/**
 * The console's view of a peer in this very process. The console opens before the peer is there: until `attach`,
 * there is no snapshot, and commands wait.
 */
import type { CommandEvents, CommandOutcome, ConsoleSource } from '../../ui/source.js'
import type { LogLine, Snapshot } from '../api.js'
import { completions } from './completion.js'
import { type CommandHost, EXIT } from './outcome.js'
import { runCommand } from './run.js'
import { consoleCommands, outcomeOf, readTyped } from './typed.js'

export class LocalSource implements ConsoleSource {
  readonly commands = consoleCommands()
  #host: CommandHost | null = null
  #cwd = process.cwd()
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
    return this.#host?.peer.snapshot() ?? null
  }

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  log(): readonly LogLine[] {
    return this.#host?.log() ?? []
  }

  complete(line: string): readonly string[] {
    return completions(line, this.#host?.peer ?? null)
  }

  async run(line: string, on: CommandEvents, signal: AbortSignal): Promise<CommandOutcome> {
    const host = this.#host
    if (host === null) return { exit: EXIT.failed, message: 'still starting: try again in a moment' }
    const typed = readTyped(line)
    if ('exit' in typed) return typed
    const { timeout } = typed.invocation.globals
    const outcome = await runCommand(
      {
        host,
        cwd: this.#cwd,
        columns: 0,
        signal,
        progress: (progress) => on.progress(progress),
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      },
      typed.invocation,
    )
    return outcomeOf(line, outcome.exit, outcome.message, outcome.lines ?? [])
  }

  quit(abrupt: boolean): Promise<void> {
    return this.#quit(abrupt)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}
