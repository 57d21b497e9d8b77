/**
 * The console's view of a peer in this very process. The console opens before the peer is there: until `attach`,
 * there is no snapshot, and commands wait.
 */
import type { CommandEvents, CommandHelp, CommandOutcome, ConsoleSource } from '../../ui/source.js'
import type { LogLine, Snapshot } from '../api.js'
import { completions } from './completion.js'
import { type CommandHost, EXIT } from './outcome.js'
import { parseWords, splitLine } from './parse.js'
import { runCommand } from './run.js'
import { COMMANDS } from './spec.js'
import { VERSION } from './version.js'

export class LocalSource implements ConsoleSource {
  readonly commands: readonly CommandHelp[] = COMMANDS.map((spec) => ({
    name: spec.name,
    args: [
      ...spec.args.map((arg) => (arg.required ? `<${arg.name}>` : `[${arg.name}]`)),
      ...spec.options.map((option) => `[${option.flags.replace(/^-\w, /, '')}]`),
    ].join(' '),
    summary: spec.summary,
    ...(spec.key === undefined ? {} : { key: spec.key }),
  }))
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
    host.peer.onChange = () => this.#changed()
    this.#changed()
  }

  /** A log line came. */
  touched(): void {
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
    const words = splitLine(line.trim().replace(/^:/, ''))
    if (words === null) return { exit: EXIT.usage, message: 'a quote is still open' }
    const [first = '', ...rest] = words
    const parsed = parseWords([first.toLowerCase(), ...rest], VERSION)
    if (!parsed.ok) return shown(parsed.exit, parsed.text)
    const { invocation } = parsed
    if (invocation.command === null) return { exit: EXIT.usage, message: 'a command, please (? lists them)' }
    const { timeout } = invocation.globals
    const outcome = await runCommand(
      {
        host,
        cwd: this.#cwd,
        signal,
        progress: (progress) => on.progress(progress),
        timeoutMs: timeout === undefined ? undefined : timeout * 1000,
      },
      invocation,
    )
    const lines = outcome.lines ?? []
    return {
      exit: outcome.exit,
      message: outcome.message,
      ...(lines.length > 1 ? { long: { title: line.trim(), lines } } : {}),
    }
  }

  quit(abrupt: boolean): Promise<void> {
    return this.#quit(abrupt)
  }

  #changed(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Help and usage errors of the parser, as the console shows them. */
function shown(exit: number, text: string): CommandOutcome {
  const lines = text.split('\n')
  if (exit === EXIT.done) return { exit, message: lines[0] ?? '', long: { title: 'help', lines } }
  return { exit, message: (lines.find((line) => line.startsWith('error:')) ?? lines[0] ?? '').replace(/^error: /, '') }
}
